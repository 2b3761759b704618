//! Bad input of every kind: clear errors, no crash, no restart, and the next good message is answered.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::PATIENCE;
use crate::harness::gateway::{Gateway, TOKEN};
use crate::harness::rig::{CHANNEL, Rig, said};
use crate::harness::socket_platform::{direct, frame};

const MIB: usize = 1024 * 1024;

/// Returns payloads that cannot be read, 200 with those that [`readable`] makes.
fn unreadable() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        "",
        " ",
        "\n\t",
        "hello",
        "null",
        "true",
        "42",
        "\"text\"",
        "[]",
        "[1,2]",
        "{",
        "}",
        "{}",
        "{\"a\":",
        "{'a':1}",
        "\u{feff}",
        "\u{feff}{",
        "{\"content\":\"x\"",
        "{}{}",
        "{\"content\":\"x\",}",
        "NaN",
        "<xml/>",
        "content=x&robotId=y",
        "\u{0}",
        "{\"\\ud800\":1}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    let wrong = [json!([]), json!({}), json!(true), json!([{"a": 1}]), json!(""), json!("  "), Value::Null];
    for field in ["robotId", "senderId", "messageId"] {
        all.extend(wrong.iter().map(|value| frame("m", json!({ field: value }))));
        let mut without: Value = serde_json::from_slice(&frame("m", json!({}))).expect("JSON");
        without.as_object_mut().expect("an object").remove(field);
        all.push(without.to_string().into_bytes());
        all.push(frame("m", json!({ field: "x".repeat(5000) })));
        all.push(frame("m", json!({ field: "tab\tand\u{0}" })));
    }
    all.extend([json!([]), json!({ "text": 1 }), json!(false)].map(|value| frame("m", json!({ "content": value }))));
    all.extend([json!(null), json!(7.5), json!(["g"])].map(|value| frame("m", json!({ "isGroup": true, "groupId": value }))));
    // Not UTF-8: alone, inside a good message, cut in a character.
    all.extend([vec![0xff, 0xfe], vec![0xc0, 0x80], vec![0; 100], (0..=255).collect()]);
    let mut broken = direct("m", "wxid_ann", "caf\u{e9}");
    broken.retain(|&byte| byte != 0xa9);
    all.push(broken);
    // Nested deeper than any message.
    for depth in [1_000, 100_000, 1_000_000] {
        all.push("[".repeat(depth).into_bytes());
        all.push("{\"a\":".repeat(depth).into_bytes());
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        all.push(format!("{{\"robotId\":{nested},\"content\":\"x\"}}").into_bytes());
    }
    // Large, and still nothing.
    all.push(vec![b'x'; 10 * MIB]);
    all.push(vec![b'['; 10 * MIB]);
    all.push(format!("{{\"content\":\"{}", "y".repeat(10 * MIB)).into_bytes());
    // A good message with one byte changed or cut off, from a fixed sequence.
    let good = direct("m", "wxid_ann", "hello");
    let mut state = 0x2545_f491_u32;
    while all.len() < 190 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        all.push(good[..usize::try_from(state >> 8).expect("an index") % (good.len() - 1)].to_vec());
    }
    all
}

/// Returns messages that are readable against all odds, each with what has to come back.
fn readable() -> Vec<(Vec<u8>, String)> {
    let base64 = "iVBORw0KGgoAAAANSUhEUgAA".repeat(10 * MIB / 24);
    let message = |id: &str, fields: Value| frame(id, fields);
    let told = |text: &str| format!("{text}\n[media] media/inbound/32f5c36bd93f-file.png (image/png, 7864308 bytes)");
    vec![
        (message("r0", json!({ "url": format!("data:image/png;base64,{base64}"), "type": "图片" })), told("hello")),
        (message("r1", json!({ "url": base64, "content": "bare" })), told("bare")),
        (message("r2", json!({ "content": format!("data:image/png;base64,{base64}"), "type": "图片" })), told("<media:图片>")),
        (message("r3", json!({ "content": 42 })), "42".into()),
        (
            message("r4", json!({ "timestamp": "soon", "senderName": [1], "isGroup": "no", "mediaInfo": [[[]]] })),
            "hello".into(),
        ),
        (message("r5", json!({ "timestamp": -1e300, "extra": { "deep": [[[[{}]]]] } })), "hello".into()),
        (
            message("r6", json!({ "type": "h5链接", "mediaInfo": { "title": "t", "url": "javascript:alert(1)" } })),
            "hello\nt".into(),
        ),
        (message("r7", json!({ "url": "http://[::1", "content": "not an address" })), "not an address".into()),
        ([&b"\xef\xbb\xbf"[..], &message("r8", json!({ "content": "with a mark" }))].concat(), "with a mark".into()),
        (message("r9", json!({ "content": "\u{202e}\u{0}control" })), "\u{202e}\u{0}control".into()),
    ]
}

