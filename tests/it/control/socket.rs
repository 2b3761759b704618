//! What a socket takes and how it ends, byte by byte where it matters.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::harness::PATIENCE;
use crate::harness::control::{Came, ControlClient, connect_params};
use crate::harness::device::Device;
use crate::harness::gateway::{Gateway, TOKEN, merge};

/// The most bytes of a message.
const FRAME_BYTES_MAX: usize = 25 << 20;
/// The same before the client is let in.
const STRANGER_BYTES_MAX: usize = 65_536;

/// Returns the parameters of a client that is let in, with these over them.
fn request(method: &str, params: &Value) -> String {
    json!({ "type": "req", "id": "r1", "method": method, "params": params }).to_string()
}

/// Sends the first frame; answers with the refusal, if one came, and with how the connection was closed.
async fn refused(gateway: &Gateway, first: String) -> (Option<Value>, u16, String) {
    let mut client = ControlClient::open(gateway).await;
    client.event("connect.challenge").await;
    client.send_text(first).await;
    let mut answer = None;
    loop {
        match client.came().await {
            Came::Frame(frame) => answer = Some(frame),
            Came::Closed(code, reason) => return (answer, code, reason),
        }
    }
}

/// Looks that a `connect` is refused with this error, and closed with its text.
async fn refuses(gateway: &Gateway, params: &Value, error: Value, close: u16) {
    let (answer, code, reason) = refused(gateway, request("connect", params)).await;
    let answer = answer.unwrap_or_else(|| panic!("no answer to {params}"));
    assert_eq!(answer, json!({ "type": "res", "id": "r1", "ok": false, "error": error }), "{params}");
    let text = error["message"].as_str().expect("a text");
    assert_eq!((code, &*reason), (close, text.get(..120).unwrap_or(text)), "{params}");
}

fn invalid(text: &str) -> Value {
    json!({ "code": "INVALID_REQUEST", "message": text })
}

