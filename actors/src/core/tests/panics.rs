//! A panic anywhere in an actor's code costs that one value.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use futures_util::future::join_all;

use crate::core::{ActorRef, CallError, Exit, Place, Reply, Restart, Scope, What};

use super::probe::{Do, Plan, Probe, act, block, number, question, tell};
use super::stage::{PATIENCE, Stage, play, until};

/// Starts a neighbour on the same thread and one on another.
fn neighbours(stage: &Stage) -> [ActorRef<Do>; 2] {
    let same = stage.start("neighbour:same", &Plan::new());
    let other = stage.supervisor.start(Plan::new().spec("neighbour:other").place(Place::Routing)).expect("it starts");
    [same, other]
}

async fn unharmed(neighbours: &[ActorRef<Do>; 2]) {
    for neighbour in neighbours {
        assert_eq!(number(neighbour).await, Ok(1), "{neighbour:?} is what it was");
    }
}

/// Lets `crash` go off in an actor with a queue behind it: the queue is answered by the next incarnation, and nobody else notices.
fn crash_with_queue(text: &'static str, crash: impl FnOnce(&mut Probe, &mut Scope<'_, Probe>) + Send + 'static) {
    play(|stage| async move {
        let others = neighbours(&stage);
        let probe = stage.start("probe", &Plan::new());
        assert_eq!(number(&probe).await, Ok(1));
        // All of it lies in the mailbox before the first of it is handled.
        let gate = block(&probe);
        tell(&probe, crash);
        let questions: Vec<_> = (0..5).map(|_| question(&probe)).collect();
        drop(gate);
        let answers = join_all(questions).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        until("the next incarnation runs", || stage.report("probe").restarts == 1).await;
        assert_eq!(number(&probe).await, Ok(2));
        unharmed(&others).await;
        assert_eq!(stage.report("probe").last_exit, Some(Exit::Panicked));
        let error = stage.report("probe").last_error.unwrap();
        assert!(error.contains(text) && error.contains("panics.rs"), "{error}");
        until("all is told", || stage.told("probe") == [What::Started, What::Panicked, What::Restarted]).await;
        assert_eq!(stage.told("neighbour:same"), [What::Started]);
    });
}

#[test]
fn in_a_handler() {
    crash_with_queue("in the handler", |_, _| panic!("in the handler"));
}

#[test]
fn in_a_timer() {
    crash_with_queue("in the timer", |_, scope| {
        scope.after(Duration::from_millis(1), |_, _| panic!("in the timer"));
    });
}

#[test]
fn in_a_spawned_future() {
    crash_with_queue("in the future", |_, scope| {
        scope.run(PATIENCE, async { panic!("in the future") }, |_, _: Option<()>, _| {});
    });
}

#[test]
fn after_a_spawned_future() {
    crash_with_queue("after the future", |_, scope| {
        scope.run(PATIENCE, async {}, |_, _, _| panic!("after the future"));
    });
}

#[test]
fn in_a_future_in_front_of_the_mailbox() {
    crash_with_queue("in front", |_, scope| scope.hold(PATIENCE, async { panic!("in front") }, |_, _: Option<()>, _| {}));
}

#[test]
fn in_a_child() {
    crash_with_queue("in the child", |_, scope| {
        scope.child("child", PATIENCE, |_| async { panic!("in the child") }, |_, (): (), _| {});
    });
}

#[test]
fn in_a_child_that_has_waited() {
    crash_with_queue("in the woken child", |_, scope| {
        let waited = async {
            tokio::task::yield_now().await;
            panic!("in the woken child")
        };
        scope.child("child", PATIENCE, |_| waited, |_, (): (), _| {});
    });
}

#[test]
fn in_started_and_in_build() {
    play(|stage| async move {
        let others = neighbours(&stage);
        let plan = Plan::new().started(|number, _| assert!(number != 1, "in started")).build(|number| {
            assert!(number != 2, "in build");
            Ok(())
        });
        let probe = stage.start("probe", &plan);
        assert_eq!(number(&probe).await, Ok(3), "asked before it ever ran");
        assert_eq!(stage.details("probe", What::Panicked).len(), 2);
        unharmed(&others).await;
    });
}