async fn nothing_crashed(gateway: &Gateway) {
    let list = gateway.get("/admin/actors").await;
    for actor in list["actors"].as_array().expect("a list") {
        assert_eq!(
            (&actor["restarts"], &actor["state"], &actor["lastExit"]),
            (&json!(0), &json!("running"), &Value::Null),
            "{actor}"
        );
    }
}

#[tokio::test]
async fn two_hundred_bad_payloads_do_no_harm() {
    let rig = Rig::start(json!({})).await;
    let since = rig.gateway.actor(CHANNEL).await["since"].clone();
    let (bad, odd) = (unreadable(), readable());
    let (bad_count, odd_count) = (bad.len(), odd.len());
    assert_eq!(bad_count + odd_count, 200);
    for payload in bad {
        rig.platform.publish(payload).await;
    }
    let mut wanted = Vec::new();
    for (payload, text) in odd {
        rig.platform.publish(payload).await;
        wanted.push(text);
    }
    rig.platform.publish(direct("last", "wxid_ann", "all is well")).await;
    wanted.push("all is well".into());
    let sent = rig.platform.wait_for_sent(wanted.len()).await;
    let said: Vec<_> = sent.iter().map(|payload| said(payload).replacen("wxid_ann: ", "", 1)).collect();
    assert_eq!(said, wanted);
    rig.acknowledged(bad_count + odd_count + 1).await;
    let (read, ignored) = (rig.count("inbound_bad_total").await, rig.count("inbound_accepted_total").await);
    assert_eq!(ignored, u64::try_from(wanted.len()).expect("a count"));
    assert!(read >= u64::try_from(bad_count).expect("a count") - 5, "{read} of {bad_count} are told as bad");
    assert_eq!(rig.gateway.actor(CHANNEL).await["since"], since);
    nothing_crashed(&rig.gateway).await;
}

/// Posts raw bytes; returns status and body.
async fn post(gateway: &Gateway, path: &str, body: Vec<u8>, header: Option<(&str, &str)>) -> (u16, Value) {
    let client = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
    let mut request = client.post(format!("{}{path}", gateway.url)).bearer_auth(TOKEN).body(body);
    request = request.header("content-type", "application/json");
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.expect("a body")).unwrap_or(Value::Null))
}

fn clear(path: &str, (status, body): &(u16, Value)) {
    assert!((400..500).contains(status), "{path}: {status} {body}");
    let error = &body["error"];
    for field in ["message", "type", "code"] {
        assert!(error[field].as_str().is_some_and(|text| text.len() > 3), "{path}: {status} {body}");
    }
    assert!(error.get("param").is_some(), "{path}: {body}");
}

#[tokio::test]
async fn malformed_bodies_are_answered_with_clear_errors() {
    let rig = Rig::start(json!({})).await;
    let fault = format!("/admin/actors/{CHANNEL}/fault");
    let bodies: Vec<Vec<u8>> = [
        "",
        "{",
        "null",
        "[]",
        "7",
        "\"x\"",
        "{}",
        "{\"a\":1}",
        "{\"kind\":7}",
        "{\"kind\":null}",
        "{\"channel\":{}}",
        "{\"messages\":7}",
        "{\"messages\":[]}",
        "{\"messages\":[7]}",
        "{\"messages\":[{\"role\":\"king\",\"content\":\"x\"}]}",
        "{\"messages\":[{}]}",
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"hologram\"}]}],\"stream\":\"yes\"}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([
        vec![0xff, 0xfe],
        vec![b'['; 200_000],
        "{\"a\":".repeat(100_000).into_bytes(),
        vec![b' '; MIB + 1],
        vec![b'x'; 3 * MIB],
    ])
    .collect();
    for path in [fault.as_str(), "/admin/messages", "/v1/chat/completions"] {
        for body in &bodies {
            clear(path, &post(&rig.gateway, path, body.clone(), None).await);
        }
        let squeezed = post(&rig.gateway, path, vec![1, 2, 3], Some(("content-encoding", "gzip"))).await;
        clear(path, &squeezed);
        assert_eq!(squeezed.1["error"]["param"], "Content-Encoding");
    }
    let long = "x".repeat(3000);
    for path in [
        "/admin/actors/%00/restart",
        "/admin/actors/%ff%fe/stop",
        "/admin/actors/..%2f..%2fetc/start",
        "/admin/nothing",
        "/admin/channels/%20/%20/restart",
        "/admin/channels/socket-chat/default/explode",
        "/admin/deadletters/x/retry",
        "/admin/pairing/socket-chat/%00/approve",
        "/admin/pairing/x/ABCDEFGH/reject",
        "/v1/nothing",
        &format!("/admin/actors/{long}/restart"),
        &format!("/admin/pairing/socket-chat/{long}/approve"),
    ] {
        clear(path, &post(&rig.gateway, path, Vec::new(), None).await);
    }
    let good = br#"{"messages":[{"role":"user","content":"x"}]}"#;
    for (name, value) in [("x-callboard-agent-id", "nobody"), ("x-callboard-session-key", long.as_str())] {
        let answer = post(&rig.gateway, "/v1/chat/completions", good.to_vec(), Some((name, value))).await;
        clear(name, &answer);
        assert_eq!(answer.1["error"]["param"], name);
    }
    rig.gateway.expect(405, Method::DELETE, "/admin/messages", None).await;
    rig.gateway.expect(400, Method::GET, "/admin/actors?limit=many", None).await;
    rig.gateway.expect(400, Method::GET, "/admin/deadletters?after=%00", None).await;
    rig.platform.publish(direct("m1", "wxid_ann", "hello")).await;
    assert_eq!(said(&rig.platform.wait_for_sent(1).await[0]), "wxid_ann: hello");
    nothing_crashed(&rig.gateway).await;
}

