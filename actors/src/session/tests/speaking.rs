//! Answers that leave while their turns run: each part once, whatever fails around it.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tokio::sync::mpsc;

use super::bench::{Bench, abort, end, id, key, one_by_one, say};
use super::commands::ready;
use crate::agent::{Piece, Repeat};
use crate::core::Drill;
use crate::doubles::{Line, PropTool, Stage, Trouble, play, toolbox};
use crate::message::{BegunRound, Code, OutboxId, Role, Speech, SpeechWay, Tenure};
use crate::ports::conformance::make;
use crate::ports::{CrashCount, SendOrder, Store as _};
use crate::session::{OnProviderFailure, PartBreak, Pause, QueueMode, QueuePolicy, QueueRules};

const SORRY: &str = "Sorry, I could not answer that (provider_refused). Please try again later.";

/// Returns a bench whose account has answers leave in a way, a second after the last word.
fn bench(stage: &Arc<Stage>, way: SpeechWay) -> Bench {
    let bench = Bench::new(stage);
    *bench.notebook.speech.lock().unwrap() = Some(Speech { way: Some(way), ..Speech::default() });
    bench
}

/// Waits until so many payloads wait.
async fn left(bench: &Bench, count: u64) {
    bench.stage.pass_until("a part has left", || bench.store.health().outbox_open == count).await;
}

/// Begins an answer of which "One." has left.
async fn begun(bench: &Bench) -> mpsc::UnboundedSender<Piece> {
    let pieces = bench.stream();
    bench.arrive(&["1"]).await;
    pieces.send(say("One.\n\nTw")).unwrap();
    pieces
}

async fn answer(bench: &Bench) -> String {
    let lines = bench.transcript().await.into_iter();
    lines.filter(|(role, _)| *role == Role::Assistant).map(|(_, text)| text).collect::<Vec<_>>().join("|")
}

#[test]
fn whole_paragraphs_leave_when_nothing_is_added_for_a_while_and_the_end_has_the_rest() {
    play(|stage| async move {
        let bench = bench(&stage, SpeechWay::Parts);
        let pieces = begun(&bench).await;
        bench.start(Tenure::Kept);
        left(&bench, 1).await;
        assert_eq!(bench.notebook.stage.speaking.load(SeqCst), 1);
        assert_eq!(bench.notebook.woken_channels.lock().unwrap().len(), 1, "it goes at once");
        for piece in [say("o.\n\n"), say("Three."), end()] {
            pieces.send(piece).unwrap();
        }
        bench.answered().await;
        assert!(bench.notebook.stage.answered.lock().unwrap()[0].1.is_some(), "the rest of it is the last");
        assert_eq!(bench.outbox().await, ["^One.", "Two.\n\nThree."]);
        assert_eq!(answer(&bench).await, "One.\n\nTwo.\n\nThree.");
        assert_eq!(bench.notebook.stage.speaking.load(SeqCst), 0);
    });
}

#[test]
fn what_is_long_enough_leaves_at_once() {
    play(|stage| async move {
        let bench = bench(&stage, SpeechWay::Parts);
        let pieces = bench.stream();
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        pieces.send(say(&format!("{}\n\nTwo", "x".repeat(800)))).unwrap();
        stage.until("it leaves while no time passes", || bench.store.health().outbox_open == 1).await;
        pieces.send(end()).unwrap();
        bench.answered().await;
        assert_eq!(bench.outbox().await[1], "Two");
    });
}

