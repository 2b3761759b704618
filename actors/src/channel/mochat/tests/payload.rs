use serde_json::json;

use super::super::payload::Payload;

#[test]
fn a_payload_is_read() {
    let payload = Payload::read(&json!({ "sessionId": "s", "cursor": 4, "events": [
        { "seq": 3, "type": "message.add", "timestamp": 7, "payload": { "messageId": "m", "author": "a", "content": "x" } },
        { "seq": 4, "type": "message.recall", "payload": {} },
        { "type": "message.add", "payload": { "content": "x" } },
    ] }))
    .unwrap();
    assert_eq!((payload.place.as_str(), payload.cursor), ("s", Some(4)));
    let events = payload.events.unwrap();
    assert_eq!(events[0].seq, Some(3));
    assert_eq!(events[0].message.as_ref().unwrap().as_ref().unwrap().at_ms, Some(7), "the event's moment stands in");
    assert!(events[1].message.is_none());
    assert!(events[2].message.as_ref().unwrap().is_err());
    assert_eq!(Payload::read(&json!({ "sessionId": "s" })).unwrap().events, None);
    assert!(Payload::read(&json!({ "events": [] })).is_err());
}
