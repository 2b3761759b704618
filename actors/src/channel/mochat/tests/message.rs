use serde_json::json;

use super::super::message::Message;

#[test]
fn a_message_is_read_from_any_of_its_forms() {
    let event = json!({
        "messageId": "m1", "author": "ann", "authorInfo": { "nickname": " Alice ", "email": "a@x", "agentId": null }, "content": " hi ",
        "meta": { "reply": { "_id": "m0" } }, "groupId": "g", "createdAt": "2026-11-20T23:51:36.245Z",
    });
    let read = Message::read(&event).unwrap();
    assert_eq!((read.id.as_str(), read.shown_name(), read.text.as_str()), ("m1", "Alice", "hi"));
    assert_eq!((read.group.as_deref(), read.reply_to.as_deref()), (Some("g"), Some("m0")));
    assert_eq!(read.at_ms, Some(1_795_218_696_245));
    let document = json!({ "_id": "m2", "author": "ann", "content": { "a": 1 }, "createdAt": 5 });
    let read = Message::read(&document).unwrap();
    assert_eq!((read.id.as_str(), read.text.as_str(), read.shown_name(), read.at_ms), ("m2", "{\"a\":1}", "ann", Some(5)));
    let bare = Message::read(&json!({ "author": "ann", "content": null })).unwrap();
    assert_eq!((bare.id.as_str(), bare.text.as_str(), bare.at_ms), ("", "", None));
}

#[test]
fn what_cannot_be_read_is_said_without_its_text() {
    for document in [
        json!(null),
        json!({ "content": "secret words" }),
        json!({ "author": "", "content": "secret words" }),
        json!({ "author": "a b", "content": "secret words" }),
        json!({ "author": "a", "messageId": "x\ny", "content": "secret words" }),
    ] {
        let unreadable = Message::read(&document).unwrap_err();
        assert!(!unreadable.reason.contains("secret") && !unreadable.name.contains("secret"), "{unreadable:?}");
    }
}

#[test]
fn what_cannot_be_read_is_known_again() {
    let name = |document| Message::read(&document).unwrap_err().name;
    let pushed = name(json!({ "messageId": "m1", "content": "x", "timestamp": 1 }));
    assert_eq!(pushed, name(json!({ "_id": "m1", "content": "x" })), "by its id, whatever way it comes");
    assert_ne!(pushed, "m1", "it is not the message that the id names");
    assert_eq!(name(json!({ "content": "x" })), name(json!({ "content": "x" })));
    assert_ne!(name(json!({ "content": "x" })), name(json!({ "content": "y" })));
}