#[test]
fn a_crash_neither_doubles_nor_loses_a_part() {
    // A model that says it all again, one that goes on, one that goes on otherwise, one that has nothing more to say.
    let cases: [(&'static str, &[&str], &str); 4] = [
        ("One.\n\nTwo.", &["^One.", "Two."], "One.\n\nTwo."),
        ("Two.", &["^One.", "Two."], "One.\n\nTwo."),
        ("Once more.", &["^One.", "Once more."], "One.\n\nOnce more."),
        ("One.", &["^One."], "One.\n\n"),
    ];
    for (again, sent, line) in cases {
        play(move |stage| async move {
            let bench = bench(&stage, SpeechWay::Parts);
            let _pieces = begun(&bench).await;
            bench.start(Tenure::Kept);
            left(&bench, 1).await;
            bench.provider.add(Line::Say(again));
            stage.supervisor.fault(&id(), Drill::Panic).unwrap();
            bench.answered().await;
            assert_eq!(bench.outbox().await, sent, "{again}");
            assert_eq!(answer(&bench).await, line);
            assert_eq!(bench.provider.prompts()[1].said, "One.\n\n", "the model knows what was said");
            assert_eq!(bench.notebook.stage.speaking.load(SeqCst), 0);
        });
    }
}

#[test]
fn after_a_crash_parts_go_on_behind_the_rounds_of_tools() {
    play(|stage| async move {
        let (bell, slow) = (PropTool::new("bell", Repeat::Safe), PropTool::new("slow", Repeat::Safe));
        let bench = Bench { tools: toolbox(&[&bell, &slow], &stage.clock), ..bench(&stage, SpeechWay::Parts) };
        bench.provider.add(Line::Calls("Let me ring. ", &["bell"]));
        let _never = slow.hold();
        bench.provider.add(Line::Calls("And wait.", &["slow"]));
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        stage.until("the second tool runs", || slow.calls() == 1).await;
        // What a round ended with is whole.
        left(&bench, 1).await;
        bench.provider.add(Line::Say("Done."));
        stage.supervisor.fault(&id(), Drill::Panic).unwrap();
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["^Let me ring. And wait.", "Done."]);
        assert_eq!((bell.calls(), slow.calls()), (1, 2));
        assert_eq!(answer(&bench).await, "Let me ring. And wait.Done.");
        assert_eq!(bench.provider.prompts()[2].said, "", "it stands in the rounds");
    });
}

#[test]
fn parts_end_with_a_round_only_where_the_settings_say_so() {
    play(|stage| async move {
        let bell = PropTool::new("bell", Repeat::Safe);
        let mut bench = Bench { tools: toolbox(&[&bell], &stage.clock), ..bench(&stage, SpeechWay::Parts) };
        bench.settings.speech.at = PartBreak::Round;
        let first = begun(&bench).await;
        let second = bench.stream();
        bench.start(Tenure::Kept);
        stage.pass(Duration::from_secs(5)).await;
        assert_eq!(bench.store.health().outbox_open, 0, "the round goes on");
        let call = crate::message::ToolCall { id: "1".into(), name: "bell".into(), args: serde_json::json!({}) };
        first.send(Piece::Tool(call)).unwrap();
        first.send(end()).unwrap();
        left(&bench, 1).await;
        second.send(say("o.")).unwrap();
        second.send(end()).unwrap();
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["^One.\n\nTw", "o."]);
    });
}

#[test]
fn parts_leave_with_a_pause_between_them_and_the_end_waits_for_none() {
    play(|stage| async move {
        let mut bench = bench(&stage, SpeechWay::Parts);
        let wait = Duration::from_secs(30);
        // The agent's own goes before everybody's.
        bench.settings.pauses = [("main".to_owned(), Pause { min: wait, max: wait })].into();
        let pieces = begun(&bench).await;
        bench.start(Tenure::Kept);
        left(&bench, 1).await;
        let before = stage.clock.elapsed();
        pieces.send(say("o.\n\nThree.\n\nFo")).unwrap();
        left(&bench, 2).await;
        let waited = stage.clock.elapsed() - before;
        assert!(waited > wait / 2, "{waited:?}");
        pieces.send(say("ur.")).unwrap();
        pieces.send(end()).unwrap();
        stage.until("the end waits for nothing", || bench.open_rows() == 0).await;
        assert_eq!(bench.outbox().await, ["^One.", "Two.\n\nThree.", "Four."]);
    });
}

