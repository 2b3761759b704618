//! Turns that control clients ordered.

use std::time::Duration;

use super::bench::{Bench, abort, end, key, order, say};
use crate::agent::Ending;
use crate::core::Drill;
use crate::doubles::{Line, Notebook, play};
use crate::message::{Code, InboxId, Order, Role, RunId, RunReport, RunStand, RunVerdict, Target, Tenure, Usage};
use crate::ports::conformance::{START_MS, make};
use crate::ports::{Drafted, InboxRow, Store as _};
use crate::session::OnProviderFailure;
use crate::session::ended::{Ended, How};
use crate::session::memory::SendPolicy;
use crate::session::outcome::of_row;
use crate::session::speaking::Left;
use crate::session::telling::Telling;

fn target() -> Target {
    Target { account: make::account(), chat: make::chat("elsewhere"), thread: Some("t".into()) }
}

fn failed(report: &RunReport) -> Option<Code> {
    match &report.outcome {
        RunVerdict::Failed(failure) => Some(failure.code),
        _ => None,
    }
}

#[test]
fn an_order_is_run_as_it_wishes_and_its_answer_is_sent_nowhere() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.system = Some("be kind".into());
        let pieces = bench.stream();
        let (system, model) = (Some("be brief".to_owned()), Some("deep/one".to_owned()));
        bench.order("hello", Order { system, model, thinking: Some("high".into()), ..order("mine") }).await;
        bench.start(Tenure::Kept);
        let run = RunId::named("mine").unwrap();
        let stand = || bench.notebook.runs.find(&run).map(|(_, stand)| stand);
        stage.until("it runs", || stand() == Some(RunStand::Running { started_ms: START_MS })).await;
        pieces.send(say("hi\nthere")).unwrap();
        pieces.send(end()).unwrap();
        let report = bench.report("mine").await;
        assert_eq!((&report.outcome, report.text.as_str()), (&RunVerdict::Done, "hi\nthere"));
        assert_eq!(report.usage, Usage::tokens(3, 5));
        assert_eq!((report.provider.as_str(), report.model.as_str()), ("scripted", "deep/one"));
        assert_eq!(report.started_ms, START_MS);
        let prompt = &bench.provider.prompts()[0];
        assert_eq!((prompt.system.as_deref(), prompt.model.as_str()), (Some("be kind\n\nbe brief"), "deep/one"));
        assert_eq!(prompt.thinking.as_deref(), Some("high"));
        assert_eq!(bench.open_rows(), 0, "it is written down before it is told");
        assert_eq!(bench.transcript().await, [(Role::User, "hello".into()), (Role::Assistant, "hi\nthere".into())]);
        assert_eq!(bench.outbox().await, Vec::<String>::new());
        assert!(bench.notebook.woken_channels.lock().unwrap().is_empty());
    });
}

#[test]
fn an_order_is_delivered_where_it_says_and_shaped_for_there() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.order("one\ntwo", Order { deliver: Some(target()), ..order("mine") }).await;
        bench.start(Tenure::Kept);
        bench.report("mine").await;
        let sent = bench.store.inner.begin_send(make::account(), 10, crate::ports::SendOrder::Pipelined).await.unwrap();
        let sent: Vec<_> = sent.into_iter().map(|row| (row.outbound.target, row.outbound.text)).collect();
        assert_eq!(sent, [(target(), "one".to_owned()), (target(), "two".to_owned())]);
        assert_eq!(*bench.notebook.woken_channels.lock().unwrap(), [make::account()]);
    });
}

