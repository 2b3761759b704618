use serde_json::{Value, json};

use super::super::accounts::read;
use crate::channel::{DmPolicy, GroupPolicy};

fn shown(section: &Value) -> Vec<(String, String, bool)> {
    let accounts = read(section).unwrap_or_else(|problems| panic!("{section}: {problems:?}"));
    accounts.into_iter().map(|known| (known.key.account().to_owned(), known.label, known.enabled)).collect()
}

#[test]
fn the_accounts_and_their_order() {
    let of = |id: &str, label: &str, enabled: bool| (id.to_owned(), label.to_owned(), enabled);
    let cases = [
        (Value::Null, vec![of("default", "default", true)]),
        (json!({}), vec![of("default", "default", true)]),
        (json!({ "enabled": false }), vec![of("default", "default", false)]),
        (
            json!({ "name": "Desk", "accounts": { "b": {}, "a": { "enabled": false } } }),
            vec![of("default", "Desk", true), of("b", "b", true), of("a", "a", false)],
        ),
        (
            json!({ "enabled": true, "accounts": { " Default ": { "enabled": false, "name": "Desk" } } }),
            vec![of("default", "Desk", true)],
        ),
        (json!({ "accounts": null }), vec![of("default", "default", true)]),
    ];
    for (section, expected) in cases {
        assert_eq!(shown(&section), expected, "{section}");
    }
}

#[test]
fn mistakes_are_named_with_their_place() {
    let cases = [
        (json!([]), "", "has to be an object"),
        (json!({ "enable": true }), "enable", "did you mean `enabled`?"),
        (json!({ "dmPolicy": "open" }), "dmPolicy", "remove it"),
        (json!({ "enabled": "yes" }), "enabled", "invalid type"),
        (json!({ "accounts": 3 }), "accounts", "has to be an object"),
        (json!({ "accounts": { "a b": {} } }), "accounts.a b", "letters, digits"),
        (json!({ "accounts": { "a": {}, "A": {} } }), "accounts.A", "two accounts `a`"),
        (json!({ "accounts": { "a": { "nam": "x" } } }), "accounts.a.nam", "did you mean `name`?"),
        (json!({ "accounts": { "a": true } }), "accounts.a", "has to be an object"),
    ];
    for (section, path, text) in cases {
        let problems = read(&section).expect_err("a problem");
        assert_eq!((problems.len(), problems[0].path.as_str()), (1, path), "{section}: {problems:?}");
        assert!(problems[0].text.contains(text), "{section}: {problems:?}");
    }
}

#[test]
fn everybody_may_write_who_gets_there_and_there_are_no_groups() {
    let account = &read(&Value::Null).unwrap()[0];
    let access = account.platform.access();
    assert_eq!((access.dm, access.group), (DmPolicy::Open, GroupPolicy::Disabled));
    let status = account.platform.status();
    assert_eq!((&status["configured"], &status["dmPolicy"]), (&json!(true), &json!("open")));
}