#[tokio::test]
async fn what_is_no_http_at_all_is_cut_off() {
    let gateway = Gateway::start(json!({})).await;
    let address = gateway.url.trim_start_matches("http://").to_owned();
    let bomb = format!("GET / HTTP/1.1\r\nhost: {address}\r\nx: {}\r\n\r\n", "y".repeat(MIB));
    let cases: Vec<Vec<u8>> = vec![
        b"GARBAGE\r\n\r\n".to_vec(),
        vec![0; 4096],
        vec![0x16, 0x03, 0x01, 0x02, 0x00, 0x01],
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"POST /admin/messages HTTP/1.1\r\ncontent-length: -1\r\n\r\n".to_vec(),
        b"POST /admin/messages HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec(),
        bomb.into_bytes(),
    ];
    for case in cases {
        let address = address.clone();
        let answer = tokio::task::spawn_blocking(move || {
            let mut socket = TcpStream::connect(address).expect("a connection");
            socket.set_read_timeout(Some(PATIENCE)).expect("a limit");
            // The gateway may have had enough before all is written.
            let _ = socket.write_all(&case);
            let _ = socket.shutdown(std::net::Shutdown::Write);
            let mut answer = Vec::new();
            let _ = socket.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer).into_owned()
        })
        .await
        .expect("its end");
        assert!(!answer.contains(" 200 ") && !answer.contains(" 500 "), "{answer}");
    }
    gateway.ready("gateway").await;
    nothing_crashed(&gateway).await;
}

#[tokio::test]
async fn malformed_config_files_are_refused_by_name_and_change_nothing_while_it_runs() {
    let rig = Rig::start(json!({})).await;
    let file = rig.gateway.state().join("callboard.json");
    let good = std::fs::read(&file).expect("the config");
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"{".to_vec(), "callboard.json:1: "),
        (b"{\n  gateway: {\n    port: 1,,\n  },\n}".to_vec(), "callboard.json:3: "),
        (b"[]".to_vec(), "object"),
        (vec![0xff, 0xfe, 0x00], "UTF-8"),
        (b"{ gatway: {} }".to_vec(), "gateway"),
        (b"{ gateway: { port: 70000 } }".to_vec(), "gateway.port"),
        (b"{ gateway: { port: 'many' } }".to_vec(), "gateway.port"),
        (b"{ gateway: { bind: 'everywhere' } }".to_vec(), "gateway.bind"),
        (b"{ channels: { pigeon: {} } }".to_vec(), "pigeon"),
        (b"{ channels: { 'socket-chat': { apiKey: 'k', dmPolicy: 'maybe' } } }".to_vec(), "dmPolicy"),
        (b"{ channels: { 'socket-chat': { apiKey: 'k', caFile: '/no/such/file' } } }".to_vec(), "caFile"),
        (b"{ models: { providers: { p: { api: 'script', scriptFile: 'none.yaml' } } } }".to_vec(), "scriptFile"),
        (b"{ logging: { level: '${NO_SUCH_VARIABLE}' } }".to_vec(), "NO_SUCH_VARIABLE"),
        ("[".repeat(200_000).into_bytes(), "callboard.json"),
    ];
    for (text, named) in cases {
        std::fs::write(&file, &text).expect("the config");
        let shown = String::from_utf8_lossy(&text[..text.len().min(80)]).into_owned();
        for line in [["config", "validate"].as_slice(), &["gateway"]] {
            let error = rig.gateway.run(1, line);
            assert!(error.contains(named) && error.contains("callboard.json"), "{shown}: {error}");
            assert!(!error.contains("panicked"), "{shown}: {error}");
        }
    }
    rig.gateway.signal(nix::sys::signal::Signal::SIGHUP);
    rig.gateway.logged(&["config.refused"]).await;
    rig.platform.publish(direct("m1", "wxid_ann", "hello")).await;
    assert_eq!(said(&rig.platform.wait_for_sent(1).await[0]), "wxid_ann: hello");
    std::fs::write(&file, good).expect("the config");
    rig.gateway.run(0, &["config", "validate"]);
    nothing_crashed(&rig.gateway).await;
}
