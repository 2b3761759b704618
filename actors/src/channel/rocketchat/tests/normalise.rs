use serde_json::{Value, json};

use super::super::config::ReplyTo;
use super::super::message::Message;
use super::super::normalise::{Context, again, normalise, out_of_question};
use super::super::room::{RoomInfo, RoomKind};
use super::mention::me;
use crate::channel::Normalised;
use crate::message::{AccountKey, ChatKind, Inbound};

fn message(changes: Value) -> Message {
    let mut document =
        json!({ "_id": "m1", "rid": "r1", "msg": "hello", "ts": 100_000, "u": { "_id": "u1", "username": "ann" } });
    document.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    Message::read(&document).unwrap()
}

fn room(kind: RoomKind, people: Option<usize>) -> RoomInfo {
    RoomInfo { id: "r1".into(), kind, name: Some("general".into()), label: None, people }
}

fn read(changes: Value, room: &RoomInfo, done_ms: i64) -> Normalised {
    let account = AccountKey::new("rocketchat", "default");
    normalise(
        &message(changes),
        Context { account: &account, me: &me(), room, done_ms, oldest_ms: 50_000, reply_to: ReplyTo::Off },
    )
}

fn inbound(changes: Value, room: &RoomInfo) -> Inbound {
    match read(changes, room, 0) {
        Normalised::Message(inbound) => *inbound,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_room_is_the_chat_that_its_sort_says() {
    for (kind, people, chat, id) in [
        (RoomKind::Direct, Some(2), ChatKind::Direct, "u1"),
        (RoomKind::Direct, Some(3), ChatKind::Group, "r1"),
        (RoomKind::Private, Some(2), ChatKind::Group, "r1"),
        (RoomKind::Channel, None, ChatKind::Channel, "r1"),
        (RoomKind::Livechat, None, ChatKind::Direct, "room:r1"),
    ] {
        let inbound = inbound(json!({}), &room(kind, people));
        assert_eq!((inbound.route.chat.kind, inbound.route.chat.id.as_str()), (chat, id), "{kind:?} {people:?}");
        assert_eq!(inbound.mentioned, chat == ChatKind::Direct);
    }
}

#[test]
fn a_message_is_what_the_agent_reads() {
    let inbound = inbound(
        json!({ "msg": "@call.bot look", "tmid": "t1", "files": [{ "_id": "f", "name": "a.png", "type": "image/png" }] }),
        &room(RoomKind::Channel, None),
    );
    assert_eq!((inbound.text.as_str(), inbound.mentioned), ("look\n<media:image>", true));
    assert_eq!(inbound.route.thread.as_deref(), Some("t1"));
    assert_eq!((inbound.chat_label.as_str(), inbound.platform_id.as_str(), inbound.at_ms), ("#general", "m1", 100_000));
}

#[test]
fn what_is_not_for_the_agent_has_its_reason() {
    let channel = room(RoomKind::Channel, None);
    for (changes, done_ms, expected) in [
        (json!({ "msg": " " }), 0, Some("empty")),
        (json!({ "msg": "@call.bot" }), 0, Some("empty")),
        (json!({ "ts": 49_999 }), 0, Some("too old")),
        (json!({ "editedAt": 1 }), 100_000, Some("edited")),
        // Edited before it was ever seen.
        (json!({ "editedAt": 1 }), 99_999, None),
        (json!({ "reactions": { ":x:": {} } }), 100_000, Some("changed")),
        (json!({}), 160_001, Some("changed")),
        // Two writers at once.
        (json!({}), 160_000, None),
    ] {
        let reason = match read(changes.clone(), &channel, done_ms) {
            Normalised::Ignored(reason) => Some(reason),
            _ => None,
        };
        assert_eq!(reason, expected, "{changes} {done_ms}");
    }
    for (changes, expected) in [
        (json!({ "u": { "_id": "bot-id" } }), Some("own")),
        (json!({ "t": "uj" }), Some("system")),
        (json!({ "t": "e2e" }), Some("encrypted")),
        (json!({ "t": "" }), None),
    ] {
        assert_eq!(out_of_question(&message(changes.clone()), &me()), expected, "{changes}");
    }
    assert_eq!(again(&message(json!({ "editedAt": 1 }))), "edited");
    assert_eq!(again(&message(json!({ "pinned": true }))), "changed");
}

#[test]
fn a_quote_stands_behind_the_text_and_one_of_the_accounts_own_addresses_it() {
    let quote =
        |author: &str| json!([{ "message_link": "http://h/channel/g?msg=m0", "author_name": author, "text": "It is." }]);
    let channel = room(RoomKind::Channel, None);
    let other = inbound(json!({ "msg": "[ ](http://h?msg=m0) so?", "attachments": quote("ben") }), &channel);
    assert_eq!((other.text.as_str(), other.mentioned), ("so?\n\n[Quoted from ben: It is.]", false));
    for author in ["Call.Bot", "The Bot"] {
        assert!(inbound(json!({ "msg": "so?", "attachments": quote(author) }), &channel).mentioned, "{author}");
    }
    let command = inbound(json!({ "msg": "/status", "attachments": quote("ben") }), &channel);
    assert_eq!(command.text, "/status", "a command is nothing but one");
}
