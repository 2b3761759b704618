//! The channel that is built in: it runs without settings, keeps what is sent to a session, and is stopped like any other.

use reqwest::Method;
use serde_json::json;

use crate::harness::gateway::Gateway;
use crate::harness::until;

const SEND: &[&str] = &["--json", "send", "--channel", "webchat", "--to", "agent:main:main", "The kettle boils."];

#[tokio::test]
async fn it_runs_without_settings_and_is_switched_by_hand_and_by_the_file() {
    let gateway = Gateway::start(json!({})).await;
    gateway.ready("all").await;
    let sent: serde_json::Value = serde_json::from_str(&gateway.run(0, SEND)).expect("JSON");
    assert_eq!(sent["state"], "sent", "{sent}");
    gateway.run(1, &["send", "--channel", "webchat", "--to", "main", "x"]);
    gateway.run(0, &["channels", "stop", "webchat"]);
    let (status, ready) = gateway.request(Method::GET, "/readyz", None).await;
    assert_eq!((status.as_u16(), &ready["reasons"][0]["id"]), (503, &json!("channel:webchat:default")));
    gateway.run(0, &["channels", "start", "webchat"]);
    gateway.ready("all").await;
    gateway.change(json!({ "channels": { "webchat": { "enabled": false, "accounts": { "kiosk": {} } } } }));
    until("the other account runs instead", async || {
        let list = gateway.get("/admin/channels").await;
        let states = (&list["channels"][0]["state"], &list["channels"][1]["link"]);
        (states == (&json!(null), &json!("up"))).then_some(())
    })
    .await;
}
