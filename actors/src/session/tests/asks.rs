//! Clients that wait.

use tokio::sync::oneshot;

use super::bench::{Bench, ask, ask_with, failure, heard, id, key};
use crate::doubles::{Line, play};
use crate::message::{
    Ask, Code, Delta, Role, SessionMessage, Tenure, ToolCall, ToolResult, ToolRound, ToolSpec, ToolUse, TurnEnd, Usage,
};
use crate::ports::Store as _;
use crate::session::ASKS_MAX;

#[test]
fn clients_and_rows_take_turns() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let (open, gate) = oneshot::channel();
        bench.provider.add(Line::SayAfter(gate, "first"));
        let session = bench.start(Tenure::Kept);
        let mut clients = vec![ask(&session, "ask 0")];
        stage.until("the first turn runs", || bench.provider.asked() == 1).await;
        clients.extend(["ask 1", "ask 2", "ask 3"].map(|text| ask(&session, text)));
        bench.arrive(&["row 1", "row 2"]).await;
        session.wake();
        drop(open);
        for client in clients {
            assert!(matches!(heard(client).await.last(), Some(Delta::End(_))));
        }
        bench.answered().await;
        assert_eq!(bench.prompts(), ["ask 0", "row 1", "ask 1", "row 2", "ask 2", "ask 3"]);
    });
}

#[test]
fn a_client_that_went_away_while_it_waited_costs_no_turn_and_no_place() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let (open, gate) = oneshot::channel();
        bench.provider.add(Line::SayAfter(gate, "first"));
        let session = bench.start(Tenure::Kept);
        let first = ask(&session, "first");
        stage.until("the first turn runs", || bench.provider.asked() == 1).await;
        (0..ASKS_MAX).for_each(|_| drop(ask(&session, "gone")));
        let last = ask(&session, "last");
        drop(open);
        assert!(matches!(heard(first).await.last(), Some(Delta::End(_))));
        assert!(matches!(heard(last).await.last(), Some(Delta::End(_))));
        assert_eq!(bench.prompts(), ["first", "last"]);
    });
}

#[test]
fn one_client_too_many_is_told_so() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let (_open, gate) = oneshot::channel();
        bench.provider.add(Line::SayAfter(gate, "first"));
        let session = bench.start(Tenure::Kept);
        let _first = ask(&session, "first");
        stage.until("the first turn runs", || bench.provider.asked() == 1).await;
        let _waiting: Vec<_> = (0..ASKS_MAX).map(|_| ask(&session, "waits")).collect();
        assert_eq!(failure(&heard(ask(&session, "too many")).await), Some(Code::Overloaded));
    });
}

/// What a client's turn leaves is written behind its answer: the next question comes sooner than the disk.
#[test]
fn the_next_question_knows_the_last_answer_before_it_is_on_the_disk() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.store.fail("append_transcript");
        let session = bench.start(Tenure::Kept);
        stage.until("it has looked for rows", || bench.store.asked("begin_turn") == 1).await;
        heard(ask(&session, "one")).await;
        heard(ask(&session, "two")).await;
        let history = &bench.provider.prompts()[1].history;
        let seen: Vec<_> = history.iter().map(|line| (line.role, line.text.as_str())).collect();
        assert_eq!(seen, [(Role::User, "one"), (Role::Assistant, "one")]);
    });
}

/// The client answers its own tools and asks again; the question is one all the same.
#[test]
fn a_turn_that_calls_the_clients_tools_is_written_down_once_when_it_has_an_answer() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.provider.add(Line::Call("clock"));
        bench.provider.add(Line::Say("noon"));
        let session = bench.start(Tenure::Kept);
        let spec = ToolSpec { name: "clock".into(), description: None, parameters: None, strict: None };
        let tools = ToolUse { specs: vec![spec.into()], ..ToolUse::default() };
        let own = tools.clone();
        let end = heard(ask_with(&session, "what time is it", move |ask: &mut Ask| ask.tools = own)).await;
        let [Delta::End(TurnEnd { finish_reason, calls, .. })] = &end[..] else { panic!("{end:?}") };
        assert_eq!((finish_reason.as_str(), calls.len()), ("tool_calls", 1));
        let call: ToolCall = calls[0].clone();
        let round = ToolRound { text: String::new(), calls: vec![(call, ToolResult::Done("12:00".into()))] };
        let brought = round.clone();
        let again = ask_with(&session, "what time is it", move |ask: &mut Ask| {
            (ask.tools, ask.rounds) = (tools, vec![brought]);
        });
        assert!(matches!(heard(again).await.last(), Some(Delta::End(end)) if end.calls.is_empty()));
        heard(ask(&session, "thanks")).await;
        let prompts = bench.provider.prompts();
        assert!(prompts[0].tools.has("clock") && prompts[1].history.is_empty());
        assert_eq!(prompts[1].rounds, [round]);
        let history: Vec<_> = prompts[2].history.iter().map(|line| (line.role, line.text.as_str())).collect();
        assert_eq!(history, [(Role::User, "what time is it"), (Role::Assistant, "noon")]);
        assert!(prompts[2].rounds.is_empty() && prompts[2].tools.specs.is_empty());
        let row = bench.store.inner.session(key()).await.unwrap().expect("it is known");
        assert_eq!(row.usage, Usage::tokens(4, 1), "what the calls cost was spent");
    });
}

