//! How a session leaves memory.

use std::time::Duration;

use tokio::sync::oneshot;

use super::bench::{Bench, id, key, order, retire};
use crate::doubles::{Line, play};
use crate::message::{Code, Retired, RunVerdict, SessionMessage, Tenure};
use crate::session::OnProviderFailure;

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

#[test]
fn a_session_whose_turn_waits_for_its_next_try_stays() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.passivate_after = Duration::from_secs(1);
        bench.settings.on_provider_failure = OnProviderFailure::Retry;
        bench.provider.add(Line::Fail(Code::Timeout));
        bench.arrive(&["1"]).await;
        let session = bench.start(Tenure::Kept);
        stage.until("the first try has failed", || bench.counters.turns.failed.get() == 1).await;
        assert_eq!(retire(&session).await, Ok(Retired::Busy));
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["1"]);
    });
}

#[test]
fn a_session_that_left_after_an_order_reads_itself_anew_for_the_next() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        for (run, model) in [("one", "old"), ("two", "new")] {
            bench.set(serde_json::json!({ "model": model })).await;
            bench.order(run, order(run)).await;
            let session = bench.start(Tenure::Kept);
            assert_eq!(bench.report(run).await.outcome, RunVerdict::Done);
            stage.until("it has looked for more", || bench.gate.running() == 0).await;
            assert_eq!(retire(&session).await, Ok(Retired::Leaving));
            stage.until("it is forgotten", || stage.supervisor.report(&id()).is_err()).await;
        }
        let prompts = bench.provider.prompts();
        assert_eq!(prompts.iter().map(|prompt| prompt.model.as_str()).collect::<Vec<_>>(), ["old", "new"]);
        assert_eq!(prompts[1].history.len(), 2, "and the transcript");
        assert!(bench.told().iter().all(|line| !line.contains("again")), "{:?}", bench.told());
    });
}
