//! A crash loop ends: growing waits, then `failed`, said once.

use std::time::Duration;

use crate::core::{ActorId, Backoff, BuildError, CallError, Clock, Exit, Intensity, State, Supervision, TellError, What};

use super::probe::{Plan, act, number, question, quick, tell};
use super::stage::{PATIENCE, logged, play, play_with, until};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn gives_up_once_and_comes_back_by_hand() {
    play(|stage| async move {
        let id = "probe:gives-up";
        let intensity = Intensity { restarts_max: 3, window: 60 * SECOND };
        let probe = stage.supervisor.start(Plan::new().spec(id).intensity(intensity)).unwrap();
        for incarnation in 1..=3 {
            assert_eq!(number(&probe).await, Ok(incarnation));
            tell(&probe, |_, _| panic!("again"));
        }
        assert_eq!(number(&probe).await, Ok(4));
        let (open, gate) = std::sync::mpsc::channel::<()>();
        tell(&probe, move |_, _| {
            // Until the question stands behind it.
            let _ = gate.recv();
            panic!("once too often")
        });
        let behind = question(&probe);
        drop(open);
        stage.until_state(id, State::Failed).await;
        assert!(behind.await.is_err(), "what waited hears of it");
        assert_eq!(probe.tell(act(|_, _| {})), Err(TellError::Failed));
        assert_eq!(number(&probe).await, Err(CallError::Tell(TellError::Failed)));
        until("it is said", || stage.count(id, What::GaveUp) == 1).await;
        let detail = stage.details(id, What::GaveUp).remove(0);
        assert!(detail.contains("more than 3 failures within 60 s") && detail.contains("once too often"), "{detail}");
        let report = stage.report(id);
        assert_eq!((report.restarts, report.last_exit), (3, Some(Exit::Panicked)));
        assert_eq!(logged(tracing::Level::ERROR, "actor.gave_up", id), 1);
        let change = stage.supervisor.restart(probe.id(), PATIENCE).await.unwrap();
        assert_eq!((change.old.state, change.new.state), (State::Failed, State::Running));
        assert_eq!(number(&probe).await, Ok(5));
        // A hand forgives: it takes as many failures again.
        tell(&probe, |_, _| panic!("first again"));
        assert_eq!(number(&probe).await, Ok(6));
        assert_eq!(stage.count(id, What::GaveUp), 1);
    });
}

#[test]
fn failures_older_than_the_window_do_not_count() {
    let clock = Clock::manual(0);
    play_with(Supervision { threads: 1, stuck_after: 3600 * SECOND }, clock.clone(), |stage| async move {
        let intensity = Intensity { restarts_max: 1, window: 60 * SECOND };
        let probe = stage.supervisor.start(Plan::new().spec("probe").intensity(intensity)).unwrap();
        for incarnation in 1..=5 {
            assert_eq!(number(&probe).await, Ok(incarnation));
            tell(&probe, |_, _| panic!("rarely"));
            assert_eq!(number(&probe).await, Ok(incarnation + 1));
            clock.advance(61 * SECOND);
        }
    });
}

/// Waits for the back-off, then finds out how long it is: one millisecond less is not enough.
async fn sit_out(clock: &Clock, wait: Duration, running: impl Fn() -> bool) {
    until("it waits", || clock.waiters() == 1).await;
    clock.advance(wait - Duration::from_millis(1));
    assert_eq!(clock.waiters(), 1, "waits for {wait:?}");
    clock.advance(Duration::from_millis(1));
    until("it runs again", running).await;
}

