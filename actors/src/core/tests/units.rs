//! The small parts.

use std::time::Duration;

use crate::core::gauge::{Gauge, Refused};
use crate::core::{ActorId, ActorKind, ActorSpec, Behaviour, Clock, Progress, Scope, State, Supervision, Supervisor, Vitals};

use super::stage::until;

#[test]
fn vitals_stay_small() {
    assert!(size_of::<Vitals>() <= 256, "{}", size_of::<Vitals>());
}

#[test]
fn a_gauge_counts_for_one_mailbox_only() {
    let gauge = Gauge::default();
    gauge.begin(1);
    assert_eq!((gauge.take(1, 2), gauge.take(1, 2), gauge.take(1, 2)), (Ok(1), Ok(2), Err(Refused::Full)));
    assert!(gauge.give(1));
    assert_eq!(gauge.count(), 1);
    assert_eq!(gauge.take(2, 2), Ok(1), "the next mailbox begins at zero, also when its first message is faster");
    gauge.begin(2);
    assert_eq!(gauge.count(), 1);
    assert!(!gauge.give(1), "what is left of the old one gives nothing back");
    assert_eq!((gauge.take(1, 2), gauge.count()), (Err(Refused::Moved), 1));
    assert!(gauge.give(2) && !gauge.give(2));
}

#[test]
fn a_manual_clock_wakes_in_order_and_never_overflows() {
    actix::System::new().block_on(async {
        let clock = Clock::manual(1_000);
        let (first, second) = (clock.sleep(Duration::from_secs(1)), clock.sleep(Duration::from_secs(2)));
        let endless = clock.sleep(Duration::MAX);
        assert_eq!(clock.waiters(), 3);
        clock.advance(Duration::from_secs(1));
        first.await;
        assert_eq!((clock.now_ms(), clock.elapsed(), clock.waiters()), (2_000, Duration::from_secs(1), 2));
        assert_eq!(clock.within(Duration::ZERO, async { 7 }).await, Some(7));
        let late = clock.within(Duration::from_secs(1), std::future::pending::<()>());
        let (late, ()) = tokio::join!(late, async { clock.advance(Duration::from_secs(1)) });
        assert_eq!(late, None);
        second.await;
        drop(endless);
        clock.advance(Duration::MAX);
        assert_eq!(clock.waiters(), 0);
        Progress::unwatched(&clock).stamp();
    });
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

struct Idle;

impl Behaviour for Idle {
    type Message = u64;

    fn receive(&mut self, _: u64, _: &mut Scope<'_, Self>) {}
}

/// Measures what an idle actor costs beside its own value; run alone by
/// `cargo test -p callboard-actors --lib idle_actor -- --ignored --nocapture`.
#[test]
#[ignore = "measures the process's memory, so it has to run alone"]
fn an_idle_actor_takes_little() {
    const ACTORS: usize = 10_000;
    const BYTES_MAX: usize = 2 * 1024 + 256;
    actix::System::new().block_on(async {
        let supervisor = Supervisor::new(Supervision::default(), Clock::system());
        let start = |n: usize| {
            let id = ActorId::new(format!("session:agent:main:{n}"));
            supervisor.start(ActorSpec::new(id, ActorKind::Session, || Ok(Idle))).unwrap()
        };
        // In small groups, as they come in earnest: what a start needs for a moment is not to be counted ten thousand times.
        let mut actors = Vec::with_capacity(2 * ACTORS);
        let mut before = 0;
        for group in 0..(ACTORS + 500) / 50 {
            if group == 10 {
                before = resident_kib();
            }
            let begun: Vec<_> = (0..50).map(|n| start(50 * group + n)).collect();
            until("all of the group run", || begun.iter().all(|actor| actor.vitals().state() == State::Running)).await;
            actors.extend(begun);
        }
        let bytes = (resident_kib() - before) * 1024 / ACTORS;
        println!("{bytes} bytes an idle actor");
        assert!(bytes <= BYTES_MAX, "{bytes}");
        supervisor.shut_down();
    });
}
