//! Orders by hand.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;

use crate::core::{
    ActorId, ActorKind, ActorSpec, Backoff, CallError, ControlError, Drill, Exit, Reply, Restart, State, TellError, What,
};

use super::probe::{Plan, Probe, act, block, hold_thread, number, question, tell};
use super::stage::{PATIENCE, play, until};

#[test]
fn what_is_told_before_the_first_start_waits() {
    play(|stage| async move {
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let plan = Plan::new().build(move |_| {
            let _ = gate.lock().unwrap().recv_timeout(PATIENCE);
            Ok(())
        });
        let probe = stage.start("probe", &plan);
        let questions: Vec<_> = (0..10).map(|_| question(&probe)).collect();
        assert_eq!((stage.state("probe"), stage.report("probe").mailbox.depth), (State::Starting, 10));
        drop(open);
        for question in questions {
            assert_eq!(question.await, Ok(1));
        }
    });
}

#[test]
fn a_restart_keeps_the_mailbox() {
    play(|stage| async move {
        let plan = Plan::new();
        let probe = stage.start("probe", &plan);
        assert_eq!(number(&probe).await, Ok(1));
        let gate = block(&probe);
        let restart = stage.supervisor.restart(probe.id(), PATIENCE);
        let behind = async {
            let questions: Vec<_> = (0..100).map(|_| question(&probe)).collect();
            drop(gate);
            futures_util::future::join_all(questions).await
        };
        let (change, answers) = tokio::join!(restart, behind);
        let change = change.unwrap();
        assert_eq!((change.old.restarts, change.new.restarts, change.new.state), (0, 1, State::Running));
        assert_eq!(change.new.last_exit, Some(Exit::Stopped));
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        until("all is told", || stage.told("probe") == [What::Started, What::Restarted]).await;
    });
}

/// The first start ends after the order and is not what was ordered.
#[test]
fn a_restart_is_not_done_with_the_incarnation_before_it() {
    play(|stage| async move {
        let (enter, entered) = std::sync::mpsc::channel();
        let (open, gate) = std::sync::mpsc::channel();
        let doors = Mutex::new((enter, gate));
        let probe = stage.start(
            "probe",
            &Plan::new().started(move |number, _| {
                if number == 1 {
                    let (enter, gate) = &*doors.lock().unwrap();
                    hold_thread(enter, gate);
                }
            }),
        );
        entered.recv().unwrap();
        let (enter, handling) = std::sync::mpsc::channel();
        let (finish, gate) = std::sync::mpsc::channel();
        tell(&probe, move |_, _| hold_thread(&enter, &gate));
        let mut restart = Box::pin(stage.supervisor.restart(probe.id(), PATIENCE));
        assert!((&mut restart).now_or_never().is_none(), "the order is given");
        drop(open);
        handling.recv().unwrap();
        assert_eq!(stage.state("probe"), State::Running);
        assert!((&mut restart).now_or_never().is_none(), "it is still the first one");
        drop(finish);
        assert_eq!(restart.await.unwrap().new.restarts, 1);
        assert_eq!(number(&probe).await, Ok(2));
    });
}

#[test]
fn a_restart_out_of_a_backoff_does_not_wait() {
    play(|stage| async move {
        let long = Backoff { base: Duration::from_secs(3600), max: Duration::from_secs(3600), jitter: 0.0 };
        let probe = stage.supervisor.start(Plan::new().spec("probe").backoff(long, PATIENCE)).unwrap();
        tell(&probe, |_, _| panic!("once"));
        let waits = question(&probe);
        stage.until_state("probe", State::Backoff).await;
        stage.supervisor.restart(probe.id(), PATIENCE).await.unwrap();
        assert_eq!(waits.await, Ok(2));
        tell(&probe, |_, _| panic!("twice"));
        stage.until_state("probe", State::Backoff).await;
        stage.supervisor.start_again(probe.id(), PATIENCE).await.unwrap();
        assert_eq!(number(&probe).await, Ok(3));
    });
}

