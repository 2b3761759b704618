//! Messages that come while a turn runs: what each mode makes of them, to the line.

use tokio::sync::mpsc;

use super::bench::{Bench, end, one_by_one, say};
use crate::agent::{Ending, Piece};
use crate::core::ActorRef;
use crate::doubles::{Line, Stage, Trouble, play};
use crate::message::{ChatKind, Role, SessionMessage, Tenure, ToolCall, ToolResult, Usage};
use crate::ports::Store as _;
use crate::ports::conformance::make;
use crate::session::commands::AccessGroups;
use crate::session::{QueueRules, QueueWish};

/// What happens to the first turn, which runs when the others come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    /// It ends without a round of tools.
    Ends,
    /// It has a round of tools when the others are there.
    CallsATool,
    /// It has begun to answer and never ends.
    GoesOn,
}

fn rules(words: &str) -> QueueRules {
    QueueRules { usual: QueueWish::parse(words).unwrap().over(one_by_one().usual), ..QueueRules::default() }
}

fn called() -> [Piece; 2] {
    let call = ToolCall { id: "call".into(), name: "clock".into(), args: serde_json::json!({}) };
    [Piece::Tool(call), Piece::End(Ending { finish_reason: "tool_calls".into(), usage: Usage::default() })]
}

/// Begins with `1`, and has the others come while its turn runs.
async fn busy(bench: &Bench, stage: &Stage, others: &[&str]) -> (mpsc::UnboundedSender<Piece>, ActorRef<SessionMessage>) {
    let pieces = bench.stream();
    bench.arrive(&["1"]).await;
    let session = bench.start(Tenure::Kept);
    stage.until("the first turn runs", || bench.provider.asked() == 1).await;
    bench.arrive(others).await;
    session.wake();
    (pieces, session)
}

fn told(lines: Vec<(Role, String)>) -> Vec<String> {
    lines.into_iter().map(|(role, text)| format!("{}: {text}", if role == Role::User { "U" } else { "A" })).collect()
}

#[test]
fn each_mode_leaves_this_transcript() {
    use First::{CallsATool, Ends, GoesOn};
    let apart = ["U: 1", "A: one", "U: 2", "A: 2", "U: 3", "A: 3", "U: 4", "A: 4"].as_slice();
    // The mode, the first turn, the transcript, how many go unanswered, how many the first turn is given.
    let cases: [(&str, First, &[&str], u64, u64); 13] = [
        ("collect", Ends, &["U: 1", "A: one", "U: 2\n\n3\n\n4", "A: 2\n\n3\n\n4"], 0, 0),
        ("collect debounce:0", Ends, &["U: 1", "A: one", "U: 2\n\n3\n\n4", "A: 2\n\n3\n\n4"], 0, 0),
        ("collect cap:2 drop:old", Ends, &["U: 1", "A: one", "U: 3\n\n4", "A: 3\n\n4"], 1, 0),
        ("collect cap:2 drop:new", Ends, &["U: 1", "A: one", "U: 2\n\n3", "A: 2\n\n3"], 1, 0),
        (
            "collect cap:2 drop:summarize",
            Ends,
            &[
                "U: 1",
                "A: one",
                "U: [1 earlier message, cut short]\n- 2\n\n3\n\n4",
                "A: [1 earlier message, cut short]\n- 2\n\n3\n\n4",
            ],
            0,
            0,
        ),
        ("collect", CallsATool, &["U: 1", "A: one", "U: 2\n\n3\n\n4", "A: 2\n\n3\n\n4"], 0, 0),
        ("followup", Ends, apart, 0, 0),
        ("followup cap:1 drop:old", Ends, apart, 0, 0),
        ("steer", CallsATool, &["U: 1", "U: 2", "U: 3", "U: 4", "A: one"], 0, 3),
        ("steer", Ends, apart, 0, 0),
        ("steer-backlog", CallsATool, apart, 0, 3),
        ("interrupt", GoesOn, &["U: 1", "A: so far", "U: 2\n\n3\n\n4", "A: 2\n\n3\n\n4"], 0, 0),
        ("interrupt cap:1 drop:old", GoesOn, &["U: 1", "A: so far", "U: 4", "A: 4"], 2, 0),
    ];
    for (mode, first, transcript, dropped, given) in cases {
        play(|stage| async move {
            let mut bench = Bench::new(&stage);
            bench.settings.queue = rules(mode);
            let (pieces, _session) = busy(&bench, &stage, &["2", "3", "4"]).await;
            let turns = &bench.counters.turns;
            match first {
                Ends => [say("one"), end()].into_iter().for_each(|piece| pieces.send(piece).unwrap()),
                CallsATool => {
                    bench.provider.add(Line::Say("one"));
                    stage.pass_until("it is given the others", || turns.steered.get() == given).await;
                    called().into_iter().for_each(|piece| pieces.send(piece).unwrap());
                }
                GoesOn => pieces.send(say("so far")).unwrap(),
            }
            if first == GoesOn {
                stage.until("it is heard", || bench.told().iter().any(|line| line.contains("so far"))).await;
            }
            bench.answered().await;
            assert_eq!(told(bench.transcript().await), transcript, "{mode} {first:?}");
            assert_eq!(turns.dropped.get(), dropped, "{mode} {first:?}");
            assert_eq!(turns.aborted.get(), u64::from(first == GoesOn), "{mode} {first:?}");
            let shown = bench.provider.prompts().get(1).map(|prompt| prompt.rounds.clone()).unwrap_or_default();
            let meanwhile = ["2", "3", "4"].map(|text| format!("\n\n[The user says meanwhile] {text}")).concat();
            if given > 0 {
                let [(_, ToolResult::Failed(result))] = &shown[0].calls[..] else { panic!("{shown:?}") };
                assert!(result.ends_with(&meanwhile), "{mode}: {result}");
            }
        });
    }
}

