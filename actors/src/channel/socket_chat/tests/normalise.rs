use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::normalise::{Context, TEXT_BYTES_MAX, URL_BYTES_MAX, normalise};
use crate::channel::Normalised;
use crate::core::Clock;
use crate::message::{AccountKey, ChatKind, Inbound, Media};

const NOW_MS: i64 = 1_790_000_000_000;

fn context() -> Context {
    Context { account: AccountKey::new("socket-chat", "default"), robot_id: "wxid_robot".into(), now_ms: NOW_MS }
}

/// A direct message with some fields replaced; null removes one.
fn message(changes: Value) -> Value {
    let mut message = json!({
        "content": "hello", "robotId": "wxid_robot", "senderId": "wxid_anna", "senderName": "Anna", "messageId": "m1",
        "timestamp": 1_700_000_000_123_i64, "isGroup": false
    });
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            message.as_object_mut().unwrap().remove(key);
        } else {
            message[key] = value.clone();
        }
    }
    message
}

fn read(changes: Value) -> Normalised {
    normalise(message(changes).to_string().as_bytes(), &context())
}

fn admitted(changes: Value) -> Inbound {
    match read(changes.clone()) {
        Normalised::Message(inbound) => *inbound,
        other => panic!("{changes}: {other:?}"),
    }
}

fn group(changes: Value) -> Inbound {
    let mut all = json!({ "isGroup": true, "groupId": "123@chatroom", "groupName": "Team" });
    all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    admitted(all)
}

fn base64(chars: usize) -> String {
    "iVBORw0KGgoAAAANSUhEUgAAA+/9".chars().cycle().take(chars).collect()
}

#[test]
fn a_direct_message_keeps_every_part() {
    let inbound = admitted(json!({}));
    assert_eq!(inbound.platform_id, "m1");
    assert_eq!(inbound.route.chat.kind, ChatKind::Direct);
    assert_eq!(inbound.route.chat.id, "wxid_anna");
    assert_eq!(inbound.route.peer.id, "wxid_anna");
    assert_eq!(inbound.route.peer.name, "Anna");
    assert_eq!(inbound.route.thread, None);
    assert_eq!(inbound.chat_label, "Anna");
    assert_eq!(inbound.text, "hello");
    assert_eq!(inbound.at_ms, 1_700_000_000_123);
    assert!(inbound.mentioned);
    assert!(inbound.media.is_empty());
}

#[test]
fn a_group_message_belongs_to_the_group() {
    let inbound = group(json!({}));
    assert_eq!(inbound.route.chat.kind, ChatKind::Group);
    assert_eq!(inbound.route.chat.id, "123@chatroom");
    assert_eq!(inbound.route.peer.id, "wxid_anna");
    assert_eq!(inbound.chat_label, "Team");
    assert_eq!(group(json!({ "groupName": "" })).chat_label, "123@chatroom");
}

#[test]
fn a_mention_is_said_by_the_platform_or_stands_in_the_text() {
    let cases = [
        (json!({ "content": "hi" }), false),
        (json!({ "content": "@wxid_robot hi" }), true),
        (json!({ "content": "ask wxid_robot" }), true),
        (json!({ "content": "hi", "isGroupMention": true }), true),
        (json!({ "content": "@wxid_robot hi", "isGroupMention": false }), false),
        (json!({ "content": "hi", "isGroupMention": "yes" }), false),
        (json!({ "content": "", "url": "https://x.example/a.jpg", "type": "图片", "isGroupMention": true }), true),
    ];
    for (changes, expected) in cases {
        assert_eq!(group(changes.clone()).mentioned, expected, "{changes}");
    }
}

#[test]
fn odd_types_are_read_where_their_meaning_is_clear() {
    assert_eq!(admitted(json!({ "messageId": 42 })).platform_id, "42");
    assert_eq!(admitted(json!({ "senderId": 7, "senderName": 8 })).route.peer.name, "8");
    assert_eq!(admitted(json!({ "content": 12 })).text, "12");
    assert_eq!(admitted(json!({ "senderName": null })).route.peer.name, "wxid_anna");
    assert_eq!(admitted(json!({ "isGroup": "true" })).route.chat.kind, ChatKind::Direct);
    assert_eq!(admitted(json!({ "unknown": { "deep": [1, { "x": null }] } })).text, "hello");
    assert_eq!(admitted(json!({ "mediaInfo": "not an object" })).text, "hello");
}