#[test]
fn waits_grow_and_begin_anew_after_a_stable_run() {
    let clock = Clock::manual(0);
    play_with(Supervision { threads: 1, stuck_after: 3600 * SECOND }, clock.clone(), |stage| async move {
        let backoff = Backoff { base: SECOND, max: 5 * SECOND, jitter: 0.0 };
        let probe = stage.supervisor.start(Plan::new().spec("probe").backoff(backoff, 30 * SECOND)).unwrap();
        stage.until_state("probe", State::Running).await;
        for (ran, wait) in [(0, 1), (0, 2), (29, 4), (0, 5), (0, 5), (30, 1), (0, 2)] {
            clock.advance(ran * SECOND);
            let restarts = stage.report("probe").restarts;
            tell(&probe, |_, _| panic!("again"));
            stage.until_state("probe", State::Backoff).await;
            sit_out(&clock, wait * SECOND, || {
                let report = stage.report("probe");
                report.state == State::Running && report.restarts == restarts + 1
            })
            .await;
        }
    });
}

#[test]
fn waits_are_spread() {
    let backoff = Backoff { base: SECOND, max: 8 * SECOND, jitter: 0.5 };
    for (failures, grown) in [(1, 1), (2, 2), (4, 8), (5, 8), (u32::MAX, 8)] {
        let waits: Vec<_> = (0..200).map(|_| backoff.wait(failures)).collect();
        let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
        assert!(*least >= grown * SECOND / 2 && *most <= grown * SECOND * 3 / 2, "{failures}: {least:?} to {most:?}");
        assert!(*most - *least > grown * SECOND / 4, "{failures}: {least:?} to {most:?}");
    }
    let endless = Backoff { base: Duration::MAX, max: Duration::MAX, jitter: 1.0 };
    assert!(endless.wait(7) > Duration::ZERO, "no overflow");
}

#[test]
fn an_actor_that_stops_in_started_does_not_spin() {
    let clock = Clock::manual(0);
    play_with(Supervision { threads: 1, stuck_after: 3600 * SECOND }, clock.clone(), |stage| async move {
        let plan = Plan::new().started(|_, scope| scope.stop());
        let backoff = Backoff { base: SECOND, max: SECOND, jitter: 0.0 };
        let intensity = Intensity { restarts_max: 2, window: 60 * SECOND };
        stage.supervisor.start(plan.spec("probe").backoff(backoff, 30 * SECOND).intensity(intensity)).unwrap();
        for built in 1..=2 {
            until("it waits", || clock.waiters() == 1).await;
            assert_eq!(plan.built.load(std::sync::atomic::Ordering::SeqCst), built);
            clock.advance(SECOND);
        }
        stage.until_state("probe", State::Failed).await;
        assert_eq!(plan.built.load(std::sync::atomic::Ordering::SeqCst), 3);
        assert_eq!(stage.report("probe").last_exit, Some(Exit::Stopped));
        assert_eq!(stage.count("probe", What::Panicked), 0);
    });
}

#[test]
fn settings_that_cannot_be_used_block_and_never_loop() {
    play(|stage| async move {
        let plan = Plan::new().build(|number| match number {
            1 | 2 => Err(BuildError::misconfigured("the key `x` is missing: add it")),
            _ => Ok(()),
        });
        let probe = stage.supervisor.start(plan.spec("probe").backoff(quick(), SECOND)).unwrap();
        stage.until_state("probe", State::Blocked).await;
        assert_eq!(probe.tell(act(|_, _| {})), Err(TellError::Blocked));
        let report = stage.report("probe");
        assert_eq!((report.restarts, report.last_exit), (0, Some(Exit::Failed)));
        assert_eq!(report.last_error.as_deref(), Some("the key `x` is missing: add it"));
        let id = ActorId::new("probe");
        let change = stage.supervisor.start_again(&id, PATIENCE).await.unwrap();
        assert_eq!((change.new.state, plan.built.load(std::sync::atomic::Ordering::SeqCst)), (State::Blocked, 2));
        let change = stage.supervisor.start_again(&id, PATIENCE).await.unwrap();
        assert_eq!(change.new.state, State::Running);
        assert_eq!(number(&probe).await, Ok(3));
        until("all is told", || stage.told("probe") == [What::Blocked, What::Blocked, What::Started]).await;
    });
}