#[test]
fn an_order_that_is_delivered_nowhere_leaves_where_answers_go() {
    let own = Target { account: make::account(), chat: make::chat("room"), thread: None };
    let cases = [
        ("of a platform", None, Some(own)),
        ("delivered nowhere", Some(order("mine")), None),
        ("delivered", Some(Order { deliver: Some(target()), ..order("mine") }), Some(target())),
    ];
    for (name, order, expected) in cases {
        let mut inbound = make::accept("room", "1").inbound;
        inbound.order = order.map(Box::new);
        let row = InboxRow {
            id: InboxId::new(),
            seq: 1,
            crashes: 0,
            inbound,
            steps: Vec::new(),
            said: Vec::new(),
            drafted: Drafted::No,
        };
        let question = make::entry(RunId::new(), Role::User, "1");
        let ending = Ending { finish_reason: "stop".into(), usage: Usage::tokens(1, 2) };
        let ended = Ended {
            text: "answer".into(),
            thoughts: String::new(),
            calls: Vec::new(),
            rounds: Vec::new(),
            left: Left::Nothing,
            spent: ending.usage,
            by: None,
            how: How::Done(ending),
            transcript: Default::default(),
        };
        let outcome = of_row(&key(), &row, question, &ended, &Telling::plain(SendPolicy::Allow), &Notebook::default(), 7);
        assert_eq!(outcome.reply_to, expected, "{name}");
        assert_eq!(outcome.outbox.first().map(|row| row.outbound.target.clone()), expected, "{name}");
        assert_eq!(outcome.usage, Usage::tokens(1, 2), "{name}");
    }
}

/// Whoever ordered a turn decides about another try; a row that waits for a provider for ever would hold all that follow.
#[test]
fn an_order_fails_at_once_and_says_so_to_its_client_and_in_the_transcript() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.on_provider_failure = OnProviderFailure::Retry;
        bench.provider.add(Line::Fail(Code::Timeout));
        bench.order("hello", Order { deliver: Some(target()), ..order("mine") }).await;
        bench.start(Tenure::Kept);
        let report = bench.report("mine").await;
        assert_eq!(failed(&report), Some(Code::Timeout));
        assert_eq!(report.provider, "scripted");
        assert_eq!(bench.told().last().map(String::as_str), Some("chat 2 error! - it is scripted"));
        assert_eq!((bench.provider.asked(), bench.open_rows()), (1, 0));
        let lines = bench.transcript().await;
        assert_eq!(lines[0], (Role::User, "hello".into()));
        assert!(lines[1].1.contains("could not answer") && lines[1].1.contains("timeout"), "{lines:?}");
        assert_eq!(bench.outbox().await, Vec::<String>::new());
    });
}

#[test]
fn an_order_without_anybody_to_ask_fails() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.order("hello", Order { model: Some("none".into()), ..order("mine") }).await;
        bench.start(Tenure::Kept);
        let report = bench.report("mine").await;
        assert_eq!(failed(&report), Some(Code::ProviderModel));
        assert_eq!((report.provider.as_str(), report.started_ms), ("", report.ended_ms));
    });
}

#[test]
fn a_failure_in_the_middle_keeps_what_was_written() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let pieces = bench.stream();
        pieces.send(say("half")).unwrap();
        drop(pieces);
        bench.order("hello", order("mine")).await;
        bench.start(Tenure::Kept);
        let report = bench.report("mine").await;
        assert_eq!((failed(&report), report.text.as_str()), (Some(Code::ProviderBroken), "half"));
        let line = &bench.transcript().await[1].1;
        assert!(line.starts_with("half\n\n") && line.contains("could not answer"), "{line}");
    });
}

#[test]
fn an_aborted_order_keeps_what_was_written() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let pieces = bench.stream();
        bench.order("hello", Order { deliver: Some(target()), ..order("mine") }).await;
        let session = bench.start(Tenure::Kept);
        pieces.send(say("half")).unwrap();
        bench.until_told(3).await;
        assert_eq!(abort(&session, Some("mine")).await.as_deref(), Some("mine"));
        let report = bench.report("mine").await;
        assert_eq!((&report.outcome, report.text.as_str()), (&RunVerdict::Aborted("rpc"), "half"));
        assert_eq!(bench.transcript().await[1], (Role::Assistant, "half".into()));
        assert_eq!((bench.outbox().await.len(), bench.open_rows()), (0, 0));
        assert_eq!(bench.told().last().map(String::as_str), Some("chat 3 aborted! - rpc"));
    });
}

#[test]
fn an_orders_own_deadline_ends_it() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let pieces = bench.stream();
        bench.order("hello", Order { timeout_ms: Some(5_000), ..order("mine") }).await;
        bench.start(Tenure::Kept);
        pieces.send(say("half")).unwrap();
        bench.until_told(3).await;
        stage.pass(Duration::from_secs(4)).await;
        assert_eq!(bench.told().len(), 3, "there is time left");
        let report = bench.report("mine").await;
        assert_eq!((failed(&report), report.text.as_str()), (Some(Code::Timeout), "half"));
        assert_eq!(bench.told().last().map(String::as_str), Some("chat 3 aborted! - timeout"));
        assert!(report.ended_ms - report.started_ms < 10_000, "not the session's own deadline");
    });
}