#[tokio::test]
async fn first_frames_that_are_no_connect_end_the_connection() {
    let gateway = Gateway::start(json!({})).await;
    for (first, answer, close) in [
        ("no json".to_owned(), None, (1000, "")),
        (json!({ "type": "event", "event": "tick" }).to_string(), None, (1008, "invalid request frame")),
        (json!({ "type": "req", "method": "connect" }).to_string(), None, (1008, "invalid request frame")),
        (
            request("health", &json!({})),
            Some("invalid handshake: first request must be connect"),
            (1008, "invalid handshake: first request must be connect"),
        ),
    ] {
        let (found, code, reason) = refused(&gateway, first.clone()).await;
        let found = found.map(|found| found["error"].clone());
        assert_eq!((found, code, &*reason), (answer.map(invalid), close.0, close.1), "{first}");
    }
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_told_and_end_the_connection() {
    let gateway = Gateway::start(json!({})).await;
    let constant = "invalid connect params: at /client/mode: must be equal to constant; at /client/mode: must match a schema in \
        anyOf (webchat, cli, ui, backend, node, probe, test, operator)";
    for (over, text) in [
        (json!({ "client": null }), "invalid connect params: at /client: must be object"),
        (json!({ "client": { "mode": "x" } }), constant),
        (json!({ "minProtocol": 0 }), "invalid connect params: at /minProtocol: must be >= 1"),
        (json!({ "role": "king" }), "invalid role"),
    ] {
        refuses(&gateway, &connect_params(over), invalid(text), 1008).await;
    }
    let mut long = connect_params(json!({}));
    long["client"] = json!({});
    let (answer, code, reason) = refused(&gateway, request("connect", &long)).await;
    let told = answer.expect("an answer")["error"]["message"].as_str().expect("a text").to_owned();
    assert!(told.len() > 120 && told.starts_with(&*reason), "{told}");
    assert_eq!((code, reason.len()), (1008, 120));
}

#[tokio::test]
async fn protocols_that_do_not_meet_end_the_connection() {
    let gateway = Gateway::start(json!({})).await;
    let mut error = invalid("protocol mismatch");
    error["details"] = json!({ "expectedProtocol": 3 });
    refuses(&gateway, &connect_params(json!({ "minProtocol": 1, "maxProtocol": 2 })), error, 1002).await;
}

#[tokio::test]
async fn credentials_that_are_not_good_end_the_connection() {
    let gateway = Gateway::start(json!({})).await;
    let mismatch = |hint: &str| invalid(&format!("unauthorized: gateway token mismatch ({hint})"));
    let wrong =
        |id: &str, mode: &str| connect_params(json!({ "auth": { "token": "wrong" }, "client": { "id": id, "mode": mode } }));
    for (id, mode, hint) in [
        ("test", "test", "provide gateway auth token"),
        ("cli", "cli", "set gateway.remote.token to match gateway.auth.token"),
        ("webchat", "webchat", "open a tokenized dashboard URL or paste token in Control UI settings"),
    ] {
        refuses(&gateway, &wrong(id, mode), mismatch(hint), 1008).await;
    }
    let error = json!({ "code": "NOT_PAIRED", "message": "device identity required" });
    refuses(&gateway, &connect_params(json!({ "auth": null })), error, 1008).await;
    assert!(!gateway.output().contains(TOKEN) && !gateway.log().contains(TOKEN));
}

#[tokio::test]
async fn a_device_proves_itself_or_is_sent_away() {
    let gateway = Gateway::start(json!({})).await;
    let device = Device::new();
    for (over, token, text) in [
        (json!({ "id": "0".repeat(64) }), TOKEN, "device identity mismatch"),
        (json!({ "signedAt": 7 }), TOKEN, "device signature expired"),
        (json!({ "nonce": "another" }), TOKEN, "device nonce mismatch"),
        (json!({ "signature": "AAAA" }), TOKEN, "device signature invalid"),
        (json!({}), "", "unauthorized: gateway token missing (provide gateway auth token)"),
    ] {
        let mut client = ControlClient::open(&gateway).await;
        let challenge = client.event("connect.challenge").await["payload"].clone();
        let mut proof = device.proof(&challenge, token, &[]);
        merge(&mut proof, over);
        let auth = if token.is_empty() { Value::Null } else { json!({ "token": token }) };
        let error = client.hello(json!({ "device": proof, "auth": auth })).await.expect_err("it is no proof");
        assert_eq!(error, invalid(text));
        assert_eq!(client.closed().await, (1008, text.to_owned()));
    }
    let mut client = ControlClient::open(&gateway).await;
    let challenge = client.event("connect.challenge").await["payload"].clone();
    let proof = device.proof(&challenge, TOKEN, &[]);
    let hello = client.hello(json!({ "device": proof })).await.expect("hello-ok");
    assert!(hello["auth"]["deviceToken"].is_string(), "{hello}");
}

#[tokio::test]
async fn who_says_nothing_is_sent_away_after_ten_seconds() {
    let gateway = Gateway::start(json!({})).await;
    let mut client = ControlClient::open(&gateway).await;
    let begun = Instant::now();
    assert_eq!(client.closed().await, (1000, String::new()));
    let taken = begun.elapsed();
    assert!(taken >= Duration::from_millis(9_500), "{taken:?}");
}

/// Returns a request of exactly so many bytes.
fn sized(bytes: usize) -> String {
    let bare = request("no.such", &json!({ "x": "" }));
    request("no.such", &json!({ "x": "x".repeat(bytes - bare.len()) }))
}

#[tokio::test]
async fn a_frame_at_the_bound_is_taken_and_one_above_it_ends_the_connection() {
    let gateway = Gateway::start(json!({})).await;
    let mut client = ControlClient::connect(&gateway).await;
    client.send_text(sized(FRAME_BYTES_MAX)).await;
    assert_eq!(client.answer("r1").await.expect_err("there is none")["message"], "unknown method: no.such");
    client.send_text(sized(FRAME_BYTES_MAX + 1)).await;
    assert_eq!(client.closed().await, (1009, String::new()));
}

/// Opens a socket by hand; what is sent is none of the library's.
async fn by_hand(gateway: &Gateway) -> TcpStream {
    let address = gateway.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("a request");
    stream
}

/// Reads to the close frame that ends what a server sends; answers with its code.
async fn close_code(stream: &mut TcpStream) -> u16 {
    let mut all = Vec::new();
    tokio::time::timeout(PATIENCE, async {
        // The head and the challenge end with a brace; the close frame has no reason.
        while !all.ends_with(&[0x03, 0xf1]) && !all.ends_with(&[0x03, 0xea]) {
            assert!(stream.read_buf(&mut all).await.expect("an open connection") > 0, "it ended without a close");
        }
    })
    .await
    .expect("a close in time");
    assert_eq!(all[all.len() - 4..all.len() - 2], [0x88, 2]);
    u16::from_be_bytes([all[all.len() - 2], all[all.len() - 1]])
}

#[tokio::test]
async fn a_frame_is_refused_by_its_head_before_its_bytes_have_come() {
    let gateway = Gateway::start(json!({})).await;
    for (head, code) in [
        (&[0x81, 0xff, 0, 0, 0, 0, 0xff, 0, 0, 0][..], 1009),
        (&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1], 1009),
        (&[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], 1009),
        (&[0x81, 0x01, b'x'], 1002),
        (&[0xc1, 0x81, 0, 0, 0, 0, b'x'], 1002),
        (&[0x83, 0x81, 0, 0, 0, 0, b'x'], 1002),
    ] {
        let mut stream = by_hand(&gateway).await;
        stream.write_all(head).await.expect("a head");
        assert_eq!(close_code(&mut stream).await, code, "{head:?}");
    }
}

