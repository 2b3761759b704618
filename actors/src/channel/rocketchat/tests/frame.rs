use proptest::prelude::*;
use serde_json::json;

use super::super::ddp::{Answer, Frame, Stream, call, connect, pong, resume, subscribe};

fn read(frame: serde_json::Value) -> Frame {
    Frame::read(&frame.to_string()).unwrap_or_else(|reason| panic!("{frame}: {reason}"))
}

#[test]
fn frames_are_read() {
    let refused = |kind: &str, reason: &str| Frame::Result {
        id: "1".into(),
        answer: Answer::Refused { kind: kind.into(), reason: reason.into() },
    };
    let cases = [
        (json!({ "server_id": "0" }), Frame::Nothing),
        (json!({ "msg": "connected", "session": "x" }), Frame::Connected),
        (json!({ "msg": "failed", "version": "1" }), Frame::Failed),
        (json!({ "msg": "ping" }), Frame::Ping { id: None }),
        (json!({ "msg": "ping", "id": "7" }), Frame::Ping { id: Some("7".into()) }),
        (json!({ "msg": "pong" }), Frame::Pong),
        (json!({ "msg": "added", "collection": "users", "id": "u", "fields": {} }), Frame::Nothing),
        (json!({ "msg": "updated", "methods": ["1"] }), Frame::Nothing),
        (json!({ "msg": "result", "id": "1", "result": {} }), Frame::Result { id: "1".into(), answer: Answer::Done }),
        (json!({ "msg": "result", "id": "1", "error": { "error": 403, "reason": "no\n way" } }), refused("403", "no way")),
        (
            json!({ "msg": "result", "id": "1", "error": { "error": "totp-required" } }),
            refused("totp-required", "totp-required"),
        ),
        (json!({ "msg": "ready", "subs": ["a", 2] }), Frame::Ready { subs: vec!["a".into(), "2".into()] }),
        (json!({ "msg": "nosub", "id": "a" }), Frame::NoSub { id: "a".into(), error: None }),
        (
            json!({ "msg": "nosub", "id": "a", "error": { "error": "not-allowed" } }),
            Frame::NoSub { id: "a".into(), error: Some("not-allowed".into()) },
        ),
        (
            json!({ "msg": "changed", "collection": "stream-room-messages", "id": "id", "fields": { "eventName": "r", "args": [1] } }),
            Frame::Event { stream: Stream::Messages, name: "r".into(), args: vec![json!(1)] },
        ),
        (json!({ "msg": "changed", "collection": "users", "id": "id" }), Frame::Nothing),
        (json!({ "msg": "error", "reason": "Bad request" }), Frame::Error { reason: "Bad request".into() }),
    ];
    for (text, frame) in cases {
        assert_eq!(read(text.clone()), frame, "{text}");
    }
}

#[test]
fn what_is_no_frame_is_told_and_not_repeated() {
    for (text, reason) in [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ("{}", "without `msg`"),
        (r#"{"msg":7}"#, "unknown kind"),
        (r#"{"msg":"sing"}"#, "unknown kind \"sing\""),
        (r#"{"msg":"result"}"#, "without `id`"),
        (r#"{"msg":"ready"}"#, "without a list"),
        (r#"{"msg":"changed"}"#, "without `collection`"),
        (r#"{"msg":"changed","collection":"stream-room-messages","fields":{"secret":"word"}}"#, "without `eventName`"),
    ] {
        let found = Frame::read(text).expect_err(text);
        assert!(found.contains(reason) && !found.contains("word"), "{text}: {found}");
    }
}

#[test]
fn frames_of_ours_are_as_the_protocol_has_them() {
    let value = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap();
    assert_eq!(value(connect()), json!({ "msg": "connect", "version": "1", "support": ["1"] }));
    assert_eq!(
        value(resume("1", "t")),
        json!({ "msg": "method", "method": "login", "id": "1", "params": [{ "resume": "t" }] })
    );
    assert_eq!(value(pong(Some("7"))), json!({ "msg": "pong", "id": "7" }));
    assert_eq!(value(pong(None)), json!({ "msg": "pong" }));
    assert_eq!(value(call("2", "m", &json!([1]))), json!({ "msg": "method", "method": "m", "id": "2", "params": [1] }));
    let params = json!(["r", { "useCollection": false, "args": [] }]);
    assert_eq!(
        value(subscribe("s", Stream::Messages, "r")),
        json!({ "msg": "sub", "id": "s", "name": "stream-room-messages", "params": params })
    );
}

proptest! {
    #[test]
    fn any_text_is_survived(text in "\\PC{0,200}") {
        let _ = Frame::read(&text);
    }

    #[test]
    fn any_fields_are_survived(kind in "(result|ready|nosub|changed|error|ping|[a-z]{0,8})", id in ".{0,8}", number in any::<f64>()) {
        let frame = json!({ "msg": kind, "id": number, "subs": id, "error": { "error": number }, "collection": id, "fields": number });
        let _ = Frame::read(&frame.to_string());
    }
}
