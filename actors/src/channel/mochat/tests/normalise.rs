use serde_json::{Value, json};

use super::super::message::Message;
use super::super::normalise::{Context, normalise};
use super::super::place::{Place, Sort};
use crate::channel::Normalised;
use crate::message::{AccountKey, ChatKind, Inbound};

fn session(people: usize) -> Place {
    Place { id: "session_1".into(), sort: Sort::Session { converse: None, people }, name: None, created_ms: None }
}

fn panel() -> Place {
    Place { id: "p1".into(), sort: Sort::Panel { group: Some("g1".into()) }, name: Some("#general".into()), created_ms: None }
}

fn read(changes: Value, place: &Place) -> Normalised {
    let mut document = json!({ "messageId": "m1", "author": "ann", "content": "hello", "createdAt": 1000 });
    document.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    let account = AccountKey::new("mochat", "default");
    let message = Message::read(&document).unwrap();
    normalise(&message, Context { account: &account, me: "bot", place, first_ms: 500, now_ms: 9000 })
}

fn inbound(changes: Value, place: &Place) -> Inbound {
    match read(changes, place) {
        Normalised::Message(inbound) => *inbound,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_place_is_the_chat_that_its_sort_says() {
    for (place, kind, label, mentioned, space) in [
        (session(2), ChatKind::Direct, "ann", true, None),
        (session(0), ChatKind::Direct, "ann", true, None),
        (session(3), ChatKind::Group, "session_1", true, None),
        (panel(), ChatKind::Channel, "#general", false, Some("g1")),
    ] {
        let inbound = inbound(json!({}), &place);
        assert_eq!((inbound.route.chat.kind, inbound.route.chat.id.as_str()), (kind, place.id.as_str()));
        assert_eq!((inbound.chat_label.as_str(), inbound.mentioned, inbound.space.as_deref()), (label, mentioned, space));
        assert_eq!(inbound.platform_id, "m1");
    }
}

#[test]
fn what_is_none_for_the_agent() {
    for (changes, why) in [
        (json!({ "author": "bot" }), "own"),
        (json!({ "hasRecall": true }), "recalled"),
        (json!({ "createdAt": 499 }), "before our time"),
        (json!({ "content": "  " }), "empty"),
        (json!({ "content": null }), "empty"),
    ] {
        assert_eq!(read(changes.clone(), &panel()), Normalised::Ignored(why), "{changes}");
    }
}

#[test]
fn a_message_without_an_id_is_known_again() {
    let id = |changes: Value| inbound(changes, &panel()).platform_id;
    let none = json!({ "messageId": null });
    assert_eq!(id(none.clone()), id(none));
    assert_ne!(id(json!({ "messageId": null })), id(json!({ "messageId": null, "content": "other" })));
}
