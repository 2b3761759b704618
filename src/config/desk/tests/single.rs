//! One key at a time.

use serde_json::{Value, json};

use super::super::DeskError;
use super::{Stage, Weight};
use crate::config::desk::RestartWish;
use crate::config::{KeyPath, Overlay, Overrides};

const OLD: &str = "{
  // kept
  gateway: { auth: { token: 'sesame-token' } },
  session: { historyEntriesMax: 7 },
  channels: { 'socket-chat': { allowFrom: ['a'] } },
}
";

fn path(text: &str) -> KeyPath {
    text.parse().unwrap()
}

fn change(stage: &Stage, key: &str, value: Value) -> Result<bool, DeskError> {
    stage.desk.change(&path(key), value, &RestartWish::default()).map(|written| written.changed)
}

#[test]
fn a_key_of_the_file_is_set_and_taken_out_with_its_comments_kept() {
    let stage = Stage::config(OLD);
    assert!(change(&stage, "session.historyEntriesMax", json!(9)).unwrap());
    assert!(stage.text().contains("historyEntriesMax: 9") && stage.text().contains("// kept"), "{}", stage.text());
    assert!(!change(&stage, "session.historyEntriesMax", json!(9)).unwrap());
    assert!(change(&stage, "session.historyEntriesMax", Value::Null).unwrap());
    assert!(!stage.text().contains("historyEntriesMax"));
    assert!(change(&stage, "channels.socket-chat.allowFrom", json!(["a", "b"])).unwrap());
    assert!(stage.text().contains('b'), "{}", stage.text());
    for (key, value) in
        [("session.historyEntriesMax", json!("many")), ("sesion.x", json!(1)), ("agents.list[0].id", json!("a"))]
    {
        let before = stage.text();
        let error = change(&stage, key, value).unwrap_err();
        assert!(!Stage::issues(&error).is_empty(), "{key}: {error}");
        assert_eq!(stage.text(), before);
    }
}

#[test]
fn what_is_laid_over_the_file_counts_before_it_and_leaves_it_alone() {
    let overrides = Overrides { overlay: Overlay::default(), ..Overrides::default() };
    let stage = Stage::with(crate::config::tests::Home::new().config(OLD), overrides.clone());
    let held = || stage.desk.get().config["session"]["historyEntriesMax"].clone();
    let effect = stage.desk.lay_over(&path("session.historyEntriesMax"), Some(json!(3))).unwrap();
    assert_eq!(effect.hot, ["session.historyEntriesMax"]);
    assert_eq!((held(), stage.desk.overlay()), (json!(3), json!({ "session": { "historyEntriesMax": 3 } })));
    assert_eq!(stage.text(), OLD);
    assert_eq!(overrides.overlay.tree().len(), 1, "whoever loads the file again has it too");
    assert!(overrides.lasting().overlay.is_empty());
    stage.desk.lay_over(&path("channels.socket-chat.allowFrom"), Some(json!(["b"]))).unwrap();
    assert_eq!(stage.desk.get().config["channels"]["socket-chat"]["allowFrom"], json!(["b"]));
    stage.desk.lay_over(&path("session.historyEntriesMax"), None).unwrap();
    assert_eq!((held(), stage.desk.overlay()["session"].clone()), (json!(7), Value::Null));
    stage.desk.clear_overlay().unwrap();
    assert_eq!(stage.desk.overlay(), json!({}));
    let told = stage.doorman.told.lock().unwrap().clone();
    assert_eq!(told.len(), 4);
    assert!(told.iter().all(|(reason, weight, _)| reason == "debug" && *weight == Weight::Passing), "{told:?}");
}

#[test]
fn what_cannot_be_laid_over_the_file_changes_nothing() {
    let stage = Stage::config(OLD);
    let cases = [
        ("commands.restart", Some(json!(true)), "gate"),
        ("gateway.port", Some(json!(5)), "next start"),
        ("store.inboxRowsMax", Some(json!(5)), "next start"),
        ("session.historyEntriesMax", Some(json!("many")), ""),
        ("sesion", Some(json!({})), ""),
        ("agents.list[0].id", Some(json!("a")), "list"),
        ("", Some(json!({})), "list"),
        ("session.historyEntriesMax", None, "not laid over"),
    ];
    for (key, value, wanted) in cases {
        let error = stage.desk.lay_over(&path(key), value).unwrap_err();
        let issues = Stage::issues(&error);
        assert!(issues.iter().any(|(_, message)| message.contains(wanted)), "{key}: {issues:?}");
    }
    assert_eq!(stage.desk.overlay(), json!({}));
    assert!(stage.doorman.told.lock().unwrap().is_empty());
}

/// At the next start the file stands alone.
#[test]
fn a_file_that_needs_what_is_laid_over_it_is_not_written() {
    let stage = Stage::config("{ gateway: { auth: { token: 'sesame-token' } }, agents: { list: [{ id: 'a' }] } }");
    stage.desk.lay_over(&path("agents.list"), Some(json!([{ "id": "a" }, { "id": "b" }]))).unwrap();
    let bound = "{ bindings: [{ agentId: 'b', match: { channel: 'socket-chat' } }] }";
    assert!(stage.patch(bound).is_err());
    assert!(stage.patch(&bound.replace("'b'", "'a'")).is_ok());
}

#[test]
fn a_secret_that_is_laid_over_the_file_is_never_shown() {
    let stage = Stage::config(OLD);
    let key = "models.providers.far";
    let provider =
        json!({ "api": "openai-completions", "baseUrl": "http://127.0.0.1:9/v1", "apiKey": "sesame-open", "models": ["m"] });
    stage.desk.lay_over(&path(key), Some(provider)).unwrap();
    let shown = format!("{} {}", stage.desk.overlay(), super::as_json(&stage.desk.get()));
    assert!(!shown.contains("sesame-open"), "{shown}");
}