#[test]
fn a_time_is_read_in_its_forms() {
    let cases = [
        (json!(1_700_000_000_123_i64), 1_700_000_000_123),
        (json!("1700000000123"), 1_700_000_000_123),
        (json!(1_700_000_000), 1_700_000_000_000),
        (json!(1_700_000_000_123.0_f64), 1_700_000_000_123),
        (json!(0), NOW_MS),
        (json!(-5), NOW_MS),
        (json!("soon"), NOW_MS),
        (json!(9_000_000_000_000_000_i64), NOW_MS),
        (Value::Null, NOW_MS),
    ];
    for (timestamp, expected) in cases {
        assert_eq!(admitted(json!({ "timestamp": timestamp })).at_ms, expected, "{timestamp}");
    }
}

#[test]
fn a_byte_order_mark_and_blanks_around_do_not_matter() {
    let text = format!("\u{feff}  {}\n", message(json!({})));
    assert!(matches!(normalise(text.as_bytes(), &context()), Normalised::Message(_)));
}

#[test]
fn what_is_nobodys_is_passed_over() {
    let cases = [
        (json!({ "senderId": "wxid_robot" }), "our own message"),
        (json!({ "isMyself": true }), "our own message"),
        (json!({ "robotId": "wxid_other" }), "for another robot"),
        (json!({ "robotId": "wxid_other", "senderId": "wxid_other" }), "for another robot"),
        (json!({ "content": "" }), "neither content nor url"),
        (json!({ "content": " \n" }), "neither content nor url"),
        (json!({ "content": null }), "neither content nor url"),
        (json!({ "content": null, "url": " " }), "neither content nor url"),
    ];
    for (changes, reason) in cases {
        assert_eq!(read(changes.clone()), Normalised::Ignored(reason), "{changes}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let cases = [
        (json!({ "robotId": null }), "missing or invalid field \"robotId\""),
        (json!({ "senderId": "" }), "missing or invalid field \"senderId\""),
        (json!({ "messageId": {} }), "missing or invalid field \"messageId\""),
        (json!({ "content": ["a"] }), "missing or invalid field \"content\""),
        (json!({ "isGroup": true }), "missing or invalid field \"groupId\""),
        (json!({ "senderId": "a\u{0}b" }), "field \"senderId\" holds control characters"),
        (json!({ "messageId": "m".repeat(600) }), "field \"messageId\" is longer than 512 bytes"),
    ];
    for (changes, reason) in cases {
        assert_eq!(read(changes.clone()), Normalised::Bad(reason.into()), "{changes}");
    }
}

#[test]
fn media_follow_the_table() {
    let picture = "https://cdn.example/a?b=c";
    let cases = [
        // kind, content, url, text, media, mime
        ("图片", "look", picture, "look", Some(picture), Some("image/jpeg")),
        ("图片", "", picture, "<media:图片>", Some(picture), Some("image/jpeg")),
        ("视频", "", picture, "<media:视频>", Some(picture), Some("video/mp4")),
        ("文件", "", "http://x.example/f.pdf", "<media:文件>", Some("http://x.example/f.pdf"), None),
        ("语音", "", picture, "<media:语音>", Some(picture), None),
        ("文字", "see", picture, "see", Some(picture), None),
        ("", "", "HTTPS://X.example/a", "<media:文件>", Some("HTTPS://X.example/a"), None),
        ("图片", "look", "data:image/png;base64,iVBORw0KGgo=", "look", None, Some("image/png")),
        ("图片", "", "data:image/png;base64,iVBORw0KGgo=", "<media:图片>", None, Some("image/png")),
        ("图片", "", "ftp://x.example/a.png", "<media:图片>", None, None),
        ("图片", "", "https://", "<media:图片>", None, None),
        ("图片", "", "C:\\pictures\\a.png", "<media:图片>", None, None),
    ];
    for (kind, content, url, text, media, mime) in cases {
        let inbound = admitted(json!({ "type": kind, "content": content, "url": url }));
        assert_eq!(inbound.text, text, "{kind} {url}");
        assert_eq!(inbound.media.first().and_then(Media::url), media, "{kind} {url}");
        assert_eq!(inbound.media.first().and_then(|media| media.mime.as_deref()), mime, "{kind} {url}");
    }
}

#[test]
fn base64_never_reaches_the_agent() {
    let picture = base64(4000);
    let wrapped = picture.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>().join("\r\n");
    let long_url = format!("https://x.example/{}", "a/".repeat(URL_BYTES_MAX));
    let cases = [
        json!({ "type": "图片", "content": null, "url": picture }),
        json!({ "type": "图片", "content": "", "url": format!("data:image/jpeg;base64,{picture}") }),
        json!({ "type": "图片", "content": picture }),
        json!({ "type": "图片", "content": format!("DATA:image/jpeg;charset=x;BASE64,{picture}") }),
        json!({ "content": format!("see data:image/png;base64,{} and {picture} here", base64(20)) }),
        json!({ "content": format!("wrapped {wrapped} here") }),
        json!({ "content": "a", "url": format!("https://x.example/?d=data:image/png;base64,{}", base64(100)) }),
        json!({ "content": "a", "url": long_url }),
        json!({ "type": "名片", "content": "a", "mediaInfo": { "name": picture, "wxid": format!("data:x;base64,{picture}") } }),
        json!({ "type": "h5链接", "content": "a", "mediaInfo": { "url": format!("data:x;base64,{picture}"), "title": picture } }),
        json!({ "type": picture, "content": "", "url": "https://x.example/a" }),
    ];
    for case in cases {
        let inbound = admitted(case.clone());
        let shown = format!("{inbound:?}");
        for hidden in [base64(20), "a/".repeat(100)] {
            assert!(!shown.contains(&hidden), "{case} gave {shown}");
        }
        assert!(!inbound.text.trim().is_empty(), "{case}");
    }
    assert_eq!(admitted(json!({ "type": "图片", "content": picture })).text, "<media:图片>");
    let mixed = admitted(json!({ "content": format!("see data:image/png;base64,{} and go", base64(20)) }));
    assert_eq!(mixed.text, "see [base64 data left out] and go");
}

#[test]
fn cards_tell_what_they_are() {
    let cases = [
        ("名片", json!({ "name": "Bob", "wxid": "wxid_bob", "avatar": "https://x.example/b" }), "card\nBob\nwxid_bob"),
        (
            "视频号",
            json!({ "nickname": "News", "desc": "Today", "url": "https://v.example/1" }),
            "card\nNews\nToday\nhttps://v.example/1",
        ),
        ("h5链接", json!({ "title": "T", "description": "D", "url": "javascript:alert(1)" }), "card\nT\nD"),
        ("位置", json!({ "name": "Bob" }), "card"),
    ];
    for (kind, info, text) in cases {
        assert_eq!(admitted(json!({ "type": kind, "content": "card", "mediaInfo": info })).text, text, "{kind}");
    }
    assert_eq!(admitted(json!({ "type": "名片", "content": null, "mediaInfo": { "name": "Bob" } })).text, "<media:名片>\nBob");
}

#[test]
fn a_text_without_end_is_cut_at_a_character() {
    let inbound = admitted(json!({ "content": "你好, ".repeat(TEXT_BYTES_MAX) }));
    assert!(inbound.text.len() < TEXT_BYTES_MAX + 100);
    assert!(inbound.text.ends_with(&format!("[cut here: the message was {} bytes long]", 8 * TEXT_BYTES_MAX)));
}

/// The class of payloads that nobody should send, two hundred of them: each is refused or read, none panics, none is slow.
fn malformed() -> Vec<(String, Vec<u8>)> {
    let sound = message(json!({})).to_string().into_bytes();
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: String, bytes: Vec<u8>| all.push((name, bytes));
    for text in [
        "",
        " ",
        "\u{feff}",
        "null",
        "true",
        "1",
        "\"x\"",
        "[]",
        "[{}]",
        "{}",
        "{",
        "}",
        "{]",
        "{\"a\"",
        "{\"a\":}",
        "nul",
        "{\"content\":\"x\"",
        "hello",
    ] {
        add(format!("text {text:?}"), text.as_bytes().to_vec());
    }
    for cut in 0..60 {
        add(format!("cut at {cut}"), sound[..cut * sound.len() / 60].to_vec());
    }
    for at in 0..40 {
        let mut bytes = sound.clone();
        bytes[at * sound.len() / 40] = 0xff;
        add(format!("not UTF-8 at {at}"), bytes);
    }
    let values = [json!(null), json!(true), json!(1.5), json!([1]), json!({ "x": 1 }), json!(""), json!("\u{0}")];
    for field in ["robotId", "senderId", "messageId", "content", "groupId"] {
        for value in &values {
            let mut odd = message(json!({ "isGroup": true, "groupId": "g" }));
            odd[field] = value.clone();
            add(format!("{field} is {value}"), odd.to_string().into_bytes());
        }
    }
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [10, 200, 20_000, 1_000_000] {
            for field in ["content", "unknown", "mediaInfo"] {
                let inner = if open == "[" { "" } else { "1" };
                let deep = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
                let text = format!("{{\"robotId\":\"wxid_robot\",\"senderId\":\"a\",\"messageId\":\"m\",\"{field}\":{deep}}}");
                add(format!("{field} {depth} deep of {open}"), text.into_bytes());
            }
            add(format!("{depth} of {open} without end"), open.repeat(depth).into_bytes());
        }
    }
    for field in ["content", "url", "senderName", "messageId", "type", "unknown"] {
        add(format!("10 MB of base64 in {field}"), message(json!({ field: base64(10_000_000) })).to_string().into_bytes());
        let marks = "data:;base64,".repeat(800_000);
        add(format!("10 MB of marks in {field}"), message(json!({ field: marks })).to_string().into_bytes());
    }
    add(
        "10 MB of short runs".into(),
        message(json!({ "content": format!("{}\n", base64(60)).repeat(160_000) })).to_string().into_bytes(),
    );
    add("10 MB of zeros".into(), vec![0; 10_000_000]);
    add("10 MB of brackets".into(), vec![b'['; 10_000_000]);
    add("a lone surrogate".into(), br#"{"robotId":"wxid_robot","senderId":"a","messageId":"m","content":"\ud800"}"#.to_vec());
    add(
        "twice the same field".into(),
        br#"{"robotId":"wxid_robot","robotId":"b","senderId":"a","messageId":"m","content":"x"}"#.to_vec(),
    );
    all
}

#[test]
fn two_hundred_malformed_payloads_do_no_harm() {
    let cases = malformed();
    assert!(cases.len() >= 200, "{} cases", cases.len());
    // A debug build on a busy machine; quadratic work on 10 MB would take hours.
    let limit = Duration::from_secs(20);
    for (name, payload) in cases {
        let clock = Clock::system();
        let read = normalise(&payload, &context());
        assert!(clock.elapsed() < limit, "{name} took {:?}", clock.elapsed());
        match read {
            Normalised::Bad(reason) => assert!(!reason.is_empty() && reason.len() < 300, "{name}: {reason}"),
            Normalised::Ignored(_) => {}
            Normalised::Message(inbound) => {
                assert!(inbound.text.len() <= TEXT_BYTES_MAX + 100, "{name}: a text of {} bytes", inbound.text.len());
                assert!(inbound.route.peer.name.chars().count() <= 128, "{name}");
                assert!(!inbound.text.contains(&base64(300)), "{name}");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_safe(payload in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = normalise(&payload, &context());
    }

    #[test]
    fn any_content_is_admitted_without_base64(content in ".{1,300}", bomb in "[A-Za-z0-9+/]{257,600}") {
        let inbound = normalise(message(json!({ "content": format!("{content} {bomb}") })).to_string().as_bytes(), &context());
        let Normalised::Message(inbound) = inbound else { panic!("{inbound:?}") };
        prop_assert!(!inbound.text.contains(&bomb));
    }

    #[test]
    fn words_pass_unchanged(content in "[a-z ,.!?你好😀]{1,200}") {
        prop_assume!(!content.trim().is_empty());
        let inbound = normalise(message(json!({ "content": content })).to_string().as_bytes(), &context());
        let Normalised::Message(inbound) = inbound else { panic!("{inbound:?}") };
        prop_assert_eq!(inbound.text, content);
    }
}
