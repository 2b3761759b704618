use serde_json::{Value, json};

use super::super::send::{SendError, payload};
use super::super::shape::{Attachment, TEXT_CHARS_MAX, TextShaper, attachment};
use crate::message::{AccountKey, ChatKind, ChatRef, Code, Media, Outbound, OutboxId, Shaper as _, Target, TraceId};
use crate::ports::OutboxRow;

fn outbound(kind: ChatKind, id: &str, text: &str, media: Option<&str>, mentions: &[&str]) -> Outbound {
    let account = AccountKey::new("socket-chat", "default");
    let target = Target { account, chat: ChatRef { kind, id: id.into() }, thread: None };
    Outbound {
        media: media.map(|url| Media::at_url(url, None)).into_iter().collect(),
        mentions: mentions.iter().map(|id| (*id).to_owned()).collect(),
        ..Outbound::text(target, text.into())
    }
}

/// A row of the outbox to one person.
pub(super) fn row(text: &str) -> OutboxRow {
    OutboxRow {
        id: OutboxId::new(),
        seq: 1,
        attempts: 0,
        resent: false,
        created_ms: 0,
        outbound: outbound(ChatKind::Direct, "wxid_a", text, None, &[]),
        trace: TraceId::new(),
    }
}

#[test]
fn payloads_are_those_of_the_platform() {
    let picture = "https://x.example/a.png";
    let cases = [
        (
            outbound(ChatKind::Direct, "wxid_user123", "hi", None, &["ignored"]),
            json!({ "isGroup": false, "contactId": "wxid_user123", "messages": [{ "type": 1, "content": "hi" }] }),
        ),
        (
            outbound(ChatKind::Group, "roomid_x", "hi", None, &[]),
            json!({ "isGroup": true, "groupId": "roomid_x", "messages": [{ "type": 1, "content": "hi" }] }),
        ),
        (
            outbound(ChatKind::Group, "roomid_x", "see", Some(picture), &["wxid_a"]),
            json!({ "isGroup": true, "groupId": "roomid_x", "mentionIds": ["wxid_a"],
                "messages": [{ "type": 1, "content": "see" }, { "type": 2, "url": picture }] }),
        ),
        (
            outbound(ChatKind::Direct, "wxid_a", " ", Some(picture), &[]),
            json!({ "isGroup": false, "contactId": "wxid_a", "messages": [{ "type": 2, "url": picture }] }),
        ),
        (
            outbound(ChatKind::Direct, "wxid_a", "see", Some("https://x.example/a.pdf"), &[]),
            json!({ "isGroup": false, "contactId": "wxid_a", "messages": [{ "type": 1, "content": "see\n\nAttachment: https://x.example/a.pdf" }] }),
        ),
    ];
    for (outbound, expected) in cases {
        let written: Value = serde_json::from_slice(&payload(&outbound).unwrap()).unwrap();
        assert_eq!(written, expected);
    }
    let bytes = payload(&outbound(ChatKind::Direct, "a", "x", None, &[])).unwrap();
    assert_eq!(&bytes[..], br#"{"isGroup":false,"contactId":"a","messages":[{"type":1,"content":"x"}]}"#);
}

#[test]
fn what_can_never_be_sent_is_refused() {
    let cases = [
        (outbound(ChatKind::Direct, " ", "x", None, &[]), Code::InvalidTarget),
        (outbound(ChatKind::Channel, "c", "x", None, &[]), Code::InvalidTarget),
        (outbound(ChatKind::Direct, "a", " ", None, &[]), Code::Refused),
        (outbound(ChatKind::Direct, "a", "", Some(" "), &[]), Code::Refused),
    ];
    for (outbound, code) in cases {
        assert_eq!(payload(&outbound).map_err(|error: SendError| error.code()), Err(code), "{outbound:?}");
    }
}

#[test]
fn attachments_travel_as_they_can() {
    let cases = [
        ("https://x.example/a.png", Attachment::Picture),
        ("https://x.example/a.JPG?x=1", Attachment::Picture),
        ("https://x.example/picture/7", Attachment::Picture),
        ("https://x.example/a.pdf", Attachment::Link),
        ("https://x.example/a.mp4", Attachment::Link),
        ("file:///tmp/a.png", Attachment::Unreachable),
        ("/tmp/a.png", Attachment::Unreachable),
        ("data:image/png;base64,AA==", Attachment::Unreachable),
    ];
    for (address, expected) in cases {
        assert_eq!(attachment(address), expected, "{address}");
    }
}

#[test]
fn an_answer_is_cut_into_payloads() {
    let shape = |text: &str, media| TextShaper::default().shape(outbound(ChatKind::Group, "g", text, media, &["wxid_a"]));
    assert!(shape(" \n", None).is_empty());
    let one = shape("hi", Some("https://x.example/a.png"));
    assert_eq!(one.len(), 1, "the caption and its picture are one payload");
    assert_eq!(one[0].media.first().and_then(Media::url), Some("https://x.example/a.png"));
    let alone = shape("", Some("https://x.example/a.png"));
    assert_eq!((alone.len(), alone[0].text.as_str()), (1, ""));
    let link = shape("hi", Some("https://x.example/a.zip"));
    assert_eq!(link[0].text, "hi\n\nAttachment: https://x.example/a.zip");
    assert!(link[0].media.is_empty());
    let local = shape("hi", Some("/tmp/a.png"));
    assert_eq!(local[0].text, "hi\n\n(An attachment was left out: it has no public address.)");
    let long = shape(&"word ".repeat(TEXT_CHARS_MAX), Some("https://x.example/a.png"));
    let last = long.len() - 1;
    for (at, piece) in long.iter().enumerate() {
        assert_eq!(piece.mentions.is_empty(), at > 0, "people are addressed once");
        assert_eq!(!piece.media.is_empty(), at == last, "the picture comes last");
    }
}
