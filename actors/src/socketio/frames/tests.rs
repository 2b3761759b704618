//! Frames and payloads as servers write them.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::frame::{Frame, Handshake, Message};
use super::payload;

fn text(text: &str) -> Frame {
    Frame::Message(Message::Text(text.to_owned()))
}

#[test]
fn a_handshake_says_what_was_agreed() {
    let frame = r#"0{"sid":"abc","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":5000}"#;
    let expected = Handshake {
        sid: "abc".to_owned(),
        offers_websocket: true,
        silence_max: Duration::from_secs(45),
        payload_bytes_max: 5000,
    };
    assert_eq!(Frame::read(frame), Ok(Frame::Open(expected)));
    // Servers of before `maxPayload`, and one that promises signs of life once in a year.
    let frame = r#"0{"sid":"abc","upgrades":[],"pingInterval":31536000000,"pingTimeout":18446744073709551615}"#;
    let Ok(Frame::Open(handshake)) = Frame::read(frame) else { panic!("a handshake") };
    assert_eq!((handshake.offers_websocket, handshake.payload_bytes_max), (false, 1_000_000));
    assert_eq!(handshake.silence_max, Duration::from_secs(600));
    let sid = "s".repeat(300);
    for bad in [
        "0",
        "0{}",
        r#"0{"sid":"","pingInterval":1,"pingTimeout":1}"#,
        &format!(r#"0{{"sid":"{sid}","pingInterval":1,"pingTimeout":1}}"#),
    ] {
        assert!(Frame::read(bad).is_err(), "{bad}");
    }
}

#[test]
fn frames_are_read_and_written() {
    let cases = [
        ("1", Frame::Close),
        ("2", Frame::Ping(String::new())),
        ("2probe", Frame::Ping("probe".to_owned())),
        ("3probe", Frame::Pong("probe".to_owned())),
        (r#"42["e"]"#, text(r#"2["e"]"#)),
        ("5", Frame::Upgrade),
        ("6", Frame::Noop),
    ];
    for (written, frame) in cases {
        assert_eq!(Frame::read(written).as_ref(), Ok(&frame), "{written}");
        assert_eq!(frame.write(), Message::Text(written.to_owned()));
    }
    for bad in ["", "7", "x", "<html>", "ü"] {
        assert!(Frame::read(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_body_carries_several_frames_and_bytes_as_base64() {
    let frames = payload::read("40{\"sid\":\"6vx7\"}\u{1e}2\u{1e}bg6R0eXBlAKNuc3ChLw==").unwrap();
    let bytes = Bytes::from_static(b"\x83\xa4type\x00\xa3nsp\xa1/");
    assert_eq!(frames, [text("0{\"sid\":\"6vx7\"}"), Frame::Ping(String::new()), Frame::Message(Message::Binary(bytes))]);
    assert_eq!(payload::read(&vec!["6"; 16_384].join("\u{1e}")).map(|frames| frames.len()), Ok(16_384));
    assert!(payload::read(&vec!["6"; 16_385].join("\u{1e}")).is_err());
    for bad in ["", "4a\u{1e}", "b***", "<html></html>", "40\u{1e}x"] {
        assert!(payload::read(bad).is_err(), "{bad}");
    }
}

/// A body holds as many frames as the server takes, and always one.
#[test]
fn a_body_is_bounded() {
    let mut frames: VecDeque<_> = ["aaa", "bbb", "ccc", "a longer one than the bound"].into_iter().map(text).collect();
    assert_eq!(payload::write(&mut frames, 9), "4aaa\u{1e}4bbb");
    assert_eq!(payload::write(&mut frames, 9), "4ccc");
    assert_eq!(payload::write(&mut frames, 9), "4a longer one than the bound");
    assert!(frames.is_empty());
}

#[test]
fn the_size_of_a_message_is_what_it_has_in_a_body() {
    for length in 0..20 {
        for message in [Message::Text("x".repeat(length)), Message::Binary(Bytes::from(vec![7; length]))] {
            let size = payload::size_of(&message);
            assert_eq!(payload::write(&mut VecDeque::from([Frame::Message(message)]), 1).len(), size);
        }
    }
}

fn frames() -> impl Strategy<Value = Frame> {
    prop_oneof![
        // What stands between frames never stands in one: JSON writes it as an escape.
        "[^\u{1e}]{0,20}".prop_map(|text| Frame::Message(Message::Text(text))),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Frame::Message(Message::Binary(bytes.into()))),
        Just(Frame::Ping(String::new())),
        Just(Frame::Pong("probe".to_owned())),
        Just(Frame::Close),
        Just(Frame::Noop),
        Just(Frame::Upgrade),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(frames in prop::collection::vec(frames(), 1..10), bytes_max in 0_usize..200) {
        let mut left: VecDeque<_> = frames.iter().cloned().collect();
        let mut read = Vec::new();
        while !left.is_empty() {
            read.extend(payload::read(&payload::write(&mut left, bytes_max)).unwrap());
        }
        prop_assert_eq!(read, frames);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[0-6b]?.{0,60}") {
        let _ = Frame::read(&text);
        let _ = payload::read(&text);
    }

    #[test]
    fn no_handshake_makes_it_panic(sid in ".{0,10}", interval in any::<u64>(), timeout in any::<u64>(), payload in any::<u64>()) {
        let text = serde_json::json!({ "sid": sid, "upgrades": [], "pingInterval": interval, "pingTimeout": timeout, "maxPayload": payload });
        let _ = Frame::read(&format!("0{text}"));
    }
}
