//! A blocked thread is given up, and whoever lived on it goes on elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::time::Duration;

use uuid::Uuid;

use crate::core::{CallError, Clock, Drill, Exit, Intensity, Place, Progress, Reply, Restart, State, Supervision, What};

use super::probe::{Plan, act, block, hold_thread, number, question, tell};
use super::stage::{Stage, play_with, until};

const SECOND: Duration = Duration::from_secs(1);

fn play_by_hand<F: Future<Output = ()>>(test: impl FnOnce(Arc<Stage>, Clock) -> F) {
    let clock = Clock::manual(0);
    let driven = clock.clone();
    play_with(Supervision { threads: 1, stuck_after: 10 * SECOND }, clock, |stage| test(stage, driven));
}

/// Lets the watchdog find what is blocked at this moment, so many threads, and waits until an actor on one has been rebuilt so
/// often, or failed.
async fn give_up(stage: &Stage, clock: &Clock, id: &str, restarts: u32, blocked: usize) {
    stage.supervisor.sweep();
    until("all but the blocked ones have answered", || stage.supervisor.owing() <= blocked).await;
    clock.advance(11 * SECOND);
    until("the thread is given up", || {
        stage.supervisor.sweep();
        let report = stage.report(id);
        report.restarts >= restarts || report.state == State::Failed
    })
    .await;
}

#[test]
fn its_actors_go_on_elsewhere_and_the_old_ones_are_fenced() {
    play_by_hand(|stage, clock| async move {
        let touched = Arc::new(AtomicU32::new(0));
        let (late, goodbyes) = (Arc::clone(&touched), Arc::clone(&touched));
        let plan = Plan::new().stopping(move |_, _| {
            goodbyes.fetch_add(100, SeqCst);
        });
        let probe = stage.start("probe", &plan);
        let neighbour = stage.start("neighbour", &Plan::new());
        let far = stage.supervisor.start(Plan::new().spec("far").place(Place::Routing)).unwrap();
        for one in [&probe, &neighbour, &far] {
            assert_eq!(number(one).await, Ok(1));
        }
        let count = late.clone();
        tell(&probe, move |_, scope| {
            scope.in_hand(Some(Uuid::from_u128(9)));
            scope.after(SECOND, move |_, _| {
                count.fetch_add(1, SeqCst);
            });
        });
        let gate = block(&probe);
        let ours = question(&probe);
        let theirs = question(&neighbour);
        let count = late.clone();
        tell(&probe, move |_, _| {
            count.fetch_add(1, SeqCst);
        });
        assert_eq!(number(&far).await, Ok(1), "the other threads do not notice");
        give_up(&stage, &clock, "probe", 1, 1).await;
        assert_eq!(number(&probe).await, Ok(2), "on a new thread while the old one is still blocked");
        assert_eq!(number(&neighbour).await, Ok(2));
        assert_eq!(number(&far).await, Ok(1));
        let (culprit, bystander) = (stage.report("probe"), stage.report("neighbour"));
        assert_eq!((culprit.last_exit, bystander.last_exit), (Some(Exit::Stuck), Some(Exit::Killed)));
        assert_eq!((culprit.mailbox.depth, bystander.mailbox.depth), (0, 0), "new mailboxes");
        assert_eq!((stage.count("probe", What::Stuck), stage.count("neighbour", What::Stuck)), (1, 0));
        let (sender, row) = tokio::sync::oneshot::channel();
        tell(&probe, move |_, scope| {
            let _ = sender.send(scope.row_at_crash());
        });
        assert_eq!(row.await, Ok(Some(Uuid::from_u128(9))));
        let before = (stage.report("probe").mailbox.handled, stage.report("neighbour").mailbox.handled);
        drop(gate);
        assert!(ours.await.is_err() && theirs.await.is_err(), "what lay in the old mailboxes is answered with an end");
        assert_eq!(touched.load(SeqCst), 0, "no message, timer or goodbye of the old ones");
        let after = (stage.report("probe").mailbox.handled, stage.report("neighbour").mailbox.handled);
        assert_eq!(before, after);
        assert_eq!((stage.report("probe").mailbox.depth, stage.state("probe")), (0, State::Running));
        assert_eq!(number(&probe).await, Ok(2));
    });
}

