//! The two forms of a record.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use owo_colors::{OwoColorize as _, Style};
use serde_json::Value;
use tracing::Level;

use super::record::Record;
use super::redact::Redactor;

/// The names that every line has a place for.
const PLACED: &[&str] = &["event", "actor", "trace", "message"];

/// How a line looks.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// One JSON object: `time`, `level`, `event`, `actor`, `trace`, `message`, then the rest.
    Json,
    /// For people, in their time.
    Human(Paint, TimeZone),
}

/// Whether a line has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Coloured,
}

/// Writes a line, with its end.
pub(super) fn write(record: &Record, form: &Form, redactor: &Redactor) -> String {
    match form {
        Form::Json => json(record, redactor),
        Form::Human(paint, zone) => human(record, *paint, zone, redactor),
    }
}

fn json(record: &Record, redactor: &Redactor) -> String {
    let time = Timestamp::from_millisecond(record.at_ms).unwrap_or_default();
    let mut line = format!("{{\"time\":\"{time:.3}\",\"level\":\"{}\"", level_name(record.level));
    for name in PLACED {
        let text = record.fields.text(name).map(|text| redactor.text(text));
        push(&mut line, name, &text.map_or(Value::Null, |text| text.into_owned().into()));
    }
    for (name, value) in record.fields.iter().filter(|(name, _)| !PLACED.contains(name)) {
        push(&mut line, name, &redactor.value(name, value));
    }
    line.push_str("}\n");
    line
}

fn push(line: &mut String, name: &str, value: &Value) {
    // Names are those of fields in the code, and writing to a string cannot fail.
    let _ = write!(line, ",\"{name}\":{value}");
}

fn human(record: &Record, paint: Paint, zone: &TimeZone, redactor: &Redactor) -> String {
    let time = Timestamp::from_millisecond(record.at_ms).unwrap_or_default().to_zoned(zone.clone());
    let mut line = String::with_capacity(160);
    let dim = style(paint, Style::new().dimmed());
    let _ = write!(line, "{} ", time.strftime("%H:%M:%S%.3f").style(dim));
    let _ = write!(line, "{:<5}", level_name(record.level).style(style(paint, level_style(record.level))));
    for (name, look) in [("actor", Style::new().cyan()), ("event", Style::new().bold()), ("message", Style::new())] {
        if let Some(text) = record.fields.text(name).filter(|text| !text.is_empty()) {
            let _ = write!(line, " {}", printable(&redactor.text(text)).style(style(paint, look)));
        }
    }
    for (name, value) in record.fields.iter().filter(|(name, _)| !PLACED.contains(name) || *name == "trace") {
        let value = redactor.value(name, value);
        let text = value.as_str().map_or_else(|| value.to_string(), printable);
        let _ = write!(line, " {}{text}", format_args!("{name}=").style(dim));
    }
    line.push('\n');
    line
}

/// Foreign text must not move the cursor, ring the bell or forge a line of its own.
fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

fn style(paint: Paint, wanted: Style) -> Style {
    match paint {
        Paint::Plain => Style::new(),
        Paint::Coloured => wanted,
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

fn level_style(level: Level) -> Style {
    match level {
        Level::ERROR => Style::new().red().bold(),
        Level::WARN => Style::new().yellow(),
        Level::INFO => Style::new().green(),
        _ => Style::new().dimmed(),
    }
}
