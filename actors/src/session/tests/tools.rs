//! Tools in turns: each is called once, whatever fails around it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::bench::{Bench, abort, ask, ask_with, heard, id, key, order};
use crate::agent::Repeat;
use crate::core::Drill;
use crate::doubles::{Line, PropTool, Stage, play, toolbox};
use crate::message::{Code, Delta, Role, Tenure, ToolResult, ToolRound, ToolSpec, ToolUse};
use crate::ports::Store as _;

fn bench(stage: &Arc<Stage>, tools: &[&Arc<PropTool>]) -> Bench {
    Bench { tools: toolbox(tools, &stage.clock), ..Bench::new(stage) }
}

/// Returns the results that the provider was shown at last, one a call.
fn shown(bench: &Bench) -> Vec<ToolResult> {
    let prompt = bench.provider.prompts().pop().unwrap();
    prompt.rounds.into_iter().flat_map(|round| round.calls).map(|(_, result)| result).collect()
}

fn done(text: &str) -> ToolResult {
    ToolResult::Done(text.into())
}

async fn rounds(bench: &Bench) -> Vec<ToolRound> {
    let lines = bench.store.inner.history(key(), 100).await.unwrap();
    lines.into_iter().flat_map(|line| line.rounds).collect()
}

#[test]
fn a_turn_calls_tools_and_later_turns_see_what_was_called() {
    play(|stage| async move {
        let bell = PropTool::new("bell", Repeat::Never);
        let bench = bench(&stage, &[&bell]);
        bench.provider.add(Line::Calls("Let me ring. ", &["bell", "bell"]));
        bench.provider.add(Line::Say("Rung."));
        bench.arrive(&["1", "2"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["Let me ring. Rung.", "2"]);
        assert_eq!(bell.calls(), 2);
        let prompts = bench.provider.prompts();
        assert_eq!(prompts[0].tools.specs.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>(), ["bell"]);
        assert_eq!(prompts[1].rounds[0].text, "Let me ring. ");
        let last = prompts[2].history.last().unwrap();
        assert_eq!((last.role, last.last_words()), (Role::Assistant, "Rung."));
        assert_eq!(last.rounds, prompts[1].rounds);
        assert_eq!(rounds(&bench).await, prompts[1].rounds);
        let context = bell.contexts().remove(0);
        assert_eq!((context.session, context.agent.as_str()), (key(), "main"));
        assert_eq!((context.channel.as_deref(), context.account.as_deref()), (Some("socket-chat"), Some("default")));
        assert_eq!((context.sender.as_deref(), context.models.len()), (Some("u1"), 1));
    });
}

#[test]
fn after_a_crash_finished_calls_are_not_made_again_and_others_only_where_that_is_safe() {
    let unknown = "the gateway was interrupted while";
    for (repeat, calls) in [(Repeat::Safe, 2), (Repeat::Never, 1)] {
        play(move |stage| async move {
            let (bell, slow) = (PropTool::new("bell", Repeat::Safe), PropTool::new("slow", repeat));
            let bench = bench(&stage, &[&bell, &slow]);
            bench.provider.add(Line::Calls("", &["bell", "slow"]));
            let _never = slow.hold();
            bench.arrive(&["1"]).await;
            bench.start(Tenure::Kept);
            stage.until("one call is over and one runs", || bench.store.asked("finish_call") == 1 && slow.calls() == 1).await;
            bench.provider.add(Line::Say("Rung."));
            stage.supervisor.fault(&id(), Drill::Panic).unwrap();
            bench.answered().await;
            assert_eq!(bench.outbox().await, ["Rung."]);
            assert_eq!((bell.calls(), slow.calls()), (1, calls), "{repeat:?}");
            let results = shown(&bench);
            assert_eq!(results[0], done("bell 1"));
            match repeat {
                Repeat::Safe => assert_eq!(results[1], done("slow 2")),
                Repeat::Never => {
                    assert!(matches!(&results[1], ToolResult::Failed(text) if text.starts_with(unknown)), "{results:?}");
                }
            }
            assert_eq!(bench.provider.asked(), 2, "what was answered is not asked again");
        });
    }
}

#[test]
fn a_provider_that_fails_after_tools_is_asked_again_with_their_results() {
    play(|stage| async move {
        let bell = PropTool::new("bell", Repeat::Safe);
        let mut bench = bench(&stage, &[&bell]);
        bench.settings.on_provider_failure = crate::session::OnProviderFailure::Retry;
        bench.provider.add(Line::Calls("Ring. ", &["bell"]));
        (0..3).for_each(|_| bench.provider.add(Line::Fail(Code::ProviderBusy)));
        bench.provider.add(Line::Say("Rung."));
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["Ring. Rung."]);
        assert_eq!((bell.calls(), shown(&bench)), (1, vec![done("bell 1")]));
    });
}