#[test]
fn a_stop_answers_what_waits_and_a_start_begins_anew() {
    play(|stage| async move {
        let ended = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&ended);
        let plan = Plan::new().stopping(move |_, _| {
            seen.fetch_add(1, SeqCst);
        });
        let probe = stage.start("probe", &plan);
        assert_eq!(number(&probe).await, Ok(1));
        let gate = block(&probe);
        let asked = probe.ask(|_: Reply<()>| act(|_, _| {}), PATIENCE);
        let stop = stage.supervisor.stop(probe.id(), PATIENCE);
        // The order overtakes what waits at the next turn at the latest, so the rest is more than one turn handles.
        let behind: Vec<_> = (0..200).map(|_| question(&probe)).collect();
        let (_, change, ()) = tokio::join!(asked, stop, async { drop(gate) });
        assert_eq!(change.unwrap().new.state, State::Stopped);
        let answers = futures_util::future::join_all(behind).await;
        assert!(answers.last().unwrap().is_err(), "the last was answered with an end");
        assert_eq!(stage.report("probe").mailbox.depth, 0);
        assert_eq!(probe.tell(act(|_, _| {})), Err(TellError::Stopped));
        assert_eq!(number(&probe).await, Err(CallError::Tell(TellError::Stopped)));
        assert_eq!(ended.load(SeqCst), 1);
        let change = stage.supervisor.start_again(probe.id(), PATIENCE).await.unwrap();
        assert_eq!(change.new.restarts, 1);
        assert_eq!(number(&probe).await, Ok(2));
        stage.supervisor.start_again(probe.id(), PATIENCE).await.expect("one that runs is left alone");
        assert_eq!(number(&probe).await, Ok(2));
        until("all is told", || stage.told("probe") == [What::Started, What::Stopped, What::Started]).await;
    });
}

#[test]
fn an_actor_stopped_before_its_first_turn_never_starts() {
    play(|stage| async move {
        let plan = Plan::new().started(|_, _| panic!("it started")).stopping(|_, _| panic!("it said goodbye"));
        let blocker = stage.start("blocker", &Plan::new());
        assert_eq!(number(&blocker).await, Ok(1));
        let gate = block(&blocker);
        let probe = stage.start("probe", &plan);
        let stop = stage.supervisor.stop(probe.id(), PATIENCE);
        let free = async { drop(gate) };
        let (change, ()) = tokio::join!(stop, free);
        assert_eq!(change.unwrap().new.state, State::Stopped);
        until("all is told", || stage.told("probe") == [What::Stopped]).await;
        assert_eq!(stage.report("probe").last_error, None);
    });
}

#[test]
fn what_cannot_be_done_is_refused() {
    play(|stage| async move {
        let supervisor = &stage.supervisor;
        let nobody = ActorId::new("nobody");
        let unknown = Err(ControlError::Unknown("nobody".into()));
        assert_eq!(supervisor.restart(&nobody, PATIENCE).await.map(drop), unknown);
        assert_eq!(supervisor.stop(&nobody, PATIENCE).await.map(drop), unknown);
        assert_eq!(supervisor.start_again(&nobody, PATIENCE).await.map(drop), unknown);
        assert_eq!(supervisor.fault(&nobody, Drill::Panic), unknown);
        assert_eq!(supervisor.report(&nobody).map(drop), unknown);
        supervisor.retire(&nobody);
        for kind in [ActorKind::Registry, ActorKind::Store, ActorKind::Fanout] {
            let id = ActorId::new(kind.as_str());
            let mut spec: ActorSpec<Probe> = Plan::new().spec(kind.as_str());
            spec.kind = kind;
            let needed = supervisor.start(spec).unwrap();
            assert!(matches!(supervisor.stop(&id, PATIENCE).await, Err(ControlError::Impossible(_))));
            assert_eq!(number(&needed).await, Ok(1));
            supervisor.restart(&id, PATIENCE).await.expect("a restart is allowed");
        }
        let twice = supervisor.start(Plan::new().spec("store")).map(drop);
        assert!(matches!(&twice, Err(ControlError::Impossible(text)) if text.contains("`store`")), "{twice:?}");
    });
}

#[test]
fn an_order_that_is_not_done_in_time_says_so() {
    play(|stage| async move {
        let probe = stage.start("probe", &Plan::new());
        assert_eq!(number(&probe).await, Ok(1));
        let gate = block(&probe);
        let late = stage.supervisor.stop(probe.id(), Duration::from_millis(20)).await.map(drop);
        assert_eq!(late, Err(ControlError::Timeout("probe".into(), 0)));
        drop(gate);
        stage.until_state("probe", State::Stopped).await;
    });
}

#[test]
fn one_that_is_retired_is_forgotten_and_its_id_is_free() {
    play(|stage| async move {
        let probe = stage.start("probe", &Plan::new());
        assert_eq!(number(&probe).await, Ok(1));
        // A second order for the old one must not hit the new one.
        stage.supervisor.retire(probe.id());
        stage.supervisor.retire(probe.id());
        until("it is forgotten", || stage.supervisor.report(probe.id()).is_err()).await;
        assert_eq!(probe.tell(act(|_, _| {})), Err(TellError::Stopped));
        let next = stage.start("probe", &Plan::new());
        assert_eq!(number(&next).await, Ok(1));
        assert_eq!(number(&probe).await, Err(CallError::Tell(TellError::Stopped)), "an old ref stays with the old one");
        assert_eq!(stage.count("probe", What::Stopped), 1);
    });
}

