use serde_json::json;

use super::lines::{Line, Lines};
use super::turns::{Ended, Turns};
use super::waiting::{Fate, LINES_MAX, Waiting, goes_at_once};
use crate::cli::output::Output;
use crate::cli::wire::Payload;

fn event(run: &str, state: &str) -> Payload {
    Payload::from_value(&json!({ "runId": run, "state": state, "stopReason": "rpc", "errorMessage": "broken" }))
}

#[test]
fn a_turn_ends_with_the_event_of_its_own_run() {
    for (state, ended) in
        [("final", Ended::Answered), ("aborted", Ended::Aborted("rpc".into())), ("error", Ended::Failed("broken".into()))]
    {
        let mut turns = Turns::new(Output::Human);
        turns.begun("1".into(), "mine".into());
        assert_eq!(turns.event(&event("other", state)).unwrap(), None);
        assert_eq!(turns.event(&event("mine", "delta")).unwrap(), None);
        assert!(!turns.is_quiet());
        assert_eq!(turns.event(&event("mine", state)).unwrap(), Some(ended));
        assert!(turns.is_quiet());
    }
}

#[test]
fn what_has_no_events_ends_with_its_answer() {
    for (answer, over) in [
        (json!({ "runId": "r", "status": "started" }), false),
        (json!({ "runId": "r", "status": "in_flight" }), false),
        (json!({ "runId": "r", "status": "ok" }), true),
        (json!({ "ok": true, "aborted": false, "runIds": [] }), true),
    ] {
        let mut turns = Turns::new(Output::Human);
        turns.begun("1".into(), "r".into());
        assert_eq!(turns.answered("2", &answer), None);
        assert_eq!(turns.answered("1", &answer).is_some(), over, "{answer}");
        assert_eq!(turns.is_quiet(), over, "{answer}");
    }
}

#[test]
fn a_turn_is_asked_to_end_once() {
    let mut turns = Turns::new(Output::Human);
    assert_eq!(turns.next_to_abort(), None);
    turns.begun("1".into(), "r".into());
    assert_eq!(turns.next_to_abort().as_deref(), Some("r"));
    assert_eq!(turns.next_to_abort(), None);
}

#[test]
fn commands_and_stop_words_do_not_wait() {
    for (line, at_once) in [("/abort", true), ("/status", true), ("STOP", true), ("stop it", false), ("hello", false)] {
        assert_eq!(goes_at_once(line), at_once, "{line}");
    }
}

#[tokio::test]
async fn lines_come_one_by_one_and_then_the_end() {
    let mut lines = Lines::of(|| &b"one\r\n\ntwo"[..]);
    for text in ["one", "", "two"] {
        assert_eq!(lines.next().await, Line::Text(text.into()));
    }
    assert_eq!((lines.next().await, lines.next().await), (Line::End, Line::End));
    let mut lines = Lines::of(|| &b"\xff\n"[..]);
    assert!(matches!(lines.next().await, Line::Broken(reason) if reason.contains("UTF-8")));
    let long = vec![b'x'; 1 << 20];
    let mut lines = Lines::of(move || std::io::Cursor::new(long));
    assert!(matches!(lines.next().await, Line::Broken(reason) if reason.contains("longer")));
}

#[test]
fn a_stop_word_behind_lines_that_wait_is_said_at_once() {
    let mut waiting = Waiting::default();
    assert_eq!(waiting.heard(" hello ", true), Fate::Say("hello"));
    for number in 0..LINES_MAX {
        assert_eq!(waiting.heard(&number.to_string(), false), Fate::Waits);
    }
    assert_eq!(waiting.heard("one more", false), Fate::Dropped);
    for (line, fate) in [("stop", Fate::Say("stop")), ("/abort", Fate::Say("/abort")), (" ", Fate::Nothing)] {
        assert_eq!(waiting.heard(line, false), fate, "{line}");
    }
    assert_eq!((waiting.next().as_deref(), waiting.next().as_deref()), (Some("0"), Some("1")), "in their order");
    waiting.clear();
    assert_eq!(waiting.next(), None);
    assert_eq!(waiting.heard("/quit", false), Fate::Leave);
}
