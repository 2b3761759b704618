//! How a session leaves memory.

use std::time::Duration;

use tokio::sync::oneshot;

use super::bench::{Bench, id, key, retire};
use crate::doubles::{Line, play};
use crate::message::{Retired, SessionMessage, Tenure};

#[test]
fn an_idle_session_says_so_and_leaves_when_it_is_asked() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.passivate_after = Duration::from_secs(10);
        let session = bench.start(Tenure::Kept);
        stage.pass_until("it says that it is idle", || !bench.notebook.idle.lock().unwrap().is_empty()).await;
        assert_eq!(bench.notebook.idle.lock().unwrap()[0], key());
        assert_eq!(retire(&session).await, Ok(Retired::Leaving));
        stage.until("it is forgotten", || stage.supervisor.report(&id()).is_err()).await;
    });
}

#[test]
fn a_session_with_work_stays() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.passivate_after = Duration::from_secs(10);
        let (open, gate) = oneshot::channel();
        bench.provider.add(Line::SayAfter(gate, "late"));
        bench.arrive(&["1"]).await;
        let session = bench.start(Tenure::Kept);
        stage.until("the turn runs", || bench.provider.asked() == 1).await;
        stage.pass(Duration::from_secs(30)).await;
        assert!(bench.notebook.idle.lock().unwrap().is_empty(), "a long turn is no idleness");
        assert_eq!(retire(&session).await, Ok(Retired::Busy));
        drop(open);
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["late"]);
    });
}

/// A wake-up that lies in front of the question decides it; nobody else may come in between, the registry has closed the way.
#[test]
fn a_wake_up_before_the_question_keeps_the_session_there() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let (open, gate) = oneshot::channel();
        bench.provider.add(Line::SayAfter(gate, "late"));
        let session = bench.start(Tenure::Kept);
        stage.until("it has looked", || bench.store.asked("begin_turn") == 1).await;
        bench.arrive(&["1"]).await;
        session.wake();
        assert_eq!(retire(&session).await, Ok(Retired::Busy));
        drop(open);
        bench.answered().await;
    });
}

#[test]
fn a_question_that_nobody_waits_for_any_more_ends_nothing() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let session = bench.start(Tenure::Kept);
        stage.until("it has looked", || bench.store.asked("begin_turn") == 1).await;
        let (leaves, nobody) = oneshot::channel();
        drop(nobody);
        session.tell(SessionMessage::Retire(leaves)).unwrap();
        bench.arrive(&["1"]).await;
        session.wake();
        bench.answered().await;
    });
}