#[test]
fn a_turn_is_ended_while_a_tool_runs_by_hand_or_by_its_time() {
    play(|stage| async move {
        let slow = PropTool::new("slow", Repeat::Never);
        let bench = bench(&stage, &[&slow]);
        let session = bench.start(Tenure::Kept);
        bench.provider.add(Line::Call("slow"));
        let (_never, _ever) = (slow.hold(), slow.hold());
        bench.order("1", order("run-1")).await;
        session.wake();
        stage.until("the tool runs", || slow.calls() == 1).await;
        assert_eq!(abort(&session, Some("run-1")).await.as_deref(), Some("run-1"));
        bench.report("run-1").await;
        assert_eq!(bench.open_rows(), 0);
        assert_eq!(rounds(&bench).await[0].calls.len(), 1, "it is known that it was called");

        bench.provider.add(Line::Call("slow"));
        bench.order("2", crate::message::Order { timeout_ms: Some(5_000), ..order("run-2") }).await;
        session.wake();
        stage.until("the tool runs again", || slow.calls() == 2).await;
        stage.clock.advance(Duration::from_secs(5));
        let report = bench.report("run-2").await;
        assert!(matches!(&report.outcome, crate::message::RunVerdict::Failed(failure) if failure.code == Code::Timeout));
    });
}

#[test]
fn a_tool_runs_for_as_long_as_its_own_deadline_in_a_silent_turn() {
    for (line, restarts) in [(Some(Line::Call("slow")), 0), (None, 1)] {
        play(|stage| async move {
            let slow = PropTool::new("slow", Repeat::Never);
            let mut bench = bench(&stage, &[&slow]);
            bench.settings.turn_silence = Duration::from_secs(1);
            let open = slow.hold();
            let is_silent = line.is_none();
            let silence = line.map_or_else(
                || Some(bench.stream()),
                |line| {
                    bench.provider.add(line);
                    None
                },
            );
            bench.arrive(&["1"]).await;
            let session = bench.start(Tenure::Kept);
            stage.until("tool or provider is silent", || bench.provider.asked() == 1 && (is_silent || slow.calls() == 1)).await;
            stage.clock.advance(Duration::from_secs(10));
            stage.supervisor.sweep();
            let run = || stage.supervisor.report(&id()).unwrap().restarts;
            stage.until("it is cut, if it is to be", || run() == restarts).await;
            abort(&session, Some("nobody's")).await;
            assert_eq!(run(), restarts, "only the provider is taken for stuck");
            drop((open, silence));
            bench.answered().await;
            assert_eq!(bench.outbox().await, ["1"]);
            if !is_silent {
                assert_eq!(shown(&bench), [done("slow 1")], "it was not interrupted");
            }
        });
    }
}

#[test]
fn a_step_that_the_disk_does_not_take_is_written_before_the_tool_is_called() {
    play(|stage| async move {
        let bell = PropTool::new("bell", Repeat::Never);
        let bench = bench(&stage, &[&bell]);
        for step in ["begin_round", "finish_call"] {
            bench.store.fail_once(step);
        }
        bench.provider.add(Line::Call("bell"));
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        stage.until("the disk refuses", || bench.store.asked("begin_round") == 1).await;
        assert_eq!(bell.calls(), 0);
        bench.answered().await;
        assert_eq!((bench.store.asked("begin_round"), bench.store.asked("finish_call")), (2, 2));
        assert_eq!((bell.calls(), shown(&bench)), (1, vec![done("bell 1")]));
    });
}

/// The disk has taken a round, or may have, and nobody waited for its word: the next try goes on with that round, whose calls are made
/// then, and does not ask for another.
#[test]
fn a_round_whose_writing_took_longer_than_its_turn_is_gone_on_with() {
    for taken in [true, false] {
        play(|stage| async move {
            let bell = PropTool::new("bell", Repeat::Never);
            let mut bench = bench(&stage, &[&bell]);
            bench.settings.on_provider_failure = crate::session::OnProviderFailure::Retry;
            bench.settings.turn_timeout = Duration::from_secs(10);
            bench.provider.add(Line::Calls("Ring. ", &["bell"]));
            bench.provider.add(Line::Calls("Again. ", &["bell", "bell"]));
            bench.provider.add(Line::Say("Rung."));
            let held = taken.then(|| bench.store.hold_answer("begin_round"));
            if !taken {
                bench.store.fail("begin_round");
            }
            bench.arrive(&["1"]).await;
            bench.start(Tenure::Kept);
            stage.until("the round is on its way", || bench.store.asked("begin_round") == 1).await;
            stage.clock.advance(Duration::from_secs(10));
            stage.until("the turn's time is over", || bench.counters.turns.failed.get() == 1).await;
            assert_eq!(bell.calls(), 0, "no call is made before its round is written down");
            bench.store.mend("begin_round");
            bench.answered().await;
            assert_eq!(bench.outbox().await, ["Ring. Again. Rung."], "taken: {taken}");
            assert_eq!((bell.calls(), shown(&bench)), (3, vec![done("bell 1"), done("bell 2"), done("bell 3")]));
            drop(held);
        });
    }
}