#[test]
fn a_failure_leaves_what_was_said_and_says_so() {
    play(|stage| async move {
        let bench = bench(&stage, SpeechWay::Parts);
        let pieces = begun(&bench).await;
        bench.start(Tenure::Kept);
        left(&bench, 1).await;
        drop(pieces);
        bench.answered().await;
        let sorry = SORRY.replace("provider_refused", "provider_broken");
        assert_eq!(bench.outbox().await, ["^One.", sorry.as_str()]);
        let line = answer(&bench).await;
        assert_eq!(line, format!("One.\n\n{sorry}"));
        assert!(crate::session::tells_failure(&line));
    });
}

#[test]
fn a_failed_try_is_followed_by_one_that_goes_on() {
    play(|stage| async move {
        let mut bench = bench(&stage, SpeechWay::Parts);
        bench.settings.on_provider_failure = OnProviderFailure::Retry;
        let pieces = begun(&bench).await;
        bench.start(Tenure::Kept);
        left(&bench, 1).await;
        bench.provider.add(Line::Say("One.\n\nTwo."));
        drop(pieces);
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["^One.", "Two."]);
        assert_eq!(bench.provider.prompts()[1].said, "One.\n\n");
    });
}

#[test]
fn an_answer_that_is_ended_by_others_says_so_behind_what_was_said() {
    for way in [SpeechWay::Parts, SpeechWay::Edits] {
        play(move |stage| async move {
            let bench = bench(&stage, way);
            let _pieces = begun(&bench).await;
            let session = bench.start(Tenure::Kept);
            let shown = || !bench.notebook.stage.drafts.lock().unwrap().is_empty();
            stage.pass_until("it is seen", || bench.store.health().outbox_open == 1 || shown()).await;
            assert!(abort(&session, None).await.is_some());
            bench.answered().await;
            let ended = "(The answer was ended here.)";
            let sent = bench.outbox().await;
            match way {
                SpeechWay::Edits => assert_eq!(sent, [format!("^One.\n\nTw\n\n{ended}")]),
                _ => assert_eq!(sent, ["^One.", ended]),
            }
        });
    }
}

#[test]
fn a_store_that_fails_or_does_not_answer_gets_each_part_once() {
    for trouble in Trouble::ALL {
        play(move |stage| async move {
            let bench = bench(&stage, SpeechWay::Parts);
            bench.store.trouble(trouble, "say");
            let pieces = begun(&bench).await;
            bench.start(Tenure::Kept);
            stage.pass_until("it is asked again", || bench.store.asked("say") == 2).await;
            pieces.send(say("o.")).unwrap();
            pieces.send(end()).unwrap();
            bench.answered().await;
            assert_eq!(bench.outbox().await, ["^One.", "Two."], "{trouble:?}");
        });
    }
}

#[test]
fn a_session_that_must_not_send_says_nothing_early_either() {
    play(|stage| async move {
        let bench = bench(&stage, SpeechWay::Parts);
        bench.set(serde_json::json!({ "sendPolicy": "deny" })).await;
        let pieces = begun(&bench).await;
        bench.start(Tenure::Kept);
        stage.pass_until("the turn runs", || bench.provider.asked() == 1).await;
        stage.pass(Duration::from_secs(5)).await;
        pieces.send(end()).unwrap();
        bench.answered().await;
        assert!(bench.outbox().await.is_empty());
    });
}

