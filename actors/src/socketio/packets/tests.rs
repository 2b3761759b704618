//! Packets as servers and clients write them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::weight::{self, VALUES_MAX};
use super::{Body, Decoder, Packet, binary, encode};
use crate::socketio::Parser;
use crate::socketio::frames::Message;

const BYTES_MAX: usize = 1024;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}

fn read(parser: Parser, messages: Vec<Message>) -> Result<Packet, String> {
    let mut decoder = Decoder::new(parser, BYTES_MAX);
    let mut last = None;
    for message in messages {
        assert!(last.is_none(), "complete before its last message");
        last = decoder.read(message)?;
    }
    Ok(last.expect("a whole packet").packet)
}

fn read_json(text: &str) -> Result<Packet, String> {
    read(Parser::Json, vec![Message::Text(text.to_owned())])
}

fn read_pack(bytes: &str) -> Result<Packet, String> {
    read(Parser::Msgpack, vec![Message::Binary(hex(bytes).into())])
}

fn root(body: Body) -> Packet {
    Packet { namespace: "/".to_owned(), body }
}

fn event(name: &str, args: Value, id: Option<u64>) -> Body {
    let Value::Array(args) = args else { panic!("a list") };
    Body::Event { name: name.to_owned(), args, id }
}

/// What was captured of a real server and a real client.
#[test]
fn captured_packets_of_messagepack() {
    let subscribe = json!([{ "sessionIds": ["session_1"], "cursors": {}, "limit": 100 }]);
    let sessions = json!([{ "result": true, "data": { "sessions": [
        { "sessionId": "session_1", "cursor": 0, "events": [] }
    ] } }]);
    let Value::Array(sessions) = sessions else { panic!("a list") };
    let cases = [
        (
            "83a47479706500a46461746181a5746f6b656ea9636c61775f74657374a36e7370a12f",
            Body::Connect { data: Some(json!({ "token": "claw_test" })) },
        ),
        (
            "83a47479706500a46461746182a3736964b471643174745958383854346b4236476b41414141a3706964d40000a36e7370a12f",
            Body::Connect { data: Some(json!({ "sid": "qd1ttYX88T4kB6GkAAAA" })) },
        ),
        (
            "83a47479706504a46461746182a76d657373616765ad546f6b656e20696e76616c6964a464617461d40000a36e7370a12f",
            Body::ConnectError { data: json!({ "message": "Token invalid" }) },
        ),
        (
            "84a47479706502a46461746192bd636f6d2e636c61772e696d2e73756273637269626553657373696f6e7383aa73657373696f6e\
             49647391a973657373696f6e5f31a7637572736f727380a56c696d697464a36e7370a12fa2696401",
            event("com.claw.im.subscribeSessions", subscribe, Some(1)),
        ),
        (
            "84a2696401a47479706503a4646174619182a6726573756c74c3a46461746181a873657373696f6e739183a973657373696f6e49\
             64a973657373696f6e5f31a6637572736f7200a66576656e747390a36e7370a12f",
            Body::Ack { id: 1, args: sessions },
        ),
        ("82a47479706501a36e7370a12f", Body::Disconnect),
        ("83a47479706502a36e7370a12fa46461746193a165d40000c0", event("e", json!([null, null]), None)),
    ];
    for (bytes, body) in cases {
        assert_eq!(read_pack(bytes).unwrap(), root(body), "{bytes}");
    }
}