#[test]
fn in_woken() {
    play(|stage| async move {
        let plan = Plan::new().woken(|number, _| assert!(number != 1, "in woken"));
        let probe = stage.start("probe", &plan);
        assert_eq!(number(&probe).await, Ok(1));
        probe.wake();
        until("it is back", || stage.report("probe").restarts == 1).await;
        assert_eq!(number(&probe).await, Ok(2));
    });
}

/// `stopping` and `Drop` run when an actor ends: by hand, by itself, or because the next one takes its place.
#[test]
fn in_stopping_and_in_drop() {
    play(|stage| async move {
        let others = neighbours(&stage);
        let plan = Plan::new().stopping(|_, _| panic!("in stopping")).dropped(|_| panic!("in drop"));
        let probe = stage.start("probe", &plan);
        assert_eq!(number(&probe).await, Ok(1));
        stage.supervisor.restart(probe.id(), PATIENCE).await.expect("it restarts");
        assert_eq!(number(&probe).await, Ok(2));
        tell(&probe, |_, scope| scope.stop());
        assert_eq!(number(&probe).await, Ok(3));
        tell(&probe, |_, _| panic!("and then its drop panics too"));
        assert_eq!(number(&probe).await, Ok(4));
        stage.supervisor.stop(probe.id(), PATIENCE).await.expect("it stops");
        unharmed(&others).await;
        assert_eq!(stage.count("probe", What::Panicked), 1, "an end that goes wrong is logged, and is no failure");
    });
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in a drop");
    }
}

/// Two panics while one thing is dropped end a process: each of these would be a second one.
#[test]
fn in_many_drops_at_once() {
    play(|stage| async move {
        let others = neighbours(&stage);
        let plan = Plan::new().dropped(|number| assert!(number != 1, "in the actor's drop"));
        let probe = stage.start("probe", &plan);
        tell(&probe, |_, scope| {
            for _ in 0..3 {
                let bomb = Bomb;
                scope.run(PATIENCE, std::future::pending::<()>(), move |_, _, _| drop(bomb));
                let bomb = Bomb;
                scope.after(PATIENCE, move |_, _| drop(bomb));
                let bomb = Bomb;
                let hung = async move {
                    std::future::pending::<()>().await;
                    drop(bomb);
                };
                scope.child("child", PATIENCE, |_| hung, |_, (), _| {});
            }
            let bomb = Bomb;
            scope.hold(PATIENCE, std::future::pending::<()>(), move |_, _, _| drop(bomb));
        });
        for _ in 0..3 {
            let bomb = Bomb;
            tell(&probe, move |_, _| drop(bomb));
        }
        stage.supervisor.fault(probe.id(), crate::core::Drill::Panic).unwrap();
        stage.supervisor.restart(probe.id(), PATIENCE).await.expect("it restarts");
        stage.supervisor.stop(probe.id(), PATIENCE).await.expect("it stops");
        unharmed(&others).await;
    });
}

#[test]
fn of_an_actor_that_is_not_to_come_back() {
    play(|stage| async move {
        let probe = stage.supervisor.start(Plan::new().spec("probe").restart(Restart::Temporary)).unwrap();
        assert_eq!(number(&probe).await, Ok(1));
        let gate = block(&probe);
        let lost = probe.ask(|_: Reply<()>| act(|_, _| panic!("once")), PATIENCE);
        let behind = number(&probe);
        let (lost, behind, ()) = tokio::join!(lost, behind, async { drop(gate) });
        assert_eq!(lost, Err(CallError::Interrupted));
        assert_eq!(behind, Err(CallError::Interrupted));
        until("it is forgotten", || stage.supervisor.report(probe.id()).is_err()).await;
        until("all is told", || stage.told("probe") == [What::Started, What::Panicked, What::Stopped]).await;
    });
}

#[test]
fn of_whoever_listens_to_supervision() {
    actix::System::new().block_on(async {
        let supervisor = crate::core::Supervisor::new(crate::core::Supervision::default(), crate::core::Clock::system());
        let heard = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&heard);
        supervisor.listen(move |_| {
            counted.fetch_add(1, SeqCst);
            panic!("in the listener");
        });
        let probe = supervisor.start(Plan::new().spec("probe")).unwrap();
        tell(&probe, |_, _| panic!("in the actor"));
        assert_eq!(number(&probe).await, Ok(2));
        until("it has heard all three", || heard.load(SeqCst) == 3).await;
        supervisor.shut_down();
    });
}
