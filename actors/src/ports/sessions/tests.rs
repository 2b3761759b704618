use serde_json::json;

use super::*;

fn patched(patch: Value) -> Result<SessionTraits, StoreError> {
    let known = SessionTraits { label: Some("old".into()), model: Some("a/b".into()), ..SessionTraits::default() };
    known.patched(patch.as_object().unwrap())
}

/// Serde and the patch spell the fields alike: each is set under the name that it is stored under.
#[test]
fn every_setting_can_be_patched() {
    let all = SessionTraits {
        queue: Some("15".into()),
        label: Some("1".into()),
        thinking_level: Some("2".into()),
        verbose_level: Some("3".into()),
        reasoning_level: Some("4".into()),
        response_usage: Some("5".into()),
        elevated_level: Some("6".into()),
        exec_host: Some("7".into()),
        exec_security: Some("8".into()),
        exec_ask: Some("9".into()),
        exec_node: Some("10".into()),
        model: Some("11".into()),
        spawned_by: Some("12".into()),
        send_policy: Some("13".into()),
        group_activation: Some("14".into()),
    };
    let Value::Object(patch) = serde_json::to_value(&all).unwrap() else { panic!("it is an object") };
    assert_eq!(patch.len(), 15);
    assert_eq!(SessionTraits::default().patched(&patch).unwrap(), all);
    let nulls = patch.into_iter().map(|(field, _)| (field, Value::Null)).collect();
    assert_eq!(all.patched(&nulls).unwrap(), SessionTraits::default());
}

#[test]
fn what_is_not_named_stays() {
    let after = patched(json!({ "label": null, "execHost": "node" })).unwrap();
    let expected = SessionTraits { model: Some("a/b".into()), exec_host: Some("node".into()), ..SessionTraits::default() };
    assert_eq!(after, expected);
}

#[test]
fn what_cannot_be_kept_is_refused_by_name() {
    let says = |patch| patched(patch).unwrap_err().to_string();
    assert_eq!(says(json!({ "label": 7 })), "`label` must be a string, or null to clear it");
    assert_eq!(says(json!({ "thinkingLevel": {} })), "`thinkingLevel` must be a string, or null to clear it");
    assert_eq!(says(json!({ "thinking_level": "low" })), "`thinking_level` is no setting of a session");
    assert_eq!(says(json!({ "model": "m".repeat(513) })), "`model` has 513 bytes, at most 512 are kept");
    assert!(patched(json!({ "model": "m".repeat(512) })).is_ok());
    assert!(says(json!({ "x".repeat(9_999): 1 })).len() < 128);
}