#[test]
fn the_first_message_to_an_idle_session_does_not_wait_for_quiet() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.queue = rules("collect debounce:30s");
        let session = bench.start(Tenure::Kept);
        for text in ["1", "2"] {
            bench.arrive(&[text]).await;
            session.wake();
            // No time passes on the clock.
            stage.until("it is answered", || bench.open_rows() == 0).await;
        }
        assert_eq!(bench.prompts(), ["1", "2"]);
    });
}

#[test]
fn somebody_who_goes_on_talking_is_not_waited_for_for_ever() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.queue = rules("collect debounce:10s cap:200");
        let (pieces, session) = busy(&bench, &stage, &["word"]).await;
        [say("one"), end()].into_iter().for_each(|piece| pieces.send(piece).unwrap());
        for number in 0..60 {
            if bench.provider.asked() > 1 {
                break;
            }
            assert!(number < 20, "five times the quiet at the most");
            bench.arrive(&[&format!("word {number}")]).await;
            session.wake();
            stage.pass(std::time::Duration::from_secs(5)).await;
        }
        bench.answered().await;
    });
}

#[test]
fn a_sessions_own_word_goes_before_the_settings_and_a_messages_before_that() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.queue = rules("followup");
        bench.set(serde_json::json!({ "queue": "collect" })).await;
        let (pieces, _session) = busy(&bench, &stage, &["2", "3"]).await;
        [say("one"), end()].into_iter().for_each(|piece| pieces.send(piece).unwrap());
        bench.answered().await;
        assert_eq!(bench.prompts(), ["1", "2\n\n3"]);
    });
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.commands.access_groups = AccessGroups::Ignored;
        let (_pieces, _session) = busy(&bench, &stage, &["2 /queue interrupt"]).await;
        bench.answered().await;
        assert_eq!(told(bench.transcript().await), ["U: 1", "U: 2", "A: 2"]);
    });
}

/// Else anybody in a group could end the turns of others, or have their messages dropped.
#[test]
fn the_word_of_a_stranger_is_text() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let (pieces, _session) = busy(&bench, &stage, &["2 /queue interrupt"]).await;
        stage.pass(std::time::Duration::from_secs(5)).await;
        [say("one"), end()].into_iter().for_each(|piece| pieces.send(piece).unwrap());
        bench.answered().await;
        assert_eq!(bench.prompts(), ["1", "2 /queue interrupt"]);
        assert_eq!(bench.counters.turns.aborted.get(), 0);
    });
}

