//! A wake coalesces, and is never lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use crate::core::{Clock, State, Supervision};

use super::probe::{Plan, block, number, tell};
use super::stage::{PATIENCE, play, play_with, until};

#[test]
fn many_wakes_are_one_look_and_take_no_place() {
    play(|stage| async move {
        let looks = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&looks);
        let plan = Plan::new().woken(move |_, _| {
            counted.fetch_add(1, SeqCst);
        });
        let probe = stage.start("probe", &plan);
        assert_eq!(number(&probe).await, Ok(1));
        let gate = block(&probe);
        (0..1000).for_each(|_| probe.wake());
        assert_eq!(stage.report("probe").mailbox.depth, 0);
        drop(gate);
        assert_eq!(number(&probe).await, Ok(1));
        assert_eq!(looks.load(SeqCst), 1);
        probe.wake();
        until("it looks again", || looks.load(SeqCst) == 2).await;
    });
}

#[test]
fn a_wake_during_a_backoff_stays() {
    let clock = Clock::manual(0);
    let settings = Supervision { threads: 1, stuck_after: Duration::from_secs(3600) };
    play_with(settings, clock.clone(), |stage| async move {
        let looks = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&looks);
        let plan = Plan::new().woken(move |_, _| {
            counted.fetch_add(1, SeqCst);
        });
        let second = Duration::from_secs(1);
        let backoff = crate::core::Backoff { base: second, max: second, jitter: 0.0 };
        let probe = stage.supervisor.start(plan.spec("probe").backoff(backoff, second)).unwrap();
        tell(&probe, |_, _| panic!("once"));
        stage.until_state("probe", State::Backoff).await;
        (0..10).for_each(|_| probe.wake());
        clock.advance(second);
        assert_eq!(number(&probe).await, Ok(2));
        assert_eq!(looks.load(SeqCst), 1);
    });
}

/// The work done so far is caught up with whatever happens to the actor: each wake follows a piece of work, as it follows a
/// committed row in earnest, and both `started` and `woken` look at all there is.
#[test]
fn none_is_lost_whatever_happens_to_the_actor() {
    const WAKERS: u64 = 3;
    play(|stage| async move {
        let (work, seen) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let look = {
            let (work, seen) = (Arc::clone(&work), Arc::clone(&seen));
            move || {
                seen.fetch_max(work.load(SeqCst), SeqCst);
            }
        };
        let crash = AtomicU32::new(0);
        let at_start = look.clone();
        let plan = Plan::new().started(move |_, _| at_start()).woken(move |_, _| {
            look();
            assert!(!crash.fetch_add(1, SeqCst).is_multiple_of(17), "now and then");
        });
        let probe = stage.start("probe", &plan);
        let over = Arc::new(AtomicBool::new(false));
        let wakers: Vec<_> = (0..WAKERS)
            .map(|_| {
                let (probe, work, over) = (probe.clone(), Arc::clone(&work), Arc::clone(&over));
                std::thread::spawn(move || {
                    while !over.load(SeqCst) {
                        work.fetch_add(1, SeqCst);
                        probe.wake();
                        for _ in 0..50 {
                            std::hint::spin_loop();
                        }
                    }
                })
            })
            .collect();
        for _ in 0..300 {
            stage.supervisor.stop(probe.id(), PATIENCE).await.unwrap();
            stage.supervisor.start_again(probe.id(), PATIENCE).await.unwrap();
            stage.supervisor.restart(probe.id(), PATIENCE).await.unwrap();
        }
        over.store(true, SeqCst);
        wakers.into_iter().for_each(|waker| waker.join().unwrap());
        until("all work is seen without another wake", || seen.load(SeqCst) == work.load(SeqCst)).await;
    });
}

/// One wake at a time, each raced against one stop and start: here a lost one stays lost.
#[test]
fn a_single_wake_is_not_lost_between_stop_and_start() {
    play(|stage| async move {
        let (work, seen) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let look = {
            let (work, seen) = (Arc::clone(&work), Arc::clone(&seen));
            move || {
                seen.fetch_max(work.load(SeqCst), SeqCst);
            }
        };
        let at_start = look.clone();
        let plan = Plan::new().started(move |_, _| at_start()).woken(move |_, _| look());
        let probe = stage.start("probe", &plan);
        for round in 0..1000 {
            let racers: Vec<_> = (0..2)
                .map(|_| {
                    let (probe, work) = (probe.clone(), Arc::clone(&work));
                    std::thread::spawn(move || {
                        work.fetch_add(1, SeqCst);
                        probe.wake();
                    })
                })
                .collect();
            match round % 2 {
                0 => {
                    stage.supervisor.stop(probe.id(), PATIENCE).await.unwrap();
                    stage.supervisor.start_again(probe.id(), PATIENCE).await.unwrap();
                }
                _ => {
                    stage.supervisor.restart(probe.id(), PATIENCE).await.unwrap();
                }
            }
            racers.into_iter().for_each(|racer| racer.join().unwrap());
            until("this round's work is seen", || seen.load(SeqCst) == work.load(SeqCst)).await;
        }
    });
}
