//! Commands in a session: answered without a provider, once, and whatever runs.

use std::time::Duration;

use serde_json::json;

use super::bench::{Bench, abort, end, one_by_one, order, say};
use crate::agent::Piece;
use crate::doubles::{Line, Trouble, play};
use crate::message::{Activation, Code, Order, Role, RunVerdict, SessionMessage, Speech, Tenure};
use crate::ports::Store as _;
use crate::ports::conformance::make;
use crate::session::commands::BEGUN_ANEW;
use crate::session::{Allowed, CommandRules, Greeting, OnProviderFailure, QueueRules, ResetPolicy, ResetRules, Writers};

pub(super) fn ready(bench: &mut Bench) {
    bench.settings.commands = CommandRules { writers: [(make::account(), writers())].into(), ..CommandRules::default() };
}

fn writers() -> Writers {
    Writers { owners: ["u1".to_owned()].into(), ..Writers::default() }
}

#[test]
fn a_command_is_answered_once_without_a_provider_and_leaves_no_line() {
    for queue in [one_by_one(), QueueRules::default()] {
        play(|stage| async move {
            let mut bench = Bench::new(&stage);
            ready(&mut bench);
            bench.settings.queue = queue;
            bench.arrive(&["1", "/think high", "/think", "2"]).await;
            bench.start(Tenure::Kept);
            bench.answered().await;
            assert_eq!(bench.outbox().await, ["1", "Set to high.", "Thinking: high", "2"]);
            let lines: Vec<_> = bench.transcript().await.into_iter().map(|(_, text)| text).collect();
            assert_eq!(lines, ["1", "1", "2", "2"]);
            let thinking: Vec<_> = bench.provider.prompts().into_iter().map(|prompt| prompt.thinking).collect();
            assert_eq!(thinking, [None, Some("high".to_owned())]);
            assert_eq!((bench.counters.turns.commands.get(), bench.counters.turns.answered.get()), (2, 2));
        });
    }
}

/// Whatever fails under way, a command is answered once.
#[test]
fn a_failing_or_late_store_costs_no_command() {
    for request in ["session", "patch_session", "finish_turn", "reset_session", "context", "flush"] {
        for trouble in Trouble::ALL {
            play(|stage| async move {
                let mut bench = Bench::new(&stage);
                ready(&mut bench);
                bench.arrive(&["before", "/queue steer", "/new", "after"]).await;
                bench.store.trouble(trouble, request);
                bench.start(Tenure::Kept);
                bench.answered().await;
                let said = bench.outbox().await;
                let queue = "Queue: mode=steer, debounce=1000ms, cap=20, drop=summarize";
                assert_eq!(said, ["before", queue, "This session begins anew.", "after"], "{request} {trouble:?}");
                assert_eq!(bench.transcript().await, [(Role::User, "after".into()), (Role::Assistant, "after".into())]);
            });
        }
    }
}

#[test]
fn a_stop_never_waits_behind_the_queue_and_ends_what_waits() {
    for queue in [one_by_one(), QueueRules::default()] {
        play(|stage| async move {
            let mut bench = Bench::new(&stage);
            ready(&mut bench);
            bench.settings.queue = queue;
            let pieces = bench.stream();
            bench.arrive(&["1"]).await;
            let session = bench.start(Tenure::Kept);
            stage.until("the first turn runs", || bench.provider.asked() == 1).await;
            pieces.send(say("so far")).unwrap();
            stage.until("it is heard", || bench.told().iter().any(|line| line.contains("so far"))).await;
            bench.arrive(&["2", "3", "/stop", "4"]).await;
            session.wake();
            bench.answered().await;
            assert_eq!(bench.outbox().await, ["Stopped.", "4"]);
            let lines: Vec<_> = bench.transcript().await.into_iter().map(|(_, text)| text).collect();
            assert_eq!(lines, ["1", "so far", "4", "4"]);
            assert_eq!((bench.counters.turns.aborted.get(), bench.counters.turns.dropped.get()), (1, 2));
        });
    }
}

#[test]
fn what_only_says_something_is_answered_while_a_turn_runs() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        // Its account marks what it shapes.
        *bench.notebook.speech.lock().unwrap() = Some(Speech::default());
        let pieces = bench.stream();
        bench.arrive(&["1"]).await;
        let session = bench.start(Tenure::Kept);
        stage.until("the first turn runs", || bench.provider.asked() == 1).await;
        bench.arrive(&["/model", "/think low"]).await;
        session.wake();
        stage.pass_until("the first is answered, the second waits", || bench.open_rows() == 2).await;
        assert_eq!(bench.outbox().await, ["^Model: the default"]);
        let told = bench.notebook.stage.answered.lock().unwrap().clone();
        assert!(
            matches!(&told[..], [(rows, Some(_))] if rows.len() == 1),
            "its account knows which message that answers: {told:?}"
        );
        [say("one"), end()].into_iter().for_each(|piece| pieces.send(piece).unwrap());
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["^one", "^Set to low."]);
    });
}