/// What others said to each other in a room comes with the message that is answered: it is nobody's order, and hides none.
#[test]
fn what_was_overheard_is_told_and_not_obeyed() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.commands.access_groups = AccessGroups::Ignored;
        let (pieces, session) = busy(&bench, &stage, &[]).await;
        bench.overhearing("2", "Eve: /queue interrupt").await;
        session.wake();
        stage.pass(std::time::Duration::from_secs(5)).await;
        [say("one"), end()].into_iter().for_each(|piece| pieces.send(piece).unwrap());
        bench.answered().await;
        let told = "[Said here since the last answer]\nEve: /queue interrupt\n\n[To be answered now]\nÜnïcode 🎭: 2";
        assert_eq!(bench.prompts(), ["1", told]);
        assert_eq!(bench.counters.turns.aborted.get(), 0);
        bench.overhearing("abort", "Eve: so what").await;
        session.wake();
        bench.answered().await;
        assert_eq!(bench.prompts().len(), 2, "it is a command");
    });
}

/// Each request fails once, or is done and its answer never comes: every message is part of exactly one turn.
#[test]
fn a_failing_or_late_store_costs_no_collected_message() {
    for request in ["session", "waiting_rows", "take_rows", "reopen_inbox", "finish_turn"] {
        for trouble in Trouble::ALL {
            play(|stage| async move {
                let mut bench = Bench::new(&stage);
                bench.settings.queue = rules("collect");
                bench.arrive(&["1", "2", "3"]).await;
                bench.store.trouble(trouble, request);
                bench.start(Tenure::Kept);
                bench.answered().await;
                assert_eq!(told(bench.transcript().await), ["U: 1\n\n2\n\n3", "A: 1\n\n2\n\n3"], "{request} {trouble:?}");
            });
        }
    }
}

/// What shared a turn with a message that takes the session down is answered all the same.
#[test]
fn rows_that_were_in_hand_at_a_crash_are_answered_one_by_one() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.queue = rules("collect");
        bench.provider.add(Line::Panic);
        bench.arrive(&["1", "2"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(bench.prompts(), ["1\n\n2", "1", "2"]);
        assert_eq!(told(bench.transcript().await), ["U: 1", "A: 1", "U: 2", "A: 2"]);
    });
}

/// A turn that was given a message and fails has not answered it.
#[test]
fn a_message_that_a_crashed_turn_took_along_is_answered() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.queue = rules("steer");
        let (pieces, _session) = busy(&bench, &stage, &["2"]).await;
        stage.pass_until("it is given the other", || bench.counters.turns.steered.get() == 1).await;
        bench.provider.add(Line::Panic);
        called().into_iter().for_each(|piece| pieces.send(piece).unwrap());
        bench.answered().await;
        assert_eq!(told(bench.transcript().await), ["U: 1", "A: 1", "U: 2", "A: 2"]);
    });
}

#[test]
fn rows_of_other_chats_and_orders_have_turns_of_their_own() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.queue = rules("collect");
        bench.arrive(&["1", "2"]).await;
        bench.order("mine", super::bench::order("run")).await;
        bench.arrive(&["3"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(bench.prompts(), ["1\n\n2", "mine", "3"]);
    });
}

/// A client that waits is its own retry, and nobody interrupts it.
#[test]
fn a_client_that_waits_is_not_interrupted() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.queue = rules("interrupt");
        let pieces = bench.stream();
        let session = bench.start(Tenure::Kept);
        let client = super::bench::ask(&session, "ask");
        stage.until("its turn runs", || bench.provider.asked() == 1).await;
        bench.arrive(&["1"]).await;
        session.wake();
        let looks = bench.store.asked("waiting_rows");
        stage.pass_until("the row is looked at", || bench.store.asked("waiting_rows") > looks).await;
        [say("answer"), end()].into_iter().for_each(|piece| pieces.send(piece).unwrap());
        super::bench::heard(client).await;
        bench.answered().await;
        assert_eq!((bench.counters.turns.aborted.get(), bench.counters.turns.answered.get()), (0, 2));
    });
}

/// What several say together begins with the name of the first, which anybody chooses.
#[test]
fn a_name_is_no_command() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.queue = rules("collect");
        let said = |name: &str, text: &str| {
            let mut accept = make::accept("room", text);
            accept.inbound.text = text.to_owned();
            accept.inbound.route.chat.kind = ChatKind::Group;
            (accept.inbound.route.peer.id, accept.inbound.route.peer.name) = (name.to_owned(), name.to_owned());
            accept
        };
        let rows = vec![said("/new", "1"), said("ann", "2"), said("/help", "3")];
        bench.store.inner.accept(rows).await.unwrap();
        bench.start(Tenure::Kept);
        bench.answered().await;
        let text = "/new: 1\n\nann: 2\n\n/help: 3";
        assert_eq!(told(bench.transcript().await), [format!("U: {text}"), format!("A: {text}")]);
    });
}
