use callboard_actors::message::{AccountKey, InboxId};
use serde_json::{Value, json};
use uuid::{NoContext, Timestamp, Uuid};

use super::accepted_ms;
use super::allowlist::list_path;
use crate::config::desk::value_of;

#[test]
fn a_list_is_the_accounts_own_or_that_of_its_channel() {
    let own = json!({ "Work": { "allowFrom": ["a"] } });
    let bare = json!({ "work": {} });
    let cases = [
        (json!({}), "channels.chat.allowFrom"),
        (json!({ "allowFrom": ["a"] }), "channels.chat.allowFrom"),
        (json!({ "accounts": own, "allowFrom": ["b"] }), "channels.chat.accounts.Work.allowFrom"),
        (json!({ "accounts": bare, "allowFrom": ["b"] }), "channels.chat.allowFrom"),
        (json!({ "accounts": bare }), "channels.chat.accounts.work.allowFrom"),
        (json!({ "accounts": { "other": { "allowFrom": ["a"] } } }), "channels.chat.allowFrom"),
    ];
    for (section, expected) in cases {
        let config = json!({ "channels": { "chat": section } });
        assert_eq!(list_path(&config, &AccountKey::new("chat", "work"), "allowFrom").to_string(), expected, "{config}");
    }
}

#[test]
fn a_value_is_json5_and_else_a_text() {
    let cases = [
        ("true", json!(true)),
        ("3", json!(3)),
        ("[1, 'two',]", json!([1, "two"])),
        ("{ mode: 'idle' }", json!({ "mode": "idle" })),
        ("\"[bot]\"", json!("[bot]")),
        ("null", Value::Null),
        ("collect", json!("collect")),
        ("a, b: c", json!("a, b: c")),
        ("Be kind.", json!("Be kind.")),
    ];
    for (text, expected) in cases {
        assert_eq!(value_of(text), expected, "{text}");
    }
}

#[test]
fn a_rows_id_says_when_it_was_accepted() {
    let at = Timestamp::from_unix(NoContext, 1_700_000_000, 123_000_000);
    assert_eq!(accepted_ms(InboxId::from_uuid(Uuid::new_v7(at))), Some(1_700_000_000_123));
    assert_eq!(accepted_ms(InboxId::from_uuid(Uuid::nil())), None, "an id of another kind says nothing");
}