#[test]
fn nothing_to_stop_is_said_so_and_a_strangers_command_is_not_answered() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        bench.arrive(&["stop"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["Nothing was running."]);
    });
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.arrive(&["/help", "1"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["1"], "nobody's word counts on an account that is not known");
    });
}

#[test]
fn a_session_that_begins_anew_keeps_what_was_said_and_answers_what_follows() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        bench.arrive(&["old", "/new hello"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["old", "hello"]);
        assert_eq!(bench.transcript().await, [(Role::User, "hello".into()), (Role::Assistant, "hello".into())]);
        assert!(bench.provider.prompts()[1].history.is_empty());
        let kept: Vec<_> = bench.archive.kept().into_iter().map(|(_, lines)| lines.len()).collect();
        assert_eq!(kept, [2]);
    });
}

/// Where the store fails behind the archive the same transcript comes to it once more, under the same name: the archive takes the one
/// for the other. Nothing else comes twice.
#[test]
fn a_transcript_comes_to_the_archive_again_only_where_the_store_failed_behind_it() {
    // What fails, whether the answer is lost, how often the transcript is kept.
    let cases = [
        ("flush", Trouble::Fails, 1),
        ("flush", Trouble::IsLate, 1),
        ("session", Trouble::Fails, 1),
        ("transcript", Trouble::Fails, 1),
        ("transcript", Trouble::IsLate, 1),
        ("reset_session", Trouble::Fails, 2),
        // It was done all the same, and what is begun anew has no line.
        ("reset_session", Trouble::IsLate, 1),
        ("finish_turn", Trouble::IsLate, 1),
    ];
    for (request, trouble, times) in cases {
        play(|stage| async move {
            let mut bench = Bench::new(&stage);
            ready(&mut bench);
            bench.arrive(&["old"]).await;
            let session = bench.start(Tenure::Kept);
            bench.answered().await;
            bench.store.trouble(trouble, request);
            bench.arrive(&["/new"]).await;
            session.wake();
            bench.answered().await;
            let kept = bench.archive.kept();
            assert_eq!(kept.len(), times, "{request} {trouble:?}");
            assert!(kept.iter().all(|(id, lines)| (*id, lines.len()) == (kept[0].0, 2)), "{request} {trouble:?}");
            assert_eq!(bench.outbox().await, ["old", "This session begins anew."], "{request} {trouble:?}");
        });
    }
}

/// Each step has its own time: what is slow, and never too slow, is no failure however many steps there are.
#[test]
fn a_session_begins_anew_however_long_all_steps_take_together() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        bench.arrive(&["old"]).await;
        let session = bench.start(Tenure::Kept);
        bench.answered().await;
        bench.arrive(&["/new"]).await;
        let steps = ["flush", "transcript", "reset_session"];
        let steps = steps.map(|request| (request, bench.store.asked(request), bench.store.hold_answer(request)));
        session.wake();
        for (request, asked, gate) in steps {
            stage.pass_until("it is asked", || bench.store.asked(request) > asked).await;
            stage.pass(Duration::from_secs(25)).await;
            drop(gate);
        }
        bench.answered().await;
        assert_eq!((bench.store.asked("reset_session"), bench.archive.kept().len()), (1, 1), "no step was too slow");
        assert_eq!(bench.outbox().await, ["old", "This session begins anew."]);
    });
}

/// A bare command has the agent greet, once, in the session that is new; what was typed stands in the transcript.
#[test]
fn the_agent_greets_in_a_session_that_was_begun_anew_with_nothing_said() {
    for (crash, command) in [(false, "/new"), (false, "/reset"), (true, "/new")] {
        play(|stage| async move {
            let mut bench = Bench::new(&stage);
            ready(&mut bench);
            bench.settings.greeting = Greeting::On;
            bench.provider.add(Line::Say("first"));
            if crash {
                bench.provider.add(Line::Panic);
            }
            bench.provider.add(Line::Say("hello again"));
            bench.arrive(&["old", command, "next"]).await;
            bench.start(Tenure::Kept);
            bench.answered().await;
            assert_eq!(bench.outbox().await, ["first", "hello again", "next"]);
            let lines: Vec<_> = bench.transcript().await.into_iter().map(|(_, text)| text).collect();
            assert_eq!(lines, [command, "hello again", "next", "next"]);
            let prompts = bench.provider.prompts();
            let greeting = &prompts[prompts.len() - 2];
            assert!(greeting.text.starts_with("I have just begun") && greeting.history.is_empty(), "{}", greeting.text);
            assert_eq!(bench.archive.kept().len(), 1);
        });
    }
}

