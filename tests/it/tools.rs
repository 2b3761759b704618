//! Tools, called over HTTP on a real gateway.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::rig::{Rig, said};
use crate::harness::until;

async fn invoke(rig: &Rig, status: u16, body: Value) -> Value {
    rig.gateway.expect(status, Method::POST, "/tools/invoke", Some(body)).await
}

#[tokio::test]
async fn a_message_reaches_its_platform_once() {
    let rig = Rig::start(json!({})).await;
    let send = json!({
        "tool": "message", "action": "send",
        "args": { "target": "wxid_ann", "message": "by a tool", "idempotencyKey": "one" }
    });
    let first = invoke(&rig, 200, send.clone()).await;
    let again = invoke(&rig, 200, send).await;
    let id = |answer: &Value| answer["result"]["details"]["messageId"].clone();
    assert_eq!(id(&first), id(&again));
    let by_hand = json!({ "channel": "socket-chat", "to": "wxid_ann", "text": "by hand", "idempotencyKey": "two" });
    rig.gateway.expect(202, Method::POST, "/admin/messages", Some(by_hand)).await;
    let sent = rig.platform.wait_for_sent(2).await;
    assert_eq!(sent.iter().map(said).collect::<Vec<_>>(), ["wxid_ann: by a tool", "wxid_ann: by hand"]);
}

#[tokio::test]
async fn the_policy_of_the_file_holds_and_follows_it() {
    let settings = json!({ "gateway": { "tools": { "allow": ["sessions_send"], "deny": ["agents_list"] } } });
    let rig = Rig::with(json!({}), settings).await;
    let ask = json!({ "tool": "sessions_send", "args": { "sessionKey": "work", "message": "hello" } });
    let answer = invoke(&rig, 200, ask.clone()).await;
    assert_eq!(answer["result"]["details"]["reply"], "hello");
    invoke(&rig, 404, json!({ "tool": "agents_list" })).await;
    invoke(&rig, 404, json!({ "tool": "exec", "args": { "command": "id" } })).await;
    let seen = until("the session is known", async || {
        let list = invoke(&rig, 200, json!({ "tool": "sessions_list" })).await;
        let sessions = list["result"]["details"]["sessions"].as_array().expect("a list").clone();
        sessions.into_iter().find(|session| session["key"] == "agent:main:work")
    });
    assert_eq!(seen.await["kind"], "other");
    let history = json!({ "tool": "sessions_history", "args": { "sessionKey": "work" } });
    let history = invoke(&rig, 200, history).await;
    let messages = history["result"]["details"]["messages"].as_array().expect("a list").clone();
    assert_eq!(messages.iter().map(|line| line["role"].as_str().expect("a role")).collect::<Vec<_>>(), ["user", "assistant"]);

    // `tools.deny` is for everybody and wins over what HTTP is allowed.
    rig.gateway.change(json!({ "tools": { "deny": ["group:sessions"] } }));
    rig.gateway.signal(nix::sys::signal::Signal::SIGHUP);
    until("the new policy", async || {
        let (status, _) = rig.gateway.request(Method::POST, "/tools/invoke", Some(ask.clone())).await;
        (status == 404).then_some(())
    })
    .await;
}

/// Nothing of the gateway's own network can be read through it.
#[tokio::test]
async fn the_gateway_does_not_read_itself() {
    let rig = Rig::start(json!({})).await;
    let port = rig.gateway.port();
    for host in ["127.0.0.1", "localhost", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "0"] {
        let body = json!({ "tool": "web_fetch", "args": { "url": format!("http://{host}:{port}/healthz") } });
        let answer = invoke(&rig, 400, body).await;
        assert_eq!((&answer["error"]["type"], &answer["error"]["code"]), (&json!("tool_error"), &json!("forbidden")), "{host}");
    }
}
