//! From an e-mail address to the first answered message.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::harness::gateway::Gateway;
use crate::harness::mochat::{BOT, Mochat, TOKEN};
use crate::harness::until;

fn add(gateway: &Gateway, platform: &Mochat, code: i32, email: &str) -> String {
    gateway.run(code, &["channels", "add", "mochat", "--email", email, "--http-url", &platform.url])
}

#[tokio::test]
async fn one_command_makes_an_agent_that_answers_its_owner() {
    let platform = Mochat::start().await;
    let mut gateway =
        Gateway::prepare(json!({ "channels": { "mochat": { "replyDelayMode": "never", "refreshIntervalMs": 1000 } } }));
    gateway.again().await;
    add(&gateway, &platform, 0, "owner@example.com");
    let account = gateway.settings()["channels"]["mochat"].clone();
    assert_eq!(
        (&account["replyDelayMode"], &account["refreshIntervalMs"]),
        (&json!("never"), &json!(1000)),
        "what was there stays"
    );
    assert_eq!((&account["sessions"], &account["panels"]), (&json!(["*"]), &json!(["*"])));
    let file = gateway.state().join("credentials/mochat-default.json");
    assert_eq!(std::fs::metadata(&file).expect("credentials").permissions().mode() & 0o777, 0o600);
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&file).expect("a text")).expect("JSON");
    assert_eq!((&kept["token"], &kept["botUserId"]), (&account["clawToken"], &account["agentUserId"]));
    let state = platform.order("state", json!({})).await;
    let owner = state["users"]
        .as_array()
        .expect("users")
        .iter()
        .find(|user| user["email"] == "owner@example.com")
        .expect("the owner")
        .clone();
    let session = state["sessions"]
        .as_array()
        .expect("sessions")
        .iter()
        .find(|session| session["participants"].to_string().contains(owner["userId"].as_str().expect("an id")))
        .expect("a session")
        .clone();
    until("the link is up", async || {
        gateway.get("/admin/channels").await.to_string().contains("\"transport\":\"websocket\"").then_some(())
    })
    .await;
    platform.say(json!({ "sessionId": session["sessionId"], "content": "first words", "author": owner["userId"] })).await;
    until("it is answered", async || {
        platform.sent().await.iter().any(|message| message["content"] == "first words").then_some(())
    })
    .await;
    add(&gateway, &platform, 0, "owner@example.com");
    assert_eq!(platform.happened("rest agents/selfRegister").await, 1, "an agent that is there is used");
    gateway.run(0, &["channels", "rotate-token", "mochat"]);
    let rotated = gateway.settings()["channels"]["mochat"]["clawToken"].clone();
    assert_ne!(rotated, account["clawToken"]);
}

#[tokio::test]
async fn an_agent_that_is_there_is_set_up_by_hand() {
    let platform = Mochat::start().await;
    platform.session("session_1").await;
    let mut gateway = Gateway::prepare(json!({ "channels": { "mochat": { "replyDelayMode": "never", "reply_delay_ms": 5 } } }));
    gateway.again().await;
    let by_hand = ["--token", TOKEN, "--agent-user-id", BOT, "--http-url", &platform.url];
    gateway.run(0, &[["channels", "add", "mochat"].as_slice(), by_hand.as_slice()].concat());
    let account = gateway.settings()["channels"]["mochat"].clone();
    assert_eq!(
        (&account["clawToken"], &account["agentUserId"], &account["reply_delay_ms"]),
        (&json!(TOKEN), &json!(BOT), &json!(5))
    );
    platform.connected(1).await;
    platform.say(json!({ "sessionId": "session_1", "content": "hello" })).await;
    until("it is answered", async || platform.sent().await.iter().any(|message| message["content"] == "hello").then_some(()))
        .await;
    let evil = [["channels", "add", "mochat", "--account", "../evil"].as_slice(), by_hand.as_slice()].concat();
    let (code, _, errors) = gateway.cli(&evil);
    assert!(code != 0 && errors.contains("no id of an account"), "{code}: {errors}");
}

#[tokio::test]
async fn what_fails_is_told_with_what_was_done() {
    let platform = Mochat::start().await;
    let gateway = Gateway::prepare(json!({}));
    let (_, _, errors) = gateway.cli(&["channels", "add", "mochat", "--email", "nobody"]);
    assert!(errors.contains("e-mail address is not accepted"), "{errors}");
    let nobody = ["channels", "add", "mochat", "--email", "a@example.com", "--http-url", "http://127.0.0.1:9"];
    let errors = gateway.run(1, &nobody);
    assert!(errors.contains("cannot be reached") && errors.contains("--agent-user-id"), "{errors}");
    platform.fault(json!({ "route": "agents/selfRegister", "kind": "status", "status": 403, "times": 1 })).await;
    let errors = add(&gateway, &platform, 1, "a@example.com");
    for part in ["being registered", "the server refused", "nothing was changed", "--agent-user-id"] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
    platform.fault(json!({ "route": "agents/bind", "kind": "status", "status": 503, "times": 1 })).await;
    let errors = add(&gateway, &platform, 1, "a@example.com");
    assert!(errors.contains("the agent is registered") && errors.contains("the server refused"), "{errors}");
    assert_eq!(gateway.settings()["channels"]["mochat"], Value::Null);
    add(&gateway, &platform, 0, "a@example.com");
    assert_eq!(platform.happened("rest agents/selfRegister").await, 2, "the agent of the run before is used");
    assert!(!errors.contains("claw_0") && gateway.settings()["channels"]["mochat"]["clawToken"].is_string());
}
