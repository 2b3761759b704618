//! Settings that change while the link stands.

use serde_json::json;

use super::rig::Rig;
use crate::harness::until;

#[tokio::test]
async fn what_is_known_stays_when_settings_change_that_need_no_new_link() {
    let rig = Rig::start(json!({ "allowFrom": ["nobody"] })).await;
    rig.way("websocket").await;
    rig.say("not me").await;
    let dropped = async || rig.status().await["dropped"]["sender not listed"].clone();
    until("it is counted", async || (dropped().await == 1).then_some(())).await;
    rig.gateway.change(
        json!({ "channels": { "mochat": { "allowFrom": ["user_alice"], "replyDelayMode": "always", "replyDelayMs": 1 } } }),
    );
    until("it is taken over", async || (rig.status().await["status"]["replyDelayMode"] == "always").then_some(())).await;
    let row = rig.status().await;
    let shown = &row["status"];
    assert_eq!(
        (&shown["transport"], &shown["sessionsKnown"], &shown["panelsKnown"]),
        (&json!("websocket"), &json!(1), &json!(1))
    );
    assert_eq!(row["dropped"]["sender not listed"], 1, "{row}");
    rig.say("now me").await;
    assert_eq!(rig.wait_for_said("session_1", 1).await, ["now me"]);
    assert_eq!(rig.counted("link_reconnects_total").await, 0);
    rig.gateway.logged(&["mochat.delay", "reply delay always", "for 1 ms, 3 ms at the most"]).await;
    // What people see of it.
    let told = rig.gateway.run(0, &["channels", "status"]);
    for part in
        ["transport websocket", "sessions 1, panels 1", "reply delay always (1 ms, 3 ms at the most)", "sender not listed 1"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[tokio::test]
async fn settings_by_which_nothing_is_heard_are_named() {
    let rig = Rig::start(json!({ "allow_from": [], "sessions": [], "panels": [] })).await;
    let told = rig.gateway.run(0, &["channels", "status"]);
    for part in ["allowFrom is empty: every message is dropped", "sessions and panels name nothing"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}
