//! The book of ordered turns: who is remembered, for how long, and how much of it.

use super::{Opened, RUN_MEMORY_MS, RUNS_BYTES_MAX, RunReport, RunStand, RunVerdict, Runs};
use crate::message::{RunId, SessionKey, Usage};

fn run(name: &str) -> RunId {
    RunId::named(name).unwrap()
}

fn report(text: String, ended_ms: i64) -> RunReport {
    let (provider, model) = (String::new(), String::new());
    RunReport { outcome: RunVerdict::Done, text, usage: Usage::default(), provider, model, started_ms: ended_ms, ended_ms }
}

#[test]
fn the_end_of_a_turn_is_remembered_for_a_while_and_an_open_one_until_it_ends() {
    let (runs, session) = (Runs::default(), SessionKey::new("agent:main:main"));
    for name in ["ends", "waits"] {
        assert_eq!(runs.open(&run(name), &session, 0), Opened::New);
    }
    runs.ended(&run("ends"), report("text".into(), 5));
    assert!(matches!(runs.open(&run("ends"), &session, RUN_MEMORY_MS + 4), Opened::Known(RunStand::Ended(_))));
    assert_eq!(runs.open(&run("later"), &session, RUN_MEMORY_MS + 5), Opened::New);
    assert_eq!(runs.find(&run("ends")), None);
    assert_eq!(runs.find(&run("waits")), Some((session, RunStand::Waiting)));
}

#[test]
fn answers_are_remembered_up_to_a_sum_of_bytes_the_oldest_going_first() {
    let (runs, session) = (Runs::default(), SessionKey::new("agent:main:main"));
    let text = "x".repeat(RUNS_BYTES_MAX / 2);
    for (at, name) in ["first", "second", "third"].into_iter().enumerate() {
        runs.open(&run(name), &session, 0);
        runs.ended(&run(name), report(text.clone(), i64::try_from(at).unwrap()));
    }
    assert_eq!(runs.find(&run("first")), None, "two halves fill the book");
    assert!(runs.find(&run("second")).is_some() && runs.find(&run("third")).is_some());
}

#[test]
fn whoever_follows_a_turn_hears_how_it_ended_also_when_it_is_forgotten_at_once() {
    let (runs, session) = (Runs::default(), SessionKey::new("agent:main:main"));
    runs.open(&run("big"), &session, 0);
    let followed = runs.follow(&run("big")).unwrap();
    runs.ended(&run("big"), report("x".repeat(RUNS_BYTES_MAX + 1), 0));
    assert_eq!(runs.find(&run("big")), None);
    assert!(matches!(&*followed.borrow(), RunStand::Ended(report) if report.text.len() > RUNS_BYTES_MAX));
}

#[test]
fn a_turn_that_begins_once_more_is_not_forgotten_while_it_runs() {
    let (runs, session) = (Runs::default(), SessionKey::new("agent:main:main"));
    runs.open(&run("one"), &session, 0);
    runs.ended(&run("one"), report("x".repeat(RUNS_BYTES_MAX), 0));
    runs.began(&run("one"), &session, "main", 5);
    runs.open(&run("other"), &session, RUN_MEMORY_MS + 10);
    assert_eq!(runs.find(&run("one")).map(|(_, stand)| stand), Some(RunStand::Running { started_ms: 5 }));
    runs.ended(&run("other"), report("x".repeat(RUNS_BYTES_MAX), RUN_MEMORY_MS + 10));
    assert!(runs.find(&run("other")).is_some(), "the answer that is void takes no room");
}

#[test]
fn only_a_page_that_waits_is_closed() {
    let (runs, session) = (Runs::default(), SessionKey::new("agent:main:main"));
    for name in ["waits", "runs", "ends", "called off"] {
        runs.open(&run(name), &session, 0);
    }
    runs.began(&run("runs"), &session, "main", 1);
    runs.ended(&run("ends"), report("text".into(), 1));
    assert!(runs.call_off(&run("called off"), "rpc"));
    for name in ["waits", "runs", "ends", "called off"] {
        runs.close(&run(name));
    }
    assert_eq!(runs.find(&run("waits")), None);
    assert!(matches!(runs.find(&run("runs")), Some((_, RunStand::Running { .. }))));
    assert!(matches!(runs.find(&run("ends")), Some((_, RunStand::Ended(report))) if report.text == "text"));
    let ended = runs.find(&run("called off"));
    assert!(matches!(ended, Some((_, RunStand::Ended(report))) if report.outcome == RunVerdict::Aborted("rpc")));
    assert_eq!(runs.called_off(&run("called off")), Some("rpc"), "its row may be there after all");
    runs.open(&run("later"), &session, RUN_MEMORY_MS + 1);
    assert_eq!(runs.find(&run("called off")), None, "it is forgotten as every other");
}

/// Whether a turn that runs can still be stopped is known in its session only: it may be over and just being written down.
#[test]
fn a_turn_that_runs_is_called_off_for_its_next_try_only() {
    let (runs, session) = (Runs::default(), SessionKey::new("agent:main:main"));
    runs.began(&run("one"), &session, "main", 0);
    assert!(!runs.call_off(&run("one"), "rpc"));
    assert_eq!(runs.called_off(&run("one")), Some("rpc"));
}

#[test]
fn a_turn_is_called_off_once_and_only_while_it_is_open() {
    let (runs, session) = (Runs::default(), SessionKey::new("agent:main:main"));
    assert!(!runs.call_off(&run("unknown"), "rpc"));
    runs.open(&run("one"), &session, 0);
    assert_eq!(runs.open_in(&session), [run("one")]);
    assert!(runs.call_off(&run("one"), "rpc") && runs.call_off(&run("one"), "stop"));
    assert_eq!(runs.called_off(&run("one")), Some("rpc"));
    runs.ended(&run("one"), report(String::new(), 0));
    assert!(!runs.call_off(&run("one"), "rpc") && runs.open_in(&session).is_empty());
}