#[test]
fn whoever_hears_that_one_stopped_may_start_it_anew() {
    play(|stage| async move {
        let again = Arc::new(Mutex::new(None));
        let supervisor = crate::core::Supervisor::new(crate::core::Supervision::default(), crate::core::Clock::system());
        let (starter, result) = (supervisor.clone(), Arc::clone(&again));
        supervisor.listen(move |event| {
            if event.what == What::Stopped {
                *result.lock().unwrap() = Some(starter.start(Plan::new().spec("probe")).map(drop));
            }
        });
        let probe = supervisor.start(Plan::new().spec("probe")).unwrap();
        supervisor.retire(probe.id());
        until("it is started again", || again.lock().unwrap().is_some()).await;
        assert_eq!(*again.lock().unwrap(), Some(Ok(())));
        supervisor.shut_down();
        drop(stage);
    });
}

/// (restart, crash or end, what is left of it)
#[test]
fn each_restart_policy_keeps_its_word() {
    enum End {
        Crash,
        ByItself,
    }
    let cases = [
        (Restart::Permanent, End::Crash, Some(2)),
        (Restart::Permanent, End::ByItself, Some(2)),
        (Restart::Transient, End::Crash, Some(2)),
        (Restart::Transient, End::ByItself, None),
        (Restart::Temporary, End::Crash, None),
        (Restart::Temporary, End::ByItself, None),
    ];
    play(|stage| async move {
        for (case, (restart, end, left)) in cases.into_iter().enumerate() {
            let id = format!("probe:{case}");
            let probe = stage.supervisor.start(Plan::new().spec(&id).restart(restart)).unwrap();
            match end {
                End::Crash => tell(&probe, |_, _| panic!("a crash")),
                End::ByItself => tell(&probe, |_, scope| scope.stop()),
            }
            match left {
                Some(incarnation) => assert_eq!(number(&probe).await, Ok(incarnation), "{id}"),
                None => until(&id, || stage.supervisor.report(probe.id()).is_err()).await,
            }
        }
    });
}

#[test]
fn each_drill_fails_as_it_says() {
    play(|stage| async move {
        for (drill, exit) in [(Drill::Panic, Exit::Panicked), (Drill::Stop, Exit::Stopped)] {
            let id = format!("probe:{drill:?}");
            let probe = stage.start(&id, &Plan::new());
            assert_eq!(number(&probe).await, Ok(1));
            stage.supervisor.fault(probe.id(), drill).unwrap();
            until("it is back", || stage.report(&id).restarts == 1).await;
            assert_eq!(number(&probe).await, Ok(2));
            assert_eq!(stage.report(&id).last_exit, Some(exit));
        }
    });
}

#[test]
fn a_kind_is_stopped_as_a_whole() {
    play(|stage| async move {
        let probes: Vec<_> = (0..20).map(|n| stage.start(&format!("probe:{n}"), &Plan::new())).collect();
        stage.supervisor.stop_kind(ActorKind::Channel, PATIENCE).await;
        assert!(stage.supervisor.reports().iter().all(|report| report.state == State::Stopped));
        assert_eq!(probes[7].tell(act(|_, _| {})), Err(TellError::Stopped));
    });
}

#[test]
fn the_end_of_the_threads_ends_every_actor() {
    play(|stage| async move {
        let ended = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&ended);
        let plan = Plan::new().stopping(move |_, _| {
            seen.fetch_add(1, SeqCst);
        });
        let probe = stage.start("probe", &plan);
        assert_eq!(number(&probe).await, Ok(1));
        stage.supervisor.shut_down();
        until("it is down", || stage.state("probe") == State::Stopped).await;
        assert_eq!((ended.load(SeqCst), stage.report("probe").last_exit), (1, Some(Exit::Killed)));
        assert_eq!(probe.tell(act(|_, _| {})), Err(TellError::Stopped));
        until("no thread takes a new one", || stage.supervisor.start(Plan::new().spec("late")).is_err()).await;
    });
}

#[test]
fn nothing_of_actors_that_were_let_go_is_left() {
    play(|stage| async move {
        let supervisor = crate::core::Supervisor::new(crate::core::Supervision::default(), crate::core::Clock::system());
        let held = Arc::new(());
        // Who is told holds the supervisor, and what an actor is made of does too: circles that nothing else would open.
        let (listened, starter) = (Arc::clone(&held), supervisor.clone());
        supervisor.listen(move |_| drop((Arc::clone(&listened), starter.count())));
        let (plan, maker) = (Arc::clone(&held), supervisor.clone());
        let probe = supervisor.start(Plan::new().started(move |_, _| drop((Arc::clone(&plan), maker.count()))).spec("probe"));
        assert_eq!(number(&probe.unwrap()).await, Ok(1));
        supervisor.shut_down();
        supervisor.let_go();
        until("nobody holds it", || Arc::strong_count(&held) == 1).await;
        drop(stage);
    });
}