/// Byte for byte what the reference client sends.
#[test]
fn packets_are_written_as_the_reference_writes_them() {
    let connect = root(Body::Connect { data: Some(json!({ "token": "claw_test" })) });
    let args = json!([{ "sessionIds": ["session_1"], "cursors": {}, "limit": 100 }]);
    let subscribe = root(event("com.claw.im.subscribeSessions", args, Some(1)));
    let cases = [
        (connect.clone(), "83a47479706500a46461746181a5746f6b656ea9636c61775f74657374a36e7370a12f"),
        (
            subscribe.clone(),
            "84a47479706502a46461746192bd636f6d2e636c61772e696d2e73756273637269626553657373696f6e7383aa73657373696f6e\
             49647391a973657373696f6e5f31a7637572736f727380a56c696d697464a36e7370a12fa2696401",
        ),
        (root(Body::Disconnect), "82a47479706501a36e7370a12f"),
        (root(Body::Connect { data: None }), "82a47479706500a36e7370a12f"),
    ];
    for (packet, bytes) in cases {
        assert_eq!(encode(Parser::Msgpack, packet), Ok(vec![Message::Binary(Bytes::from(hex(bytes)))]));
    }
    let in_json = |packet| match encode(Parser::Json, packet).as_deref() {
        Ok([Message::Text(text)]) => text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(in_json(connect), r#"0{"token":"claw_test"}"#);
    let text = r#"21["com.claw.im.subscribeSessions",{"sessionIds":["session_1"],"cursors":{},"limit":100}]"#;
    assert_eq!(in_json(subscribe), text);
    let elsewhere = Packet { namespace: "/admin".to_owned(), body: Body::Ack { id: 12, args: vec![] } };
    assert_eq!(in_json(elsewhere), "3/admin,12[]");
    assert_eq!(in_json(root(Body::Disconnect)), "1");
}

#[test]
fn values_that_only_javascript_or_messagepack_has() {
    let of = |data: &str| {
        let Body::Event { args, .. } = read_pack(&format!("83a47479706502a36e7370a12fa464617461{data}")).unwrap().body else {
            panic!("an event")
        };
        Value::Array(args)
    };
    // A date of JavaScript, one before 1970, one that nobody can write.
    assert_eq!(of("92a165d7000000018bcfe5687b"), json!(["2023-11-14T22:13:20.123Z"]));
    assert_eq!(of("92a165d700ffffffffffffffff"), json!(["1969-12-31T23:59:59.999Z"]));
    assert_eq!(of("92a165d7007fffffffffffffff"), json!([null]));
    // Points in time of MessagePack itself, in their three lengths.
    assert_eq!(of("92a165d6ff6553f100"), json!(["2023-11-14T22:13:20.000Z"]));
    assert_eq!(of("92a165d7ff1d4bed006553f100"), json!(["2023-11-14T22:13:20.122Z"]));
    assert_eq!(of("92a165c70cff075bca15000000006553f100"), json!(["2023-11-14T22:13:20.123Z"]));
    // Bytes, and an extension that nobody knows.
    assert_eq!(of("92a165c403010203"), json!([{ "$bytes": "AQID" }]));
    assert_eq!(of("92a165d40501"), json!([{ "$bytes": "AQ==" }]));
    // `undefined` in an object, keys that are numbers, numbers that are none, text that is none.
    assert_eq!(of("92a16582a161d40000a16201"), json!([{ "b": 1 }]));
    assert_eq!(of("92a1658105a178"), json!([{ "5": "x" }]));
    assert_eq!(of("92a165cb7ff8000000000000"), json!([null]));
    assert_eq!(of("92a165a1ff"), json!(["\u{fffd}"]));
    assert_eq!(of("92a165cfffffffffffffffff"), json!([u64::MAX]));
}

#[test]
fn keys_that_nobody_knows_and_an_id_that_is_nil_do_not_count() {
    // {"type":2,"nsp":"/","data":["e"],"id":nil,"options":{"compress":true}}
    let bytes = "85a47479706502a36e7370a12fa46461746191a165a26964c0a76f7074696f6e7381a8636f6d7072657373c3";
    assert_eq!(read_pack(bytes).unwrap(), root(event("e", json!([]), None)));
}

#[test]
fn packets_of_json() {
    let cases = [
        (r#"0{"sid":"abc"}"#, root(Body::Connect { data: Some(json!({ "sid": "abc" })) })),
        ("0", root(Body::Connect { data: None })),
        (r#"4{"message":"Token invalid"}"#, root(Body::ConnectError { data: json!({ "message": "Token invalid" }) })),
        (r#"4"no""#, root(Body::ConnectError { data: json!("no") })),
        (r#"31[{"result":true}]"#, root(Body::Ack { id: 1, args: vec![json!({ "result": true })] })),
        (r#"217["e",[1],null]"#, root(event("e", json!([[1], null]), Some(17)))),
        (r#"2["1e",{"a":"/b,c"}]"#, root(event("1e", json!([{ "a": "/b,c" }]), None))),
        ("2[7]", root(event("7", json!([]), None))),
        ("1", root(Body::Disconnect)),
        ("1/admin,", Packet { namespace: "/admin".to_owned(), body: Body::Disconnect }),
        ("1/admin", Packet { namespace: "/admin".to_owned(), body: Body::Disconnect }),
        (r#"2/admin?a=b,5["e"]"#, Packet { namespace: "/admin".to_owned(), body: event("e", json!([]), Some(5)) }),
    ];
    for (text, packet) in cases {
        assert_eq!(read_json(text).unwrap(), packet, "{text}");
    }
}

#[test]
fn attachments_stand_where_their_placeholders_stood() {
    let head = r#"52-1["e",{"a":{"_placeholder":true,"num":1}},[{"_placeholder":true,"num":0}],{"_placeholder":true,"num":9}]"#;
    let bytes = |bytes: &'static [u8]| Message::Binary(Bytes::from_static(bytes));
    let packet = read(Parser::Json, vec![Message::Text(head.to_owned()), bytes(b"zero"), bytes(b"one")]).unwrap();
    let shown = |bytes: &[u8]| json!({ "$bytes": STANDARD.encode(bytes) });
    assert_eq!(packet, root(event("e", json!([{ "a": shown(b"one") }, [shown(b"zero")], null]), Some(1))));
    let ack = read(Parser::Json, vec![Message::Text(r#"61-3[{"_placeholder":true,"num":0}]"#.to_owned()), bytes(b"x")]);
    assert_eq!(ack.unwrap(), root(Body::Ack { id: 3, args: vec![shown(b"x")] }));
}

/// As the client and the server from npm write them.
#[test]
fn bytes_are_written_as_attachments_or_in_their_place() {
    let args = json!([{ "a": binary(b"one") }, [binary(b"")], { "$bytes": "no base64!" }, { "$bytes": "AQID", "more": 1 }]);
    let said = root(event("e", args, Some(7)));
    let head = r#"52-7["e",{"a":{"_placeholder":true,"num":0}},[{"_placeholder":true,"num":1}],{"$bytes":"no base64!"},{"$bytes":"AQID","more":1}]"#;
    let expected = [Message::Text(head.to_owned()), Message::Binary("one".into()), Message::Binary(Bytes::new())];
    assert_eq!(encode(Parser::Json, said.clone()).unwrap(), expected);
    assert_eq!(read(Parser::Json, expected.to_vec()).unwrap(), said);
    let ack = Packet { namespace: "/n".to_owned(), body: Body::Ack { id: 3, args: vec![binary(b"x")] } };
    let head = r#"61-/n,3[{"_placeholder":true,"num":0}]"#;
    assert_eq!(encode(Parser::Json, ack).unwrap(), [Message::Text(head.to_owned()), Message::Binary("x".into())]);
    let pack = Message::Binary(Bytes::from(hex("83a47479706502a46461746192a165c403010203a36e7370a12f")));
    assert_eq!(encode(Parser::Msgpack, root(event("e", json!([binary(&[1, 2, 3])]), None))).unwrap(), [pack]);
    let many = Value::Array(vec![binary(b"x"); 65]);
    assert!(encode(Parser::Json, root(event("e", many, None))).is_err());
}

/// Otherwise a frame of a few MiB would become memory without end.
#[test]
fn no_attachment_stands_in_two_places() {
    let head = r#"51-["e",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#;
    assert!(read(Parser::Json, vec![Message::Text(head.to_owned()), Message::Binary("x".into())]).is_err());
}

#[test]
fn the_values_of_a_packet_are_counted_and_bounded() {
    let cases = [
        (json!(["e"]), 2, 2),
        (json!(["e", [], {}, null, 1.5, -7, 70_000, u64::MAX, i64::MIN, true]), 13, 11),
        (json!([{ "a": "x,y:[{\"", "b\"": [1, 2] }, "[[[["]), 9, 9),
        (json!(["x".repeat(40), "y".repeat(300), "z".repeat(70_000)]), 4, 4),
        (json!([vec![1; 20], vec![2; 70_000]]), 70_023, 70_023),
    ];
    for (value, at_most, count) in cases {
        let packet = root(Body::ConnectError { data: value.clone() });
        let text = value.to_string();
        assert_eq!(weight::of_json(&text), at_most, "{:.80}", text);
        let messages = encode(Parser::Msgpack, packet).unwrap();
        let [Message::Binary(bytes)] = messages.as_slice() else { panic!("bytes") };
        // The packet itself is a map of three entries.
        assert_eq!(weight::of_msgpack(bytes), count + 1 + 5, "{:.80}", text);
    }
    // Bytes and extensions are one value each, however long.
    for value in
        ["c403010203", "c50003010203", "c600000003010203", "d40001", "d5000102", "d60001020304", "d7000102030405060708"]
    {
        assert_eq!(weight::of_msgpack(&hex(value)), 1, "{value}");
    }
    for value in
        ["d8000102030405060708090a0b0c0d0e0f10", "c7030001020300".get(..12).unwrap(), "c8000300010203", "c90000000300010203"]
    {
        assert_eq!(weight::of_msgpack(&hex(value)), 1, "{value}");
    }
    let many = format!("2[\"e\",{}0]", "0,".repeat(VALUES_MAX));
    assert!(read_json(&many).unwrap_err().contains("values"));
    let mut bytes = hex("83a47479706502a36e7370a12fa464617461dd00020002a165");
    bytes.extend(vec![0xc0; VALUES_MAX + 1]);
    assert!(read(Parser::Msgpack, vec![Message::Binary(bytes.into())]).unwrap_err().contains("values"));
}

#[test]
fn what_is_no_packet_is_refused() {
    let texts = [
        "",
        "x",
        "7",
        "9[]",
        "2",
        "2{}",
        "2[]",
        "2[null]",
        "2[{}]",
        "2[\"e\"",
        "3[]",
        "3",
        "0[]",
        "5[\"e\"]",
        "5-[\"e\"]",
        "5x-[\"e\"]",
        "599999-[\"e\"]",
        "299999999999999999999999[\"e\"]",
    ];
    for text in texts {
        assert!(read_json(text).is_err(), "{text}");
    }
    let namespace = format!("2/{},[\"e\"]", "n".repeat(300));
    assert!(read_json(&namespace).is_err());
    // nothing, a number, a list, a map without anything, a type of 5, without nsp, an id that is a text, something behind it
    let bytes = [
        "",
        "01",
        "90",
        "80",
        "82a47479706505a36e7370a12f",
        "81a47479706501",
        "83a47479706501a36e7370a12fa26964a131",
        "82a47479706501a36e7370a12f00",
        "82a47479706502a36e7370a12f",
        "dfffffffff",
        "c1",
    ];
    for bytes in bytes {
        assert!(read_pack(bytes).is_err(), "{bytes}");
    }
}

#[test]
fn parsers_do_not_take_each_others_packets() {
    let text = || Message::Text("1".to_owned());
    let bytes = || Message::Binary(Bytes::from(hex("82a47479706501a36e7370a12f")));
    assert!(read(Parser::Msgpack, vec![text()]).is_err());
    assert!(read(Parser::Json, vec![bytes()]).is_err());
    // A packet that comes before the attachments of another makes an end of it, and the next one is read.
    let mut decoder = Decoder::new(Parser::Json, BYTES_MAX);
    assert_eq!(decoder.read(Message::Text(r#"51-["e",{"_placeholder":true,"num":0}]"#.to_owned())), Ok(None));
    assert!(decoder.read(text()).is_err());
    assert_eq!(decoder.read(text()).unwrap().unwrap().packet, root(Body::Disconnect));
}

#[test]
fn attachments_are_bounded_together() {
    let mut decoder = Decoder::new(Parser::Json, BYTES_MAX);
    assert_eq!(decoder.read(Message::Text(r#"52-["e"]"#.to_owned())), Ok(None));
    assert_eq!(decoder.read(Message::Binary(Bytes::from(vec![0; BYTES_MAX - 8]))), Ok(None));
    assert!(decoder.read(Message::Binary(Bytes::from(vec![0; 1]))).is_err());
}

#[test]
fn nesting_is_bounded() {
    let deep = |depth: usize| format!("83a47479706502a36e7370a12fa46461746192a165{}c0", "91".repeat(depth));
    assert!(read_pack(&deep(20)).is_ok());
    assert!(read_pack(&deep(10_000)).is_err());
    assert!(read_json(&format!("2{}{}", "[".repeat(10_000), "]".repeat(10_000))).is_err());
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Halves: what either parser writes and reads exactly.
        any::<i32>().prop_map(|number| json!(f64::from(number) + 0.5)),
        ".{0,12}".prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| binary(&bytes)),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((".{0,8}", inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn packets() -> impl Strategy<Value = Packet> {
    // So few that the attachments of JSON are few enough.
    let list = || prop::collection::vec(values(), 0..2);
    let object = prop::collection::vec((".{0,8}", values()), 0..5);
    let body = prop_oneof![
        prop::option::of(object)
            .prop_map(|data| Body::Connect { data: data.map(|data| Value::Object(data.into_iter().collect())) }),
        Just(Body::Disconnect),
        (".{0,12}", list(), any::<Option<u64>>()).prop_map(|(name, args, id)| Body::Event { name, args, id }),
        (any::<u64>(), list()).prop_map(|(id, args)| Body::Ack { id, args }),
        values().prop_map(|data| Body::ConnectError { data }),
    ];
    ("/[a-z]{0,6}", body).prop_map(|(namespace, body)| Packet { namespace, body })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(packet in packets(), msgpack in any::<bool>()) {
        let parser = if msgpack { Parser::Msgpack } else { Parser::Json };
        let messages = encode(parser, packet.clone()).unwrap();
        prop_assert_eq!(read(parser, messages).unwrap(), packet);
    }

    #[test]
    fn no_text_makes_a_parser_panic(texts in prop::collection::vec("[0-9]{0,3}-?(/[a-z]?,)?[0-9]?.{0,40}", 1..4)) {
        let mut decoder = Decoder::new(Parser::Json, BYTES_MAX);
        for text in texts {
            let _ = decoder.read(Message::Text(text));
        }
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Decoder::new(Parser::Msgpack, BYTES_MAX).read(Message::Binary(bytes.into()));
    }

    /// One byte of a true packet is another: most are still something like a packet.
    #[test]
    fn no_packet_with_a_fault_makes_a_parser_panic(packet in packets(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let messages = encode(Parser::Msgpack, packet).unwrap();
        let [Message::Binary(bytes)] = messages.as_slice() else { panic!("bytes") };
        let mut bytes = bytes.to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = Decoder::new(Parser::Msgpack, BYTES_MAX).read(Message::Binary(bytes.clone().into()));
        bytes.truncate(at);
        prop_assert!(Decoder::new(Parser::Msgpack, BYTES_MAX).read(Message::Binary(bytes.into())).is_err());
    }
}