#[test]
fn a_client_is_not_kept_waiting_for_a_disk() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.store.fail("context");
        let session = bench.start(Tenure::Kept);
        assert_eq!(failure(&heard(ask(&session, "one")).await), Some(Code::StoreUnavailable));
        bench.store.mend("context");
        assert!(matches!(heard(ask(&session, "two")).await.last(), Some(Delta::End(_))));
    });
}

#[test]
fn a_session_for_one_turn_reads_no_past_and_is_gone_after_it() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let session = bench.start(Tenure::Once);
        assert!(matches!(heard(ask(&session, "one")).await.last(), Some(Delta::End(_))));
        stage.until("it is forgotten", || stage.supervisor.report(&id()).is_err()).await;
        assert_eq!((bench.store.asked("context"), bench.store.asked("begin_turn")), (0, 0));
        bench.gate.close();
        let session = bench.start(Tenure::Once);
        assert_eq!(failure(&heard(ask(&session, "two")).await), Some(Code::Unavailable));
        stage.until("it is forgotten too", || stage.supervisor.report(&id()).is_err()).await;
    });
}

#[test]
fn an_aborted_turn_says_so_and_the_next_one_runs() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let (_open, gate) = oneshot::channel();
        bench.provider.add(Line::SayAfter(gate, "never said"));
        let session = bench.start(Tenure::Kept);
        let client = ask(&session, "one");
        stage.until("the turn runs", || bench.provider.asked() == 1).await;
        let next = ask(&session, "two");
        let (done, aborted) = oneshot::channel();
        session.tell(SessionMessage::Abort { run: None, why: "rpc", done }).unwrap();
        assert!(aborted.await.unwrap().is_some());
        assert_eq!(failure(&heard(client).await), Some(Code::Aborted));
        assert!(matches!(heard(next).await.last(), Some(Delta::End(_))));
        let (done, aborted) = oneshot::channel();
        session.tell(SessionMessage::Abort { run: None, why: "rpc", done }).unwrap();
        assert_eq!(aborted.await.unwrap(), None, "nothing runs");
    });
}

#[test]
fn an_aborted_row_is_done_without_an_answer() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let (_open, gate) = oneshot::channel();
        bench.provider.add(Line::SayAfter(gate, "never said"));
        bench.arrive(&["1", "2"]).await;
        let session = bench.start(Tenure::Kept);
        stage.until("the turn runs", || bench.provider.asked() == 1).await;
        let (done, _aborted) = oneshot::channel();
        session.tell(SessionMessage::Abort { run: None, why: "rpc", done }).unwrap();
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["2"]);
    });
}

/// A client is its own retry: what it asks again would stand there once for each try.
#[test]
fn a_question_that_failed_is_written_down_with_its_answer_only() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.provider.add(Line::Fail(Code::Refused));
        bench.provider.add(Line::Say("noon"));
        let session = bench.start(Tenure::Kept);
        assert_eq!(failure(&heard(ask(&session, "what time is it?")).await), Some(Code::Refused));
        assert!(matches!(heard(ask(&session, "what time is it?")).await.last(), Some(Delta::End(_))));
        bench.store.inner.flush().await.unwrap();
        let lines: Vec<_> = bench.transcript().await.into_iter().map(|(_, text)| text).collect();
        assert_eq!(lines, ["what time is it?", "noon"]);
        assert!(bench.provider.prompts().iter().all(|prompt| prompt.history.is_empty()), "nothing was said before");
    });
}
