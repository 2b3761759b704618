//! Ways in that are refused, cut and healed.

use serde_json::{Value, json};

use super::rig::Rig;
use crate::harness::gateway::merge;
use crate::harness::mochat::{ALICE, Mochat};
use crate::harness::until;

#[tokio::test]
async fn messages_go_on_by_whatever_way_there_is() {
    let rig = Rig::start(json!({})).await;
    let cases: [(Value, &str); 5] = [
        (json!({}), "websocket"),
        (json!({ "websocket": "refuse" }), "rest"),
        (json!({}), "websocket"),
        (json!({ "auth": "silent" }), "rest"),
        (json!({}), "websocket"),
    ];
    let mut expected = Vec::new();
    for (number, (trouble, way)) in cases.into_iter().enumerate() {
        rig.platform.heal().await;
        rig.platform.set(trouble).await;
        rig.platform.drop_all().await;
        let text = format!("message {number}");
        rig.say(&text).await;
        rig.say_in_panel(&text).await;
        expected.push(text);
        assert_eq!(rig.wait_for_said("session_1", number + 1).await, expected, "{way}");
        assert_eq!(rig.wait_for_said("p1", number + 1).await, expected, "{way}");
        rig.way(way).await;
    }
}

#[tokio::test]
async fn long_polling_does_where_websocket_is_refused_and_websocket_comes_back() {
    let platform = Mochat::start_with(json!({ "transports": ["polling", "websocket"] })).await;
    platform.session("session_1").await;
    platform.panel("p1").await;
    platform.set(json!({ "websocket": "refuse" })).await;
    let mut rig = Rig::on(platform, json!({}));
    rig.gateway.again().await;
    rig.way("polling").await;
    rig.say("by polling").await;
    assert_eq!(rig.wait_for_said("session_1", 1).await, ["by polling"]);
    rig.platform.heal().await;
    rig.platform.kick().await;
    rig.way("websocket").await;
    rig.say("by websocket").await;
    assert_eq!(rig.wait_for_said("session_1", 2).await, ["by polling", "by websocket"]);
}

#[tokio::test]
async fn what_is_written_between_a_list_and_a_subscription_is_not_lost() {
    let platform = Mochat::start().await;
    platform.panel("p1").await;
    platform.set(json!({ "websocket": "refuse" })).await;
    platform.fault(json!({ "route": "groups/panels/messages", "kind": "kept", "times": 1 })).await;
    let mut rig = Rig::on(platform, json!({}));
    rig.gateway.again().await;
    until("the list is asked for", async || (rig.platform.happened("rest groups/panels/messages").await == 1).then_some(()))
        .await;
    rig.say_in_panel("between").await;
    rig.platform.set(json!({ "websocket": "ok" })).await;
    rig.way("websocket").await;
    rig.platform.order("release", json!({})).await;
    assert_eq!(rig.wait_for_said("p1", 1).await, ["between"]);
    rig.say_in_panel("after").await;
    assert_eq!(rig.wait_for_said("p1", 2).await, ["between", "after"]);
}

#[tokio::test]
async fn a_note_without_the_whole_message_has_the_session_asked() {
    let rig = Rig::start(json!({})).await;
    rig.way("websocket").await;
    // Nothing but notes tells of messages.
    rig.platform.set(json!({ "push": [] })).await;
    let converse = rig.platform.order("state", json!({})).await["sessions"][0]["converseId"].clone();
    for (number, note) in
        [json!({ "messageId": "m_1" }), json!({ "messagePlainContent": "" }), json!({})].into_iter().enumerate()
    {
        let text = format!("all of message {number}");
        rig.say(&text).await;
        let mut payload = json!({ "converseId": converse, "messageAuthor": ALICE, "messageSnippet": "all of" });
        merge(&mut payload, note);
        let about = json!({ "_id": format!("inbox-{number}"), "type": "message", "payload": payload });
        rig.platform.order("emit", json!({ "event": "notify:chat.inbox.append", "args": [about] })).await;
        assert_eq!(rig.wait_for_said("session_1", number + 1).await.last(), Some(&text));
    }
}

#[tokio::test]
async fn a_server_with_the_other_parser_is_spoken_to_in_its_own() {
    let platform = Mochat::start_with(json!({ "parser": "json" })).await;
    platform.session("session_1").await;
    let mut rig = Rig::on(platform, json!({}));
    rig.gateway.again().await;
    rig.way("websocket").await;
    rig.say("hello").await;
    assert_eq!(rig.wait_for_said("session_1", 1).await, ["hello"]);
}

#[tokio::test]
async fn subscriptions_that_fail_leave_the_calls_on() {
    let rig = Rig::start(json!({})).await;
    let refused = json!({ "refuse": ["session_1", "p1"] });
    let cases = [
        (json!("fail-sessions"), "websocket"),
        (json!("fail-panels"), "websocket"),
        (json!("none"), "rest"),
        (refused, "rest"),
    ];
    for (number, (acks, way)) in cases.into_iter().enumerate() {
        rig.platform.set(json!({ "acks": acks })).await;
        rig.platform.drop_all().await;
        rig.way(way).await;
        let text = format!("message {number}");
        rig.say(&text).await;
        rig.say_in_panel(&text).await;
        assert_eq!(rig.wait_for_said("session_1", number + 1).await[number], text);
        assert_eq!(rig.wait_for_said("p1", number + 1).await[number], text);
    }
    // What was refused is asked for again after a while; a new link asks for everything.
    rig.gateway.post("/admin/channels/mochat/default/restart").await;
    for (number, acks) in ["bare", "list", "single", "ok"].into_iter().enumerate() {
        rig.platform.set(json!({ "acks": acks })).await;
        rig.platform.kick().await;
        rig.way("websocket").await;
        rig.say(acks).await;
        assert_eq!(rig.wait_for_said("session_1", number + 5).await[number + 4], acks);
    }
}