#[test]
fn drafts_show_an_answer_in_the_place_of_its_row() {
    play(|stage| async move {
        let bench = bench(&stage, SpeechWay::Edits);
        let pieces = begun(&bench).await;
        bench.start(Tenure::Kept);
        let drafts = || bench.notebook.stage.drafts.lock().unwrap().clone();
        stage.pass_until("a draft is shown", || drafts().len() == 1).await;
        pieces.send(say("o.")).unwrap();
        stage.pass_until("another is shown", || drafts().len() == 2).await;
        bench.provider.add(Line::Say("One. Two."));
        stage.supervisor.fault(&id(), Drill::Panic).unwrap();
        bench.answered().await;
        let shown = drafts();
        assert_eq!(shown[1].outbound.text, "^One.\n\nTwo.");
        let rows =
            bench.store.inner.begin_send(crate::ports::conformance::make::account(), 9, crate::ports::SendOrder::Pipelined);
        let rows = rows.await.unwrap();
        assert_eq!(rows.iter().map(|row| row.outbound.text.as_str()).collect::<Vec<_>>(), ["^One. Two."]);
        assert!(shown.iter().all(|draft| draft.id == rows[0].id && draft.trace == rows[0].trace), "after a crash too");
        assert!(bench.provider.prompts()[1].said.is_empty(), "a draft binds nobody");
    });
}

#[test]
fn a_draft_is_overwritten_by_the_failure_of_its_turn() {
    play(|stage| async move {
        let bench = bench(&stage, SpeechWay::Edits);
        let pieces = begun(&bench).await;
        bench.start(Tenure::Kept);
        stage.pass_until("a draft is shown", || !bench.notebook.stage.drafts.lock().unwrap().is_empty()).await;
        drop(pieces);
        bench.answered().await;
        let sorry = SORRY.replace("provider_refused", Code::ProviderBroken.as_str());
        assert_eq!(bench.outbox().await, [format!("^One.\n\nTw\n\n{sorry}")]);
    });
}

const CLOSED: &str = "(The answer was ended here.)";

/// Returns the ids and texts that wait in the outbox.
async fn rows(bench: &Bench) -> Vec<(OutboxId, String)> {
    let rows = bench.store.inner.begin_send(make::account(), 9, SendOrder::Pipelined).await.unwrap();
    rows.into_iter().map(|row| (row.id, row.outbound.text)).collect()
}

/// A try has shown a part and failed, and the next is not begun: the draft is closed behind what stood there.
#[test]
fn a_draft_of_a_try_that_failed_is_closed_when_the_next_is_ended() {
    play(|stage| async move {
        let mut bench = bench(&stage, SpeechWay::Edits);
        bench.settings.on_provider_failure = OnProviderFailure::Retry;
        let pieces = begun(&bench).await;
        let session = bench.start(Tenure::Kept);
        let drafts = || bench.notebook.stage.drafts.lock().unwrap().clone();
        stage.pass_until("a draft is shown", || !drafts().is_empty()).await;
        drop(pieces);
        stage.until("the try has failed", || bench.counters.turns.failed.get() == 1).await;
        assert!(abort(&session, None).await.is_some());
        bench.answered().await;
        assert_eq!(rows(&bench).await, [(drafts()[0].id, format!("^One.\n\nTw\n\n{CLOSED}"))]);
    });
}

/// An answer that has begun as a draft may not be sent any more: nothing of it stays as if there were more to come.
#[test]
fn a_draft_is_closed_where_its_answer_may_not_be_sent_any_more() {
    for ending in ["whole", "refused"] {
        play(|stage| async move {
            let bench = bench(&stage, SpeechWay::Edits);
            let pieces = begun(&bench).await;
            bench.start(Tenure::Kept);
            let drafts = || bench.notebook.stage.drafts.lock().unwrap().clone();
            stage.pass_until("a draft is shown", || !drafts().is_empty()).await;
            bench.set(serde_json::json!({ "sendPolicy": "deny" })).await;
            bench.provider.add(if ending == "whole" { Line::Say("One. Two.") } else { Line::Fail(Code::ProviderBroken) });
            stage.supervisor.fault(&id(), Drill::Panic).unwrap();
            bench.answered().await;
            drop(pieces);
            assert_eq!(rows(&bench).await, [(drafts()[0].id, format!("^{CLOSED}"))], "{ending}");
            assert!(ending != "whole" || answer(&bench).await == "One. Two.", "the transcript has it");
        });
    }
}