#[test]
fn a_turn_that_is_ended_before_its_round_is_written_down_remembers_no_call() {
    play(|stage| async move {
        let bell = PropTool::new("bell", Repeat::Never);
        let bench = bench(&stage, &[&bell]);
        bench.provider.add(Line::Calls("Ring. ", &["bell"]));
        let _held = bench.store.hold_answer("begin_round");
        bench.arrive(&["1"]).await;
        let session = bench.start(Tenure::Kept);
        stage.until("the round is on its way", || bench.store.asked("begin_round") == 1).await;
        assert!(abort(&session, None).await.is_some());
        bench.answered().await;
        assert_eq!((bell.calls(), rounds(&bench).await), (0, vec![]));
    });
}

#[test]
fn listeners_hear_of_tools_where_the_session_is_verbose() {
    for (level, told) in [("on", true), ("off", false)] {
        play(move |stage| async move {
            let (bell, fails) = (PropTool::new("bell", Repeat::Never), PropTool::new("fails", Repeat::Never));
            let bench = bench(&stage, &[&bell, &fails]);
            bench.set(json!({ "verboseLevel": level })).await;
            bench.provider.add(Line::Call("bell"));
            bench.provider.add(Line::Call("fails"));
            bench.provider.add(Line::Say("Rung."));
            bench.arrive(&["1"]).await;
            bench.start(Tenure::Kept);
            bench.answered().await;
            let chat_is_over = || bench.told().iter().any(|line| line.starts_with("chat") && line.contains("final"));
            stage.until("it is all told", chat_is_over).await;
            let tools: Vec<_> = bench.told().into_iter().filter(|line| line.contains(" tool")).collect();
            if !told {
                assert!(tools.is_empty(), "{tools:?}");
                return;
            }
            let wanted = [
                r#"agent 2 tool! {"args":{},"name":"bell","phase":"start","toolCallId":"call-1"}"#,
                r#"agent 3 tool {"name":"bell","partialResult":{"content":[{"type":"text","text":"bell is at it"}]},"phase":"update","toolCallId":"call-1"}"#,
                r#"agent 4 tool! {"isError":false,"name":"bell","phase":"result","result":{"content":[{"type":"text","text":"bell 1"}]},"toolCallId":"call-1"}"#,
                r#"agent 5 tool! {"args":{},"name":"fails","phase":"start","toolCallId":"call-1"}"#,
            ];
            assert_eq!(tools[..4], wanted);
            assert!(tools[5].contains(r#""isError":true"#) && tools[5].contains("it is broken"), "{tools:?}");
        });
    }
}

#[test]
fn a_clients_own_tool_ends_its_turn_and_the_gateways_runs_on_the_way() {
    play(|stage| async move {
        let bell = PropTool::new("bell", Repeat::Never);
        let bench = bench(&stage, &[&bell]);
        let session = bench.start(Tenure::Kept);
        bench.provider.add(Line::Call("bell"));
        bench.provider.add(Line::Calls("Now you. ", &["weather", "bell"]));
        let spec = ToolSpec { name: "weather".into(), description: None, parameters: None, strict: None };
        let deltas = heard(ask_with(&session, "hello", |ask| {
            ask.tools = ToolUse { specs: vec![spec.into()], ..ToolUse::default() };
        }))
        .await;
        let Some(Delta::End(end)) = deltas.last() else { panic!("{deltas:?}") };
        assert_eq!(end.calls.iter().map(|call| call.name.as_str()).collect::<Vec<_>>(), ["weather"]);
        assert_eq!((bell.calls(), bench.store.asked("begin_round")), (1, 0), "a client is its own retry");
        let names: Vec<_> = bench.provider.prompts()[0].tools.specs.iter().map(|spec| spec.name.clone()).collect();
        assert_eq!(names, ["weather", "bell"]);

        bench.provider.add(Line::Call("bell"));
        bench.provider.add(Line::Say("Rung."));
        assert!(matches!(heard(ask(&session, "again")).await.last(), Some(Delta::End(_))));
        bench.store.inner.flush().await.unwrap();
        assert_eq!(rounds(&bench).await[0].calls[0].1, done("bell 2"));
    });
}