#[test]
fn a_question_in_the_old_mailbox_ends_by_its_deadline() {
    play_by_hand(|stage, clock| async move {
        let probe = stage.start("probe", &Plan::new());
        assert_eq!(number(&probe).await, Ok(1));
        let gate = block(&probe);
        let asked = probe.ask(|reply: Reply<u32>| act(|probe, _| reply.send(probe.number)), 5 * SECOND);
        let (answer, ()) = tokio::join!(asked, give_up(&stage, &clock, "probe", 1, 1));
        assert_eq!(answer, Err(CallError::Timeout));
        drop(gate);
    });
}

/// The spare is renewed: it is needed again at once, and then once more.
#[test]
fn three_blocked_threads_in_a_row() {
    play_by_hand(|stage, clock| async move {
        let probe = stage.start("probe", &Plan::new());
        let mut gates = Vec::new();
        for incarnation in 1..=3 {
            assert_eq!(number(&probe).await, Ok(incarnation));
            gates.push(block(&probe));
            give_up(&stage, &clock, "probe", incarnation, 1).await;
        }
        assert_eq!(number(&probe).await, Ok(4));
        drop(gates);
        assert_eq!(number(&probe).await, Ok(4));
        assert_eq!(stage.report("probe").restarts, 3);
    });
}

#[test]
fn two_threads_blocked_at_once() {
    play_by_hand(|stage, clock| async move {
        let near = stage.start("near", &Plan::new());
        let far = stage.supervisor.start(Plan::new().spec("far").place(Place::Routing)).unwrap();
        assert_eq!((number(&near).await, number(&far).await), (Ok(1), Ok(1)));
        let gates = [block(&near), block(&far)];
        give_up(&stage, &clock, "near", 1, 2).await;
        give_up(&stage, &clock, "far", 1, 2).await;
        assert_eq!((number(&near).await, number(&far).await), (Ok(2), Ok(2)));
        drop(gates);
    });
}

/// It costs a thread each time, so it must not go on for ever.
#[test]
fn whoever_blocks_again_and_again_is_given_up_and_the_neighbours_are_not() {
    play_by_hand(|stage, clock| async move {
        let intensity = Intensity { restarts_max: 1, window: 3600 * SECOND };
        let probe = stage.supervisor.start(Plan::new().spec("probe").intensity(intensity)).unwrap();
        let neighbour = stage.supervisor.start(Plan::new().spec("neighbour").intensity(intensity)).unwrap();
        let mut gates = Vec::new();
        for incarnation in 1..=2 {
            assert_eq!((number(&probe).await, number(&neighbour).await), (Ok(incarnation), Ok(incarnation)));
            gates.push(block(&probe));
            give_up(&stage, &clock, "probe", incarnation, 1).await;
        }
        stage.until_state("probe", State::Failed).await;
        assert_eq!((stage.count("probe", What::GaveUp), number(&neighbour).await), (1, Ok(3)));
        stage.supervisor.restart(probe.id(), super::stage::PATIENCE).await.unwrap();
        assert_eq!(number(&probe).await, Ok(3));
        drop(gates);
    });
}