/// Whoever cannot greet costs nobody the word that the session is new, at once and without another try.
#[test]
fn where_nobody_greets_the_gateway_says_that_the_session_begins_anew() {
    for (case, asked) in [("fails", 2), ("stays silent", 1), ("no model", 1)] {
        play(|stage| async move {
            let mut bench = Bench::new(&stage);
            ready(&mut bench);
            bench.settings.greeting = Greeting::On;
            bench.settings.on_provider_failure = OnProviderFailure::Retry;
            bench.provider.add(Line::Say("first"));
            let (send, model) =
                (if case == "stays silent" { "deny" } else { "allow" }, if case == "no model" { "none" } else { "m" });
            bench.provider.add(Line::Fail(Code::Timeout));
            bench.arrive(&["old"]).await;
            let session = bench.start(Tenure::Kept);
            bench.answered().await;
            bench.set(json!({ "sendPolicy": send, "model": model })).await;
            session.tell(SessionMessage::Changed).unwrap();
            bench.arrive(&["/new"]).await;
            session.wake();
            bench.answered().await;
            assert_eq!(bench.outbox().await, ["first", "This session begins anew."], "{case}");
            assert_eq!(bench.provider.asked(), asked, "{case}");
        });
    }
}

#[test]
fn a_session_begins_anew_with_the_model_that_is_named() {
    let cases = [
        ("/new deep/one", "deep/one", BEGUN_ANEW),
        ("/new DEEP/one hello", "deep/one", "hello"),
        ("/reset deep/two hello", "model", "deep/two hello"),
    ];
    for (command, model, said) in cases {
        play(|stage| async move {
            let mut bench = Bench::new(&stage);
            ready(&mut bench);
            bench.settings.models = vec!["deep/one".into()];
            bench.store.fail_once("patch_session");
            bench.arrive(&["old", command, "next"]).await;
            bench.start(Tenure::Kept);
            bench.answered().await;
            assert_eq!(bench.outbox().await, ["old", said, "next"], "{command}");
            assert_eq!(bench.provider.prompts().last().unwrap().model, model, "{command}");
            assert_eq!(bench.provider.prompts()[0].model, "model", "{command}");
        });
    }
}

/// An archive may be away for long, and every session that is to begin anew asks for it.
#[test]
fn a_session_that_cannot_begin_anew_tries_ever_more_seldom_and_loses_nothing() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        bench.archive.refuse(6);
        bench.arrive(&["old", "/new", "after"]).await;
        let begun = stage.clock.elapsed();
        bench.start(Tenure::Kept);
        stage.pass_until("it was refused six times", || bench.archive.asked() == 6).await;
        // 1, 2, 4, 8 and 16 seconds between them, a fifth less at the most.
        let tried_for = stage.clock.elapsed() - begun;
        assert!(tried_for >= Duration::from_secs(24), "{tried_for:?}");
        assert_eq!((bench.open_rows(), bench.outbox().await), (2, vec!["old".to_owned()]));
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["This session begins anew.", "after"]);
        assert_eq!((bench.archive.asked(), bench.archive.kept().len()), (7, 1));
    });
}

/// A gateway that goes down does not wait for a session that waits for its archive; the row stays open for the next start.
#[test]
fn a_reset_that_waits_for_its_next_try_holds_no_pass() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        bench.archive.refuse(usize::MAX);
        bench.arrive(&["old", "/new", "after"]).await;
        bench.start(Tenure::Kept);
        stage.until("it was refused", || bench.archive.asked() == 1).await;
        stage.until("nothing runs", || bench.gate.running() == 0).await;
        bench.gate.close();
        bench.gate.emptied().await;
        stage.pass(Duration::from_secs(400)).await;
        assert_eq!((bench.archive.asked(), bench.open_rows()), (1, 2), "with the gate closed nothing is tried");
        assert_eq!(bench.transcript().await.len(), 2, "and nothing is gone");
    });
}

