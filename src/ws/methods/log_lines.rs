//! A line of the log in the form that clients of the protocol print well: the text under `0`, the level and the part of the
//! program under `_meta`.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// What stands for a part of the program that is not named.
const PROGRAM: &str = "gateway";

/// What has a place of its own in a line.
const PLACED: &[&str] = &["time", "level", "event", "actor", "trace", "message"];

/// Returns a line as it is shown; one that is no record of ours as it is.
pub(super) fn shown(line: &str) -> String {
    let Ok(Value::Object(record)) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
    if !record.contains_key("time") || !record.contains_key("level") {
        return line.to_owned();
    }
    let part = |name: &str| record.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let subsystem = part("actor").or_else(|| part("event").and_then(|event| event.split('.').next())).unwrap_or(PROGRAM);
    let text = text(&record);
    let mut shown = json!({
        "0": text,
        "message": text,
        "_meta": {
            "logLevelName": part("level").unwrap_or("info").to_uppercase(),
            "name": json!({ "subsystem": subsystem }).to_string(),
        },
        "time": part("time"),
    });
    if let Some(fields) = shown.as_object_mut() {
        // What programs look for, under its own name.
        for name in ["event", "actor", "trace"] {
            fields.extend(record.get(name).filter(|value| !value.is_null()).map(|value| (name.to_owned(), value.clone())));
        }
    }
    shown.to_string()
}

/// Returns what people read: the message, or the event's name, and the fields behind it.
fn text(record: &Map<String, Value>) -> String {
    let part = |name: &str| record.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let mut text = part("message").or_else(|| part("event")).unwrap_or_default().to_owned();
    for (name, value) in record.iter().filter(|(name, _)| !PLACED.contains(&name.as_str())) {
        // Writing to a string cannot fail.
        let _ = match value {
            Value::String(value) => write!(text, " {name}={value}"),
            value => write!(text, " {name}={value}"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_shown_with_text_level_and_part() {
        let line = r#"{"time":"2026-11-26T12:00:00.000Z","level":"warn","event":"channel.down","actor":"channel:socket-chat:default","trace":null,"message":"the link is down","code":"link_down","tries":2}"#;
        let shown: Value = serde_json::from_str(&shown(line)).unwrap();
        assert_eq!(
            shown,
            json!({
                "0": "the link is down code=link_down tries=2",
                "message": "the link is down code=link_down tries=2",
                "_meta": { "logLevelName": "WARN", "name": r#"{"subsystem":"channel:socket-chat:default"}"# },
                "time": "2026-11-26T12:00:00.000Z",
                "event": "channel.down",
                "actor": "channel:socket-chat:default",
            })
        );
    }

    #[test]
    fn without_a_message_the_event_is_the_text_and_names_the_part() {
        let line = r#"{"time":"2026-11-26T12:00:00.000Z","level":"info","event":"gateway.ready","actor":null,"trace":null,"message":null}"#;
        let shown: Value = serde_json::from_str(&shown(line)).unwrap();
        assert_eq!((&shown["0"], &shown["_meta"]["name"]), (&json!("gateway.ready"), &json!(r#"{"subsystem":"gateway"}"#)));
    }

    #[test]
    fn what_is_no_record_stays_as_it_is() {
        for line in ["plain text", "{\"a\":1}", "[1]", ""] {
            assert_eq!(shown(line), line);
        }
    }
}