#[test]
fn a_child_that_blocks_is_its_actors_fault() {
    play_by_hand(|stage, clock| async move {
        let probe = stage.start("probe", &Plan::new());
        let neighbour = stage.start("neighbour", &Plan::new());
        assert_eq!((number(&probe).await, number(&neighbour).await), (Ok(1), Ok(1)));
        let ((open, gate), (enter, entered)) = (channel(), channel());
        tell(&probe, move |_, scope| {
            let blocking = move |_: Progress| async move { hold_thread(&enter, &gate) };
            scope.child("socket", 3600 * SECOND, blocking, |_, (), _| {});
        });
        entered.recv().unwrap();
        give_up(&stage, &clock, "probe", 1, 1).await;
        assert_eq!((number(&probe).await, number(&neighbour).await), (Ok(2), Ok(2)));
        let exits = (stage.report("probe").last_exit, stage.report("neighbour").last_exit);
        assert_eq!(exits, (Some(Exit::Stuck), Some(Exit::Killed)));
        drop(open);
    });
}

#[test]
fn orders_given_to_a_blocked_thread_are_obeyed_on_the_next() {
    play_by_hand(|stage, clock| async move {
        let probe = stage.start("probe", &Plan::new());
        let other = stage.start("other", &Plan::new());
        assert_eq!((number(&probe).await, number(&other).await), (Ok(1), Ok(1)));
        stage.supervisor.stop(other.id(), super::stage::PATIENCE).await.unwrap();
        let gate = block(&probe);
        let stop = stage.supervisor.stop(probe.id(), 3600 * SECOND);
        let start = stage.supervisor.start_again(other.id(), 3600 * SECOND);
        let (stopped, started, ()) = tokio::join!(stop, start, give_up(&stage, &clock, "other", 1, 1));
        assert_eq!(stopped.unwrap().new.state, State::Stopped);
        assert_eq!(started.unwrap().new.state, State::Running);
        assert_eq!(number(&other).await, Ok(2));
        drop(gate);
    });
}

#[test]
fn what_is_down_stays_down_and_what_is_temporary_is_over() {
    play_by_hand(|stage, clock| async move {
        let probe = stage.start("probe", &Plan::new());
        let down = stage.start("down", &Plan::new());
        let once = stage.supervisor.start(Plan::new().spec("once").restart(Restart::Temporary)).unwrap();
        for one in [&probe, &down, &once] {
            assert_eq!(number(one).await, Ok(1));
        }
        stage.supervisor.stop(down.id(), super::stage::PATIENCE).await.unwrap();
        let gate = block(&probe);
        give_up(&stage, &clock, "probe", 1, 1).await;
        assert_eq!(number(&probe).await, Ok(2));
        assert_eq!(stage.state("down"), State::Stopped);
        assert!(stage.supervisor.report(once.id()).is_err());
        stage.supervisor.start_again(down.id(), super::stage::PATIENCE).await.unwrap();
        assert_eq!(number(&down).await, Ok(2));
        drop(gate);
    });
}

/// The whole process may have been halted: one late look is no proof.
#[test]
fn a_thread_that_answers_at_the_second_look_is_kept() {
    play_by_hand(|stage, clock| async move {
        let probe = stage.start("probe", &Plan::new());
        assert_eq!(number(&probe).await, Ok(1));
        for _ in 0..3 {
            let gate = block(&probe);
            stage.supervisor.sweep();
            clock.advance(60 * SECOND);
            stage.supervisor.sweep();
            drop(gate);
            assert_eq!(number(&probe).await, Ok(1));
            until("it has answered", || stage.supervisor.owing() == 0).await;
            stage.supervisor.sweep();
            assert_eq!(number(&probe).await, Ok(1));
        }
    });
}

/// With the machine's clock and nobody's help.
#[test]
fn the_drill_blocks_and_the_watchdog_notices() {
    let settings = Supervision { threads: 1, stuck_after: Duration::from_millis(400) };
    play_with(settings, Clock::system(), |stage| async move {
        let probe = stage.start("probe", &Plan::new());
        assert_eq!(number(&probe).await, Ok(1));
        stage.supervisor.fault(probe.id(), Drill::Block).unwrap();
        until("it goes on elsewhere", || stage.report("probe").restarts == 1).await;
        assert_eq!(number(&probe).await, Ok(2));
        assert_eq!(stage.report("probe").last_exit, Some(Exit::Stuck));
    });
}
