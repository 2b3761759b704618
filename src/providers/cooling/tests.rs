use super::*;

fn failure(asked: Option<u64>) -> ProviderError {
    let retry_after = asked.map(Duration::from_secs);
    ProviderError { code: Code::ProviderBusy, message: "busy".into(), retry_after }
}

fn place(what: &str, secret: &str) -> PlaceId {
    PlaceId::new(what, [secret.into()])
}

fn cooling(count: usize) -> (Cooling, Clock) {
    let clock = Clock::manual(0);
    (Cooling::new((0..count).map(|place| PlaceId::new(&place.to_string(), [])).collect(), &clock), clock)
}

#[test]
fn a_place_rests_longer_with_each_failure_and_is_forgiven_when_it_answers() {
    let (cooling, clock) = cooling(1);
    let rests = [30, 60, 120, 240, 480, 600, 600];
    for seconds in rests {
        cooling.failed(0, &failure(None));
        assert_eq!(cooling.rest(0), Some(Duration::from_secs(seconds)));
        clock.advance(Duration::from_secs(seconds));
        assert_eq!(cooling.rest(0), None);
    }
    cooling.answered(0);
    cooling.failed(0, &failure(None));
    assert_eq!(cooling.rest(0), Some(Duration::from_secs(30)));
}

#[test]
fn a_place_rests_as_long_as_the_backend_asks_within_reason() {
    for (asked, rest) in [(5, 30), (90, 90), (1_000_000, 3_600)] {
        let (cooling, _) = cooling(1);
        cooling.failed(0, &failure(Some(asked)));
        assert_eq!(cooling.rest(0), Some(Duration::from_secs(rest)), "{asked}");
    }
}

#[test]
fn those_that_rest_are_left_out_unless_all_do() {
    let (cooling, _) = cooling(3);
    cooling.failed(1, &failure(None));
    assert_eq!(cooling.awake(vec![2, 1, 0]), [2, 0]);
    cooling.failed(0, &failure(None));
    cooling.failed(2, &failure(None));
    assert_eq!(cooling.awake(vec![2, 1, 0]), [2, 1, 0]);
    assert_eq!(cooling.rest(7), None, "a place that is not there never rests");
}

#[test]
fn what_is_still_the_same_rests_on_in_the_next_list() {
    let clock = Clock::manual(0);
    let before = Cooling::new(vec![place("a", "one"), place("a", "two"), place("b", "one")], &clock);
    before.failed(0, &failure(None));
    before.failed(0, &failure(None));
    before.failed(1, &failure(None));
    clock.advance(Duration::from_secs(10));
    let after = Cooling::new(vec![place("b", "one"), place("a", "three"), place("a", "one"), PlaceId::new("a", [])], &clock);
    after.inherit(&before);
    let rest = Rest { left_ms: 50_000, failures: 2, code: Code::ProviderBusy };
    assert_eq!((0..4).map(|place| after.standing(place)).collect::<Vec<_>>(), [None, None, Some(rest), None]);
    assert_eq!(after.standing(9), None);
}
