use serde_json::{Value, json};

use super::super::mention::{mentions, readable};
use super::super::message::Message;

fn message(content: &str, meta: Value) -> Message {
    Message::read(&json!({ "messageId": "m", "author": "ann", "content": content, "meta": meta })).unwrap()
}

#[test]
fn what_mentions_the_account() {
    for (content, meta, expected) in [
        ("hello", json!({}), false),
        ("hey @bot_1 now", json!({}), true),
        ("hey @bot_12", json!({}), false),
        ("mail x@bot_1", json!({}), false),
        ("hey <@bot_1>", json!({}), true),
        ("[at=bot_1]Bot[/at] hey", json!({}), true),
        ("@all", json!({}), false),
        ("hello", json!({ "mentioned": true }), true),
        ("hello", json!({ "wasMentioned": true }), true),
        ("hello", json!({ "mentions": ["bot_1"] }), true),
        ("hello", json!({ "mentionIds": ["other"] }), false),
        ("hello", json!({ "mentionedUsers": [{ "userId": "bot_1" }] }), true),
        ("hello", json!({ "mentionedUserIds": [{ "_id": "bot_1" }, 7] }), true),
        ("hello", json!("odd"), false),
    ] {
        assert_eq!(mentions(&message(content, meta.clone()), "bot_1"), expected, "{content} {meta}");
    }
    assert!(!mentions(&message("@", json!({})), ""));
}

#[test]
fn tags_read_as_names() {
    for (text, expected) in [
        ("[at=a1]Ann[/at] hi", "@Ann hi"),
        ("[at=a1][/at] hi", "@a1 hi"),
        ("x [at=a1]Ann[/at], [at=b]Bob[/at]", "x @Ann, @Bob"),
        ("[at=a1 no end", "[at=a1 no end"),
        ("[at=a]x[at=b]Bob[/at]", "[at=a]x@Bob"),
    ] {
        assert_eq!(readable(text), expected);
    }
}