/// An abort of a turn that waits, or has just ended, must not hit the one that runs.
#[test]
fn an_abort_by_name_hits_no_other_turn() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let pieces = bench.stream();
        bench.order("one", order("first")).await;
        bench.order("two", order("second")).await;
        let session = bench.start(Tenure::Kept);
        stage.until("the first runs", || bench.provider.asked() == 1).await;
        assert_eq!(abort(&session, Some("second")).await, None);
        pieces.send(say("1")).unwrap();
        pieces.send(end()).unwrap();
        assert_eq!(bench.report("first").await.outcome, RunVerdict::Done);
        assert_eq!(abort(&session, Some("first")).await, None);
        assert_eq!(bench.report("second").await.outcome, RunVerdict::Done);
    });
}

#[test]
fn an_order_that_was_called_off_never_begins() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.order("one", order("first")).await;
        bench.order("two", order("second")).await;
        assert!(bench.notebook.runs.call_off(&RunId::named("first").unwrap(), "stop"));
        bench.start(Tenure::Kept);
        let report = bench.report("first").await;
        assert_eq!((&report.outcome, report.started_ms), (&RunVerdict::Aborted("stop"), report.ended_ms));
        assert_eq!(bench.report("second").await.outcome, RunVerdict::Done);
        assert_eq!(bench.prompts(), ["two"]);
        assert_eq!(bench.told()[1], "chat 1 aborted! - stop");
        assert_eq!(bench.open_rows(), 0);
    });
}

#[test]
fn an_order_is_aborted_while_its_transcript_is_read() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.store.fail("context");
        bench.order("one", order("mine")).await;
        let session = bench.start(Tenure::Kept);
        stage.until("it is read", || bench.store.asked("context") == 1).await;
        assert_eq!(abort(&session, Some("mine")).await.as_deref(), Some("mine"));
        assert_eq!(bench.report("mine").await.outcome, RunVerdict::Aborted("rpc"));
        bench.store.mend("context");
        stage.pass(Duration::from_secs(5)).await;
        assert_eq!((bench.provider.asked(), bench.open_rows()), (0, 0));
    });
}

#[test]
fn an_interrupted_order_runs_again_under_its_name_and_says_so() {
    for drill in [Some(Drill::Panic), None] {
        play(|stage| async move {
            let bench = Bench::new(&stage);
            let pieces = bench.stream();
            bench.order("hello", order("mine")).await;
            bench.start(Tenure::Kept);
            pieces.send(say("half")).unwrap();
            bench.until_told(3).await;
            match drill {
                Some(drill) => stage.supervisor.fault(&super::bench::id(), drill).unwrap(),
                None => stage.supervisor.restart_soon(&super::bench::id()),
            }
            let report = bench.report("mine").await;
            assert_eq!((&report.outcome, report.text.as_str()), (&RunVerdict::Done, "hello"));
            let told = bench.told();
            assert!(told[3].starts_with(r#"agent 1 lifecycle! {"again":true,"phase":"start""#), "{}", told[3]);
            let ends = told.iter().filter(|line| line.contains("chat") && line.contains('!')).count();
            assert_eq!(ends, 1, "{told:?}");
        });
    }
}

/// It was ended before the crash; only the word of it had not reached the disk.
#[test]
fn an_aborted_order_is_not_run_again_after_a_crash() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let _pieces = bench.stream();
        bench.store.fail("finish_turn");
        bench.order("hello", order("mine")).await;
        let session = bench.start(Tenure::Kept);
        stage.until("it runs", || bench.provider.asked() == 1).await;
        assert_eq!(abort(&session, Some("mine")).await.as_deref(), Some("mine"));
        stage.until("it is being written", || bench.store.asked("finish_turn") == 1).await;
        stage.supervisor.fault(&super::bench::id(), Drill::Panic).unwrap();
        bench.store.mend("finish_turn");
        assert_eq!(bench.report("mine").await.outcome, RunVerdict::Aborted("rpc"));
        assert_eq!((bench.provider.asked(), bench.open_rows()), (1, 0));
    });
}
