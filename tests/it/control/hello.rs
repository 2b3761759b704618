//! The first words: challenge, connect, hello-ok, and what follows it.

use serde_json::json;

use crate::harness::control::ControlClient;
use crate::harness::gateway::Gateway;

#[tokio::test]
async fn a_client_with_the_token_is_welcomed_and_hears_health() {
    let gateway = Gateway::start(json!({})).await;
    gateway.ready("all").await;
    let mut client = ControlClient::open(&gateway).await;
    let challenge = client.event("connect.challenge").await;
    assert!(challenge["payload"]["nonce"].is_string() && challenge.get("seq").is_none(), "{challenge}");
    let hello = client.hello(json!({})).await.expect("hello-ok");
    assert_eq!((&hello["type"], &hello["protocol"]), (&json!("hello-ok"), &json!(3)));
    assert_eq!(hello["policy"], json!({ "maxPayload": 26_214_400, "maxBufferedBytes": 1_572_864, "tickIntervalMs": 30_000 }));
    assert!(hello["snapshot"]["config"].is_object(), "{hello}");
    let health = client.event("health").await;
    assert_eq!(health["payload"]["ok"], json!(true), "{health}");
    assert!(health["seq"].as_u64() > Some(0) && health["stateVersion"]["health"].is_u64());
    assert_eq!(client.call("health", json!(null)).await.expect("health")["ok"], json!(true));
}

#[tokio::test]
async fn frames_that_are_no_requests_are_told_and_the_socket_stays_open() {
    let gateway = Gateway::start(json!({})).await;
    let mut client = ControlClient::connect(&gateway).await;
    client.send_text("no json".into()).await;
    client.send_text(json!({ "type": "req", "method": "health" }).to_string()).await;
    let error = client.answer("invalid").await.expect_err("it is no request");
    assert_eq!(error["message"], json!("invalid request frame: must have required property 'id'"));
    let error = client.call("connect", json!({})).await.expect_err("once is enough");
    assert_eq!(error["message"], json!("connect is only valid as the first request"));
    let error = client.call("no.such", json!({})).await.expect_err("there is none");
    assert_eq!(error, json!({ "code": "INVALID_REQUEST", "message": "unknown method: no.such" }));
    let error = client.call("health", json!({ "probe": 1, "x": 1 })).await.expect_err("wrong");
    assert_eq!(error["message"], json!("invalid health params: at /probe: must be boolean; at root: unexpected property 'x'"));
    client.call("status", json!({})).await.expect("it goes on");
}