/// What waits for its next try can be ended like every turn that waits.
#[test]
fn a_reset_that_waits_for_its_next_try_can_be_ended() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        bench.archive.refuse(usize::MAX);
        bench.arrive(&["old", "/new"]).await;
        let session = bench.start(Tenure::Kept);
        stage.until("it was refused", || bench.archive.asked() == 1).await;
        stage.until("it waits", || bench.gate.running() == 0).await;
        assert!(abort(&session, None).await.is_some());
        bench.answered().await;
        assert_eq!((bench.archive.asked(), bench.outbox().await), (1, vec!["old".to_owned()]));
        assert_eq!(bench.transcript().await[0].1, "old", "it goes on as it was");
    });
}

#[test]
fn a_command_that_a_client_orders_is_its_turns_answer() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.order("/model", Order { ..order("mine") }).await;
        bench.order("/config", order("other")).await;
        bench.start(Tenure::Kept);
        let report = bench.report("mine").await;
        assert_eq!((&report.outcome, report.text.as_str()), (&RunVerdict::Done, "Model: the default"));
        assert!(bench.report("other").await.text.contains("config.patch"));
        assert_eq!(bench.provider.asked(), 0);
    });
}

#[test]
fn a_model_that_nobody_knows_is_not_set() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        bench.arrive(&["/model none", "/model deep/one", "1"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["no model none", "Model: deep/one.", "1"]);
        assert_eq!(bench.provider.prompts()[0].model, "deep/one");
    });
}

#[test]
fn a_session_that_may_not_answer_may_be_told_to_again() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        bench.arrive(&["/send off", "1", "/send on", "2"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["Answers are sent: off.", "Answers are sent: on.", "2"]);
    });
}

/// The first message after a long silence begins the session anew, whether the actor was in memory or not.
#[test]
fn a_session_that_was_silent_for_long_begins_anew() {
    for afresh in [false, true] {
        play(|stage| async move {
            let mut bench = Bench::new(&stage);
            let idle = ResetPolicy { daily_at: None, idle: Some(Duration::from_secs(600)) };
            bench.settings.resets = ResetRules { usual: idle, ..ResetRules::default() };
            let session = bench.start(Tenure::Kept);
            for (text, wait) in [("1", 0), ("2", 599), ("3", 601)] {
                stage.clock.advance(Duration::from_secs(wait));
                bench.arrive(&[text]).await;
                if afresh {
                    let deadline = Duration::from_secs(20);
                    bench.stage.supervisor.restart(&super::bench::id(), deadline).await.expect("it is back");
                }
                session.wake();
                stage.until("it is answered", || bench.open_rows() == 0).await;
            }
            let told: Vec<_> = bench.provider.prompts().into_iter().map(|prompt| prompt.history.len()).collect();
            assert_eq!(told, [0, 2, 0], "afresh: {afresh}");
            assert_eq!(bench.store.inner.history(super::bench::key(), 9).await.unwrap().len(), 2);
            assert_eq!(bench.archive.kept().len(), 1);
        });
    }
}

/// A crash between the effect and the answer has the command carried out once more.
#[test]
fn a_command_that_was_in_hand_at_a_crash_is_answered() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        bench.provider.add(Line::Panic);
        bench.arrive(&["1", "/think high"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["1", "Set to high."]);
    });
}

#[test]
fn what_an_owner_orders_of_the_gateway_is_carried_out_and_answered_once() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        bench.settings.commands.restart = Allowed::Yes;
        bench.store.fail_once("finish_turn");
        bench.arrive(&["/config", "/restart", "/allowlist", "1"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        let off = "This is off: set commands.config to true to allow it.";
        assert_eq!(bench.outbox().await, [off, "Restart", "Allowlist(List(Direct))", "1"]);
        let ordered = bench.steward.ordered();
        assert_eq!(ordered.iter().map(|ordered| &ordered.errand).collect::<Vec<_>>().len(), 2);
        assert!(
            ordered.iter().all(|ordered| ordered.session == super::bench::key() && ordered.chat.account == make::account())
        );
        assert_eq!(bench.provider.asked(), 1);
    });
}

/// Nobody but an owner reaches the gateway, whatever is allowed.
#[test]
fn what_others_order_of_the_gateway_is_refused() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        let known = Writers { in_groups: ["u1".to_owned()].into(), ..Writers::default() };
        bench.settings.commands = CommandRules {
            writers: [(make::account(), known)].into(),
            config: Allowed::Yes,
            debug: Allowed::Yes,
            restart: Allowed::Yes,
            ..CommandRules::default()
        };
        bench.arrive(&["/config", "/debug reset", "/restart", "/allowlist add u1"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        let said = bench.outbox().await;
        assert!(said.len() == 4 && said.iter().all(|text| text.starts_with("Only those whom allowFrom names")), "{said:?}");
        assert!(bench.steward.ordered().is_empty());
    });
}