/// A stop that is there when the gateway comes back ends the turn that was cut short, once, with its draft and what it had done.
#[test]
fn a_stop_ends_a_turn_that_was_cut_short_and_closes_its_draft() {
    for (drafted, worked) in [(true, false), (true, true), (false, false)] {
        play(|stage| async move {
            let mut bench = bench(&stage, SpeechWay::Edits);
            ready(&mut bench);
            bench.settings.queue = QueueRules::default();
            bench.arrive(&["1"]).await;
            let store = &bench.store.inner;
            let row = store.begin_turn(key(), 1).await.unwrap().remove(0);
            if worked {
                let call = crate::message::ToolCall { id: "1".into(), name: "bell".into(), args: serde_json::json!({}) };
                store.begin_round(row.id, 0, BegunRound::new("Ring.".into(), vec![call])).await.unwrap();
            }
            if drafted {
                store.note_draft(row.id).await.unwrap();
            }
            // A restart by hand counts against nobody, and cuts short all the same.
            let crash = if drafted && !worked { CrashCount::Uncounted } else { CrashCount::Counted { max: 9 } };
            store.reopen_inbox(key(), crash).await.unwrap();
            bench.arrive(&["/stop", "2"]).await;
            bench.start(Tenure::Kept);
            bench.answered().await;
            let sent: Vec<_> = rows(&bench).await.into_iter().map(|(_, text)| text).collect();
            let closed = if worked { "^Ring." } else { CLOSED };
            let expected = [closed, "Stopped.", "2"].map(|text| text.trim_start_matches('^'));
            let sent: Vec<_> = sent.iter().map(|text| text.trim_start_matches('^')).collect();
            assert_eq!(sent, if drafted { &expected[..] } else { &expected[1..] }, "{drafted} {worked}");
            assert_eq!(bench.prompts(), ["2"], "it is not begun again");
            assert_eq!(answer(&bench).await, if worked { "Ring.|2" } else { "2" });
        });
    }
}

/// Nothing is closed that nobody saw.
#[test]
fn no_draft_is_shown_that_is_not_written_down() {
    play(|stage| async move {
        let bench = bench(&stage, SpeechWay::Edits);
        bench.store.fail("note_draft");
        let pieces = begun(&bench).await;
        bench.start(Tenure::Kept);
        stage.pass_until("it is asked", || bench.store.asked("note_draft") == 3).await;
        assert!(bench.notebook.stage.drafts.lock().unwrap().is_empty());
        pieces.send(say("o.")).unwrap();
        pieces.send(end()).unwrap();
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["^One.\n\nTwo."]);
    });
}

/// The account hears by which payload messages are answered: all that share a turn, and none where nothing is said.
#[test]
fn the_account_hears_which_messages_its_last_payload_answers() {
    for (mode, line, rows, payloads) in [
        (QueueMode::Followup, Line::Say("One."), 1, Some(1)),
        (QueueMode::Collect, Line::Say("One."), 2, Some(1)),
        (QueueMode::Followup, Line::Say(""), 1, None),
    ] {
        play(|stage| async move {
            let mut bench = bench(&stage, SpeechWay::Whole);
            bench.settings.queue = QueueRules { usual: QueuePolicy { mode, ..one_by_one().usual }, ..one_by_one() };
            bench.provider.add(line);
            bench.arrive(&["1", "2"][..rows]).await;
            bench.start(Tenure::Kept);
            bench.answered().await;
            let heard = bench.notebook.stage.answered.lock().unwrap().clone();
            let sent = bench.store.inner.begin_send(make::account(), 9, SendOrder::Pipelined).await.unwrap();
            assert_eq!(sent.len(), payloads.unwrap_or(0));
            let told: Vec<_> = heard.into_iter().map(|(told, last)| (told.len(), last)).collect();
            let wanted: Vec<_> = sent.last().map(|last| (rows, Some(last.id))).into_iter().collect();
            assert_eq!(told, wanted, "{mode:?}");
        });
    }
}
