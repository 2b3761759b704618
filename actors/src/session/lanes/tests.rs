use super::*;

fn now(entered: Entered) -> LanePass {
    match entered {
        Entered::Now(pass) => pass,
        Entered::Later(_) => panic!("there is room"),
    }
}

fn later(entered: Entered) -> oneshot::Receiver<LanePass> {
    match entered {
        Entered::Later(pass) => pass,
        Entered::Now(_) => panic!("there is no room"),
    }
}

#[test]
fn a_session_key_tells_its_lane() {
    let cases = [
        ("agent:main:main", Lane::Main),
        ("agent:main:subagent:1", Lane::Subagent),
        ("agent:a:cron:nightly", Lane::Cron),
        ("agent:cron:main", Lane::Main),
        ("agent:main:socket-chat:dm:cron:x", Lane::Main),
        ("global", Lane::Main),
    ];
    for (key, lane) in cases {
        assert_eq!(Lane::of(&SessionKey::new(key)), lane, "{key}");
    }
}

#[test]
fn turns_beyond_the_limit_run_in_the_order_they_came() {
    let lanes = Lanes::default();
    let first = now(lanes.enter(Lane::Cron, 1));
    let (mut second, mut third) = (later(lanes.enter(Lane::Cron, 1)), later(lanes.enter(Lane::Cron, 1)));
    let _other = now(lanes.enter(Lane::Main, 1));
    assert_eq!(lanes.stand(Lane::Cron), LaneStand { running: 1, waiting: 2 });
    drop(first);
    let second = second.try_recv().expect("it is its turn");
    assert!(third.try_recv().is_err());
    drop(second);
    drop(third.try_recv().expect("it is its turn"));
    assert_eq!(lanes.stand(Lane::Cron), LaneStand::default());
}

#[test]
fn one_that_does_not_wait_any_more_is_passed_over_and_a_pass_on_its_way_comes_back() {
    let lanes = Lanes::default();
    let first = now(lanes.enter(Lane::Main, 1));
    let gone = later(lanes.enter(Lane::Main, 1));
    let mut last = later(lanes.enter(Lane::Main, 1));
    drop(gone);
    drop(first);
    drop(last.try_recv().expect("it is its turn"));

    let first = now(lanes.enter(Lane::Main, 1));
    let told_and_gone = later(lanes.enter(Lane::Main, 1));
    drop(first);
    drop(told_and_gone);
    assert_eq!(lanes.stand(Lane::Main), LaneStand::default());
}

#[test]
fn a_raised_limit_holds_for_those_who_wait_already() {
    let lanes = Lanes::default();
    let _first = now(lanes.enter(Lane::Main, 1));
    let mut second = later(lanes.enter(Lane::Main, 1));
    let mut third = later(lanes.enter(Lane::Main, 3));
    assert!(second.try_recv().is_ok() && third.try_recv().is_ok());
}
