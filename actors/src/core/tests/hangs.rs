//! A child task that shows no progress is cut.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use uuid::Uuid;

use crate::core::{Clock, Drill, Exit, Progress, State, Supervision, What};

use super::probe::{Plan, number, tell};
use super::stage::{PATIENCE, play, play_with, until};

const SECOND: Duration = Duration::from_secs(1);

fn play_by_hand<F: Future<Output = ()>>(test: impl FnOnce(Arc<super::stage::Stage>, Clock) -> F) {
    let clock = Clock::manual(0);
    let driven = clock.clone();
    play_with(Supervision { threads: 1, stuck_after: 3600 * SECOND }, clock, |stage| test(stage, driven));
}

/// Starts a child that hangs from the beginning, in the first incarnation only.
fn hanging() -> Plan {
    Plan::new().started(|number, scope| {
        scope.in_hand(Some(Uuid::from_u128(7)));
        if number == 1 {
            let hung = |progress: Progress| async move {
                std::future::pending::<()>().await;
                drop(progress);
            };
            scope.child("socket", 10 * SECOND, hung, |_, (), _| {});
        }
    })
}

#[test]
fn a_hung_child_is_cut_behind_an_empty_mailbox() {
    play_by_hand(|stage, clock| async move {
        let probe = stage.start("probe", &hanging());
        stage.until_state("probe", State::Running).await;
        clock.advance(10 * SECOND);
        stage.supervisor.sweep();
        assert_eq!(number(&probe).await, Ok(1), "it still has a moment");
        clock.advance(Duration::from_millis(1));
        stage.supervisor.sweep();
        until("it is built anew", || stage.report("probe").restarts == 1).await;
        assert_eq!(number(&probe).await, Ok(2));
        let report = stage.report("probe");
        assert_eq!(report.last_exit, Some(Exit::Stuck));
        assert_eq!(report.last_error.as_deref(), Some("its child `socket` has shown no progress in time"));
        until("all is told", || stage.told("probe") == [What::Started, What::Stuck, What::Restarted]).await;
        let (sender, row) = tokio::sync::oneshot::channel();
        tell(&probe, move |_, scope| {
            let _ = sender.send(scope.row_at_crash());
        });
        assert_eq!(row.await, Ok(Some(Uuid::from_u128(7))));
    });
}

#[test]
fn one_missed_deadline_is_one_cut() {
    play_by_hand(|stage, clock| async move {
        let probe = stage.start("probe", &hanging());
        assert_eq!(number(&probe).await, Ok(1));
        clock.advance(60 * SECOND);
        let gate = super::probe::block(&probe);
        for _ in 0..100 {
            stage.supervisor.sweep();
        }
        drop(gate);
        until("it is built anew", || stage.report("probe").restarts == 1).await;
        assert_eq!(number(&probe).await, Ok(2));
        stage.supervisor.sweep();
        assert_eq!(number(&probe).await, Ok(2));
        assert_eq!(stage.count("probe", What::Stuck), 1);
    });
}

#[test]
fn a_child_that_shows_progress_or_rests_is_left_alone() {
    play_by_hand(|stage, clock| async move {
        let kept: Arc<Mutex<Option<Progress>>> = Arc::default();
        let hands = Arc::clone(&kept);
        let plan = Plan::new().started(move |_, scope| {
            let hands = Arc::clone(&hands);
            let child = |progress: Progress| async move {
                *hands.lock().unwrap() = Some(progress);
                std::future::pending::<()>().await;
            };
            scope.child("socket", 10 * SECOND, child, |_, (), _| {});
        });
        let probe = stage.start("probe", &plan);
        until("the child runs", || kept.lock().unwrap().is_some()).await;
        let progress = kept.lock().unwrap().take().unwrap();
        for _ in 0..5 {
            clock.advance(9 * SECOND);
            progress.stamp();
            stage.supervisor.sweep();
        }
        progress.pause();
        clock.advance(1000 * SECOND);
        stage.supervisor.sweep();
        assert_eq!(number(&probe).await, Ok(1));
        progress.stamp();
        clock.advance(11 * SECOND);
        stage.supervisor.sweep();
        until("it is cut now", || stage.report("probe").restarts == 1).await;
    });
}

/// A handle that outlives its child must not get the actor cut.
#[test]
fn a_child_that_is_over_or_cancelled_can_miss_nothing() {
    play_by_hand(|stage, clock| async move {
        let kept: Arc<Mutex<Vec<Progress>>> = Arc::default();
        let over = Arc::new(AtomicU32::new(0));
        let (hands, counted) = (Arc::clone(&kept), Arc::clone(&over));
        let probe = stage.start("probe", &Plan::new());
        tell(&probe, move |_, scope| {
            let keep = |progress: Progress| hands.lock().unwrap().push(progress);
            let keeper = &keep;
            scope.child(
                "over",
                SECOND,
                |progress| {
                    keeper(progress);
                    std::future::ready(())
                },
                move |_, (), _| {
                    counted.fetch_add(1, SeqCst);
                },
            );
            let pending = |progress| {
                keeper(progress);
                std::future::pending::<()>()
            };
            let cancelled = scope.child("cancelled", SECOND, pending, |_, (), _| panic!("it was cancelled"));
            scope.cancel(cancelled);
        });
        until("the first is over", || over.load(SeqCst) == 1).await;
        assert_eq!(kept.lock().unwrap().len(), 2);
        clock.advance(60 * SECOND);
        stage.supervisor.sweep();
        assert_eq!(number(&probe).await, Ok(1));
        assert_eq!(stage.told("probe"), [What::Started]);
    });
}

#[test]
fn the_drill_hangs_and_is_cut() {
    let clock = Clock::manual(0);
    play_with(Supervision { threads: 1, stuck_after: 10 * SECOND }, clock.clone(), |stage| async move {
        let probe = stage.start("probe", &Plan::new());
        assert_eq!(number(&probe).await, Ok(1));
        stage.supervisor.fault(probe.id(), Drill::Hang).unwrap();
        until("it handles nothing any more", || {
            tell(&probe, |_, _| {});
            stage.report("probe").mailbox.depth > 1
        })
        .await;
        let behind = super::probe::question(&probe);
        clock.advance(11 * SECOND);
        stage.supervisor.sweep();
        assert_eq!(behind.await, Ok(2));
        assert_eq!(stage.report("probe").last_exit, Some(Exit::Stuck));
    });
}

/// The watchdog's own rounds do it, nobody calls it.
#[test]
fn the_watchdog_walks_by_itself() {
    play(|stage| async move {
        let plan = Plan::new().started(|number, scope| {
            if number == 1 {
                let hung = |progress| async move {
                    std::future::pending::<()>().await;
                    drop(progress);
                };
                scope.child("socket", Duration::from_millis(1), hung, |_, (), _| {});
            }
        });
        let probe = stage.start("probe", &plan);
        until("it runs again", || stage.count("probe", What::Restarted) == 1).await;
        stage.supervisor.restart(probe.id(), PATIENCE).await.unwrap();
        assert_eq!(number(&probe).await, Ok(3));
    });
}
