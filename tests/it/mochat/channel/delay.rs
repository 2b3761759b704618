//! Messages that wait for others, and what they are merged to.

use serde_json::json;

use super::rig::Rig;
use crate::harness::until;

/// How long nothing more may come: long enough for what a test says together, on a slow machine too.
const QUIET_MS: u64 = 3000;

async fn bob_says(rig: &Rig, content: &str) {
    rig.platform.order("user", json!({ "userId": "user_bob", "nickname": "Bob" })).await;
    rig.platform.say(json!({ "panelId": "p1", "content": content, "author": "user_bob" })).await;
}

#[tokio::test]
async fn what_mentions_nobody_waits_and_a_mention_ends_that() {
    let rig = Rig::start(json!({ "replyDelayMode": "non-mention", "replyDelayMs": QUIET_MS })).await;
    rig.way("websocket").await;
    rig.say_in_panel("panel a").await;
    bob_says(&rig, "panel b").await;
    rig.say("directly").await;
    assert_eq!(rig.wait_for_said("session_1", 1).await, ["directly"]);
    assert_eq!(rig.wait_for_said("p1", 1).await, ["Alice: panel a\nBob: panel b"]);
    rig.say_in_panel("pre").await;
    bob_says(&rig, "hey @bot_1 now").await;
    assert_eq!(rig.wait_for_said("p1", 2).await[1], "Alice: pre\nBob: hey @bot_1 now");
    rig.say_in_panel("alone").await;
    assert_eq!(rig.wait_for_said("p1", 3).await[2], "alone");
}

#[tokio::test]
async fn where_everything_waits_mentions_and_sessions_do_too() {
    let rig = Rig::start(json!({ "replyDelayMode": "always", "replyDelayMs": QUIET_MS })).await;
    rig.way("websocket").await;
    rig.say_in_panel("@bot_1 one").await;
    rig.say("uno").await;
    bob_says(&rig, "@bot_1 two").await;
    rig.say("due").await;
    assert_eq!(rig.wait_for_said("p1", 1).await, ["Alice: @bot_1 one\nBob: @bot_1 two"]);
    assert_eq!(rig.wait_for_said("session_1", 1).await, ["uno\ndue"]);
}

#[tokio::test]
async fn a_restart_forgets_nothing_that_waits_and_answers_it_once() {
    let mut rig = Rig::start(json!({ "replyDelayMode": "non-mention", "replyDelayMs": QUIET_MS })).await;
    rig.way("websocket").await;
    rig.say_in_panel("before").await;
    until("it is in its row", async || {
        let accepted = rig.gateway.metric("inbound_accepted_total{channel=\"mochat\",account=\"default\"}").await;
        (accepted == 1).then_some(())
    })
    .await;
    rig.gateway.kill();
    rig.gateway.again().await;
    bob_says(&rig, "after @bot_1").await;
    assert_eq!(rig.wait_for_said("p1", 1).await, ["Alice: before\nBob: after @bot_1"]);
}