#[test]
fn directives_within_a_message_hold_for_it_alone() {
    for queue in [one_by_one(), QueueRules::default()] {
        play(|stage| async move {
            let mut bench = Bench::new(&stage);
            ready(&mut bench);
            bench.settings.queue = queue;
            bench.settings.thinking = Some("low".into());
            bench.arrive(&["/think high 1 /model deep/one", "2"]).await;
            bench.start(Tenure::Kept);
            stage.pass_until("both are answered", || bench.open_rows() == 0).await;
            assert_eq!(bench.outbox().await, ["1", "2"]);
            let asked: Vec<_> =
                bench.provider.prompts().into_iter().map(|prompt| (prompt.thinking.unwrap(), prompt.model)).collect();
            assert_eq!((asked[0].0.as_str(), asked[0].1.as_str(), asked[1].0.as_str()), ("high", "deep/one", "low"));
            assert_ne!(asked[1].1, "deep/one");
            let lines: Vec<_> = bench.transcript().await.into_iter().map(|(_, text)| text).collect();
            assert_eq!(lines, ["1", "1", "2", "2"]);
        });
    }
}

#[test]
fn a_message_of_directives_only_sets_the_session_and_is_answered_once() {
    for trouble in Trouble::ALL {
        play(|stage| async move {
            let mut bench = Bench::new(&stage);
            ready(&mut bench);
            bench.store.trouble(trouble, "patch_session");
            bench.arrive(&["/think high /model deep/one /queue followup", "1"]).await;
            bench.start(Tenure::Kept);
            bench.answered().await;
            let said = bench.outbox().await;
            let queue = "Queue: mode=followup, debounce=1000ms, cap=20, drop=summarize";
            assert_eq!(said, ["Set to high.", "Model: deep/one.", queue, "1"], "{trouble:?}");
            let prompt = &bench.provider.prompts()[0];
            assert_eq!((prompt.thinking.as_deref(), prompt.model.as_str()), (Some("high"), "deep/one"));
        });
    }
}

#[test]
fn a_shortcut_within_a_message_is_answered_before_it() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        bench.arrive(&["hello /whoami"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        let said = bench.outbox().await;
        assert_eq!((said[0].as_str(), said.last().unwrap().as_str()), ("Id: u1", "hello"), "{said:?}");
        assert_eq!(bench.prompts(), ["hello"]);
        assert_eq!(bench.transcript().await.len(), 2);
    });
}

fn thought(text: &str) -> Piece {
    Piece::Reasoning(text.to_owned())
}

#[test]
fn reasoning_and_what_an_answer_cost_are_shown_to_those_who_ask() {
    let cases = [
        (json!({}), vec!["so"], false),
        (
            json!({ "reasoningLevel": "on", "responseUsage": "tokens" }),
            vec!["Reasoning:", "hm, well", "so", "Usage: 3 in / 5 out"],
            false,
        ),
        (json!({ "reasoningLevel": "stream", "responseUsage": "off" }), vec!["so"], true),
    ];
    for (settings, expected, streamed) in cases {
        play(|stage| async move {
            let bench = Bench::new(&stage);
            bench.set(settings).await;
            let pieces = bench.stream();
            bench.arrive(&["1"]).await;
            bench.start(Tenure::Kept);
            [thought("hm, "), thought("well"), say("so"), end()].into_iter().for_each(|piece| pieces.send(piece).unwrap());
            bench.answered().await;
            let said: Vec<_> = bench.outbox().await.into_iter().filter(|line| !line.is_empty()).collect();
            assert_eq!(said, expected);
            let lines: Vec<_> = bench.transcript().await.into_iter().map(|(_, text)| text).collect();
            assert_eq!(lines, ["1", "so"], "no provider reads it");
            let told: Vec<_> = bench.told().into_iter().filter(|line| line.contains("thinking")).collect();
            assert_eq!(!told.is_empty(), streamed, "{told:?}");
            assert!(!streamed || told.last().unwrap().contains("hm, well"), "{told:?}");
        });
    }
}

#[test]
fn a_groups_own_word_on_when_it_answers_is_told_to_whoever_lets_in() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        bench.arrive_in_group(&["/activation always", "/think high", "/activation default"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        let told = bench.notebook.activations.lock().unwrap().clone();
        assert_eq!(told, [Some(Activation::Always), Some(Activation::Always), None]);
    });
}
