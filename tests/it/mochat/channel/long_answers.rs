//! Answers that are longer than is read.

use serde_json::json;

use super::rig::Rig;
use crate::harness::mochat::Mochat;
use crate::harness::until;

/// How many messages there are; each answer may hold so few of them.
const MESSAGES: usize = 12;
const READABLE: usize = 2;

async fn by_calls(settings: serde_json::Value) -> Rig {
    let platform = Mochat::start().await;
    platform.session("session_1").await;
    platform.panel("p1").await;
    platform.set(json!({ "websocket": "refuse" })).await;
    let mut rig = Rig::on(platform, settings);
    rig.gateway.again().await;
    rig.way("rest").await;
    rig
}

#[tokio::test]
async fn fewer_messages_are_asked_for_where_an_answer_is_too_long() {
    let rig = by_calls(json!({})).await;
    for route in ["groups/panels/messages", "sessions/watch"] {
        rig.platform.fault(json!({ "route": route, "kind": "bulky", "above": READABLE })).await;
    }
    let mut expected = Vec::new();
    for number in 0..MESSAGES {
        let text = format!("message {number}");
        rig.say(&text).await;
        rig.say_in_panel(&text).await;
        expected.push(text);
    }
    assert_eq!(rig.wait_for_said("session_1", MESSAGES).await, expected);
    assert_eq!(rig.wait_for_said("p1", MESSAGES).await, expected);
    assert_eq!(rig.counted("inbound_bad_total").await, 0, "nothing is left out");
}

#[tokio::test]
async fn a_message_that_is_too_long_by_itself_is_left_out_and_counted_once() {
    let rig = by_calls(json!({ "watchLimit": 4 })).await;
    // Where reading begins is known only once something was read.
    rig.say("before").await;
    rig.say_in_panel("before").await;
    rig.wait_for_said("session_1", 1).await;
    rig.wait_for_said("p1", 1).await;
    for (route, place) in
        [("sessions/watch", json!({ "sessionId": "session_1" })), ("groups/panels/messages", json!({ "panelId": "p1" }))]
    {
        let mut said = place;
        said["content"] = json!("too long");
        said["messageId"] = json!(format!("long_{}", route.len()));
        rig.platform.fault(json!({ "route": route, "kind": "bulky", "of": said["messageId"] })).await;
        rig.platform.say(said).await;
    }
    rig.say("after").await;
    rig.say_in_panel("after").await;
    assert_eq!(rig.wait_for_said("session_1", 2).await, ["before", "after"]);
    assert_eq!(rig.wait_for_said("p1", 2).await, ["before", "after"]);
    let reads = async || rig.platform.happened("rest groups/panels/messages").await;
    let before = reads().await;
    until("the panel is read again", async || (reads().await >= before + 3).then_some(())).await;
    // One in the session and one in the panel; in the panel also while it was the newest.
    let left_out = rig.counted("inbound_bad_total").await;
    assert!((2..=3).contains(&left_out), "{left_out}");
    rig.gateway.logged(&["inbound.bad", "longer than an answer may be"]).await;
}