/// Sends a text in pieces, with a ping between them.
async fn send_in_pieces(client: &mut ControlClient, text: &str, piece: usize) {
    let pieces: Vec<_> = text.as_bytes().chunks(piece).collect();
    for (place, bytes) in pieces.iter().enumerate() {
        let code = if place == 0 { Data::Text } else { Data::Continue };
        let last = place + 1 == pieces.len();
        let frame = Frame::message(bytes.to_vec(), OpCode::Data(code), last);
        client.send_message(Message::Frame(frame)).await;
        client.send_message(Message::Ping(vec![7].into())).await;
    }
}

#[tokio::test]
async fn a_message_in_pieces_is_put_together() {
    let gateway = Gateway::start(json!({})).await;
    let mut client = ControlClient::connect(&gateway).await;
    send_in_pieces(&mut client, &sized(FRAME_BYTES_MAX), 100_000).await;
    assert_eq!(client.answer("r1").await.expect_err("there is none")["message"], "unknown method: no.such");
    send_in_pieces(&mut client, &sized(FRAME_BYTES_MAX + 1), 131_072).await;
    assert_eq!(client.closed().await, (1009, String::new()));
}

#[tokio::test]
async fn a_stranger_fills_less_memory_than_a_client() {
    let gateway = Gateway::start(json!({})).await;
    // At the bound it is looked at, and refused for what it is.
    assert_eq!(refused(&gateway, sized(STRANGER_BYTES_MAX)).await.1, 1008);
    assert_eq!(refused(&gateway, sized(STRANGER_BYTES_MAX + 1)).await, (None, 1009, String::new()));
    let mut client = ControlClient::open(&gateway).await;
    for (code, last) in [(Data::Text, false), (Data::Continue, false)] {
        let piece = Frame::message(vec![b'x'; STRANGER_BYTES_MAX / 2 + 1], OpCode::Data(code), last);
        client.send_message(Message::Frame(piece)).await;
    }
    assert_eq!(client.closed().await, (1009, String::new()));
}

#[tokio::test]
async fn what_is_no_text_ends_the_connection() {
    let gateway = Gateway::start(json!({})).await;
    for code in [Data::Text, Data::Binary] {
        let mut client = ControlClient::connect(&gateway).await;
        let frame = Frame::message(vec![0xff, 0xfe], OpCode::Data(code), true);
        client.send_message(Message::Frame(frame)).await;
        assert_eq!(client.closed().await.0, 1007, "{code:?}");
    }
}

#[tokio::test]
async fn a_ping_is_answered_before_and_after_the_handshake() {
    let gateway = Gateway::start(json!({})).await;
    let mut client = ControlClient::open(&gateway).await;
    client.send_message(Message::Ping(b"one".to_vec().into())).await;
    assert_eq!(client.pong().await, b"one");
    client.hello(json!({})).await.expect("hello-ok");
    client.send_message(Message::Ping(b"two".to_vec().into())).await;
    assert_eq!(client.pong().await, b"two");
}

#[tokio::test]
async fn every_path_upgrades_and_foreign_pages_and_names_do_not() {
    let gateway = Gateway::start(json!({})).await;
    for path in ["/", "/ws", "/any/where?x=1", "/healthz", "/v1/chat/completions"] {
        let mut client = ControlClient::open_as(&gateway, path, &[]).await.unwrap_or_else(|status| panic!("{path}: {status}"));
        client.hello(json!({})).await.expect("hello-ok");
    }
    let refused = async |name, value| ControlClient::open_as(&gateway, "/", &[(name, value)]).await.err();
    assert_eq!(refused("origin", "https://evil.example").await, Some(403));
    assert_eq!(refused("origin", "null").await, Some(403));
    assert_eq!(refused("host", "evil.example").await, Some(403));
    let own = gateway.url.clone();
    assert!(ControlClient::open_as(&gateway, "/", &[("origin", &own)]).await.is_ok());
}

#[tokio::test]
async fn who_is_refused_again_and_again_is_told_no_more() {
    let gateway = Gateway::start(json!({})).await;
    let first = request("connect", &connect_params(json!({ "client": { "mode": "x" } })));
    let (begun, mut told) = (Instant::now(), 0);
    loop {
        match refused(&gateway, first.clone()).await {
            (Some(_), 1008, _) => told += 1,
            (None, 1008, reason) => {
                assert_eq!(reason, "");
                break;
            }
            other => panic!("{other:?}"),
        }
        // A minute's worth, and what came back while it was used up.
        let back = begun.elapsed().as_secs() * 100 / 60;
        assert!(told <= 100 + back + 1, "{told}");
    }
    assert!(told >= 100, "{told}");
    // Who has the token comes in all the same.
    ControlClient::connect(&gateway).await;
}
