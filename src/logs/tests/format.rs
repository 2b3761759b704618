//! What a line looks like, from the event to the file.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callboard_actors::core::Clock;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::logs::handle::build;
use crate::logs::line::{self, Form, Paint};
use crate::logs::record::{Fields, Record};
use crate::logs::redact::Redactor;
use crate::logs::{LogSettings, Logs};

const PATIENCE: Duration = Duration::from_secs(10);
/// 2026-11-21T02:16:33.042Z.
const NOW_MS: i64 = 1_795_227_393_042;

fn settings(dir: &Path) -> LogSettings {
    LogSettings { dir: Some(dir.to_owned()), console_level: LevelFilter::OFF, ..LogSettings::default() }
}

/// Runs with the log in place for this thread and returns the lines of the current file.
fn lines_of(change: impl FnOnce(&mut LogSettings), run: impl FnOnce(&Logs)) -> Vec<Value> {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings(dir.path());
    change(&mut settings);
    let (layer, logs) = build(&settings, Clock::manual(NOW_MS), TimeZone::UTC).unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || run(&logs));
    logs.flush(PATIENCE);
    let text = std::fs::read_to_string(dir.path().join("gateway.log")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn a_line_is_one_object_with_its_names_in_order() {
    let lines = lines_of(
        |_| {},
        |_| {
            let span = tracing::info_span!("turn", trace = "t-1", actor = "session:outer", model = "echo");
            let _inside = span.enter();
            tracing::info!(event = "actor.started", actor = %"channel:a:b", count = 3, share = 0.5, ok = true, "up\nand \"running\"");
            tracing::warn!("plain");
        },
    );
    let expected = json!({
        "time": "2026-11-21T02:16:33.042Z", "level": "info", "event": "actor.started", "actor": "channel:a:b", "trace": "t-1",
        "message": "up\nand \"running\"", "count": 3, "share": 0.5, "ok": true, "model": "echo"
    });
    assert_eq!(lines[0], expected);
    let names: Vec<_> = lines[0].as_object().unwrap().keys().take(6).map(String::as_str).collect();
    assert_eq!(names, ["time", "level", "event", "actor", "trace", "message"]);
    assert_eq!(
        (&lines[1]["event"], &lines[1]["actor"], &lines[1]["level"]),
        (&json!(null), &json!("session:outer"), &json!("warn"))
    );
}

#[test]
fn levels_hold_and_can_be_changed_while_it_runs() {
    let lines = lines_of(
        |settings| settings.level = LevelFilter::WARN,
        |logs| {
            let say = |what: &str| {
                tracing::debug!("{what} debug");
                tracing::info!("{what} info");
                tracing::warn!("{what} warn");
                tracing::info!(target: "somebody_elses", "{what} foreign");
            };
            say("before");
            logs.reload(&LogSettings { level: LevelFilter::DEBUG, console_level: LevelFilter::OFF, ..LogSettings::default() });
            say("after");
        },
    );
    let said: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(said, ["before warn", "after debug", "after info", "after warn"]);
}

#[test]
fn secrets_stand_in_no_line() {
    let lines = lines_of(
        |_| {},
        |logs| {
            logs.hide(vec!["hunter2-is-known".into(), "a".into()]);
            let span = tracing::info_span!("http", authorization = "Basic Zm9vOmJhcg==");
            let _inside = span.enter();
            tracing::info!(api_key = "abc", url = "mqtt://user:pa55word@host:1883/x", "apiKey=abcdefgh and hunter2-is-known");
        },
    );
    let line = lines[0].to_string();
    for secret in ["Zm9vOmJhcg", "\"abc\"", "pa55word", "abcdefgh", "hunter2"] {
        assert!(!line.contains(secret), "{secret} stands in {line}");
    }
    assert_eq!(lines[0]["url"], "mqtt://user:[hidden]@host:1883/x");
    assert!(lines[0]["message"].as_str().unwrap().starts_with("apiKey=[hidden] and [hidden]"));
}

#[test]
fn a_long_text_is_cut_and_stays_text() {
    let lines = lines_of(|_| {}, |_| tracing::info!(long = "ä".repeat(20_000), "m"));
    let long = lines[0]["long"].as_str().unwrap();
    assert!(long.len() < 9_000 && long.ends_with("ä…"));
}

/// Keeps the fields of the last event.
struct Take(Arc<Mutex<Fields>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Take {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        event.record(&mut *self.0.lock().unwrap());
    }
}

fn record() -> Record {
    let taken = Arc::<Mutex<Fields>>::default();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(Take(taken.clone())), || {
        tracing::warn!(event = "link.down", actor = "channel:a:b", wait_ms = 500, text = "evil\x1b[2Jline\nforged", "dropped");
    });
    let fields = taken.lock().unwrap().clone();
    Record { at_ms: NOW_MS, level: tracing::Level::WARN, fields }
}

#[test]
fn the_human_form_is_one_line_whatever_a_text_says() {
    let form = Form::Human(Paint::Plain, TimeZone::UTC);
    let line = line::write(&record(), &form, &Redactor::default());
    assert_eq!(line, "02:16:33.042 warn  channel:a:b link.down dropped wait_ms=500 text=evil\\u{1b}[2Jline\\nforged\n");
    let coloured = line::write(&record(), &Form::Human(Paint::Coloured, TimeZone::UTC), &Redactor::default());
    assert!(coloured.contains("\x1b[33m") && coloured.lines().count() == 1, "{coloured:?}");
}

#[test]
fn an_unwritable_folder_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = build(&settings(&file.path().join("logs")), Clock::manual(0), TimeZone::UTC).err().unwrap();
    assert!(error.to_string().contains(&file.path().display().to_string()), "{error}");
}
