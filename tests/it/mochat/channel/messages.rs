//! What is said in sessions and panels, and what is answered.

use serde_json::json;

use super::rig::Rig;
use crate::harness::mochat::{BOT, Mochat};
use crate::harness::until;

#[tokio::test]
async fn a_message_in_a_session_or_a_panel_is_answered_there_once() {
    let rig = Rig::start(json!({})).await;
    rig.platform.set(json!({ "push": ["session", "panel", "inbox", "notify"] })).await;
    rig.way("websocket").await;
    rig.say("hello").await;
    rig.say_in_panel("hi all").await;
    assert_eq!(rig.wait_for_said("p1", 1).await, ["hi all"]);
    rig.say("again").await;
    assert_eq!(rig.wait_for_said("session_1", 2).await, ["hello", "again"]);
    rig.say_in_panel("last").await;
    assert_eq!(rig.wait_for_said("p1", 2).await, ["hi all", "last"]);
    let tokens = rig.platform.journal("rest").await;
    assert!(tokens.iter().all(|call| call["method"] == "POST" && call["token"].is_string()));
    assert!(!rig.gateway.log().contains("hi all"), "no text in the log");
}

#[tokio::test]
async fn old_history_is_never_answered_and_the_first_message_of_a_new_session_is() {
    let platform = Mochat::start().await;
    platform.session("session_1").await;
    platform.panel("p1").await;
    for place in [json!({ "sessionId": "session_1" }), json!({ "panelId": "p1" })] {
        let mut old = place;
        old["content"] = json!("long ago");
        old["createdAt"] = json!("2026-01-01T00:00:00Z");
        platform.say(old).await;
    }
    let mut rig = Rig::on(platform, json!({}));
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    rig.platform.session("session_2").await;
    rig.platform.say(json!({ "sessionId": "session_2", "content": "first words" })).await;
    assert_eq!(rig.wait_for_said("session_2", 1).await, ["first words"]);
    rig.say("now").await;
    rig.say_in_panel("here").await;
    assert_eq!(rig.wait_for_said("session_1", 1).await, ["now"]);
    assert_eq!(rig.wait_for_said("p1", 1).await, ["here"]);
}

#[tokio::test]
async fn what_was_said_while_the_gateway_was_dead_is_answered_after_its_start() {
    let mut rig = Rig::start(json!({})).await;
    rig.say("one").await;
    rig.say_in_panel("eins").await;
    rig.wait_for_said("session_1", 1).await;
    rig.wait_for_said("p1", 1).await;
    rig.gateway.kill();
    for text in ["two", "three"] {
        rig.say(text).await;
        rig.say_in_panel(text).await;
    }
    rig.gateway.again().await;
    assert_eq!(rig.wait_for_said("session_1", 3).await, ["one", "two", "three"]);
    assert_eq!(rig.wait_for_said("p1", 3).await, ["eins", "two", "three"]);
}

#[tokio::test]
async fn what_a_panel_said_before_is_told_with_what_is_meant_for_the_agent() {
    for (limit, before) in [
        (json!(null), "[Said here since the last answer]\nAlice: shall we?\nAlice: or not\n\n[To be answered now]\nAlice: "),
        (json!(1), "[Said here since the last answer]\nAlice: or not\n\n[To be answered now]\nAlice: "),
        (json!(0), ""),
    ] {
        let mut settings = json!({ "mention": { "requireInGroups": true } });
        if !limit.is_null() {
            settings["historyLimit"] = limit.clone();
        }
        let rig = Rig::start(settings).await;
        for text in ["shall we?", "or not", "@bot_1 decide"] {
            rig.say_in_panel(text).await;
        }
        assert_eq!(rig.wait_for_said("p1", 1).await, [format!("{before}@bot_1 decide")], "{limit}");
    }
}

#[tokio::test]
async fn only_those_on_the_list_and_mentions_where_they_are_asked_for_count() {
    let settings = json!({ "allowFrom": ["user_alice"], "mention": { "requireInGroups": true }, "groups": { "p2": { "requireMention": false } }, "historyLimit": 0 });
    let rig = Rig::start(settings).await;
    rig.platform.panel("p2").await;
    rig.platform.order("user", json!({ "userId": "mallory", "nickname": "Mallory" })).await;
    rig.platform.say(json!({ "panelId": "p1", "content": "let me in @bot_1", "author": "mallory" })).await;
    rig.platform.say(json!({ "panelId": "p1", "content": "mine", "author": BOT })).await;
    rig.say_in_panel("to nobody").await;
    rig.say_in_panel("to you @bot_1").await;
    assert_eq!(rig.wait_for_said("p1", 1).await, ["to you @bot_1"]);
    rig.platform.say(json!({ "panelId": "p2", "content": "free" })).await;
    assert_eq!(rig.wait_for_said("p2", 1).await, ["free"]);
    let dropped = rig.status().await["dropped"].clone();
    assert_eq!((&dropped["sender not listed"], &dropped["no mention"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn only_those_sessions_and_panels_are_heard_that_are_listed() {
    let rig = Rig::start(json!({ "sessions": ["session_2"], "panels": ["p2", "p_none"] })).await;
    rig.platform.session("session_2").await;
    rig.platform.panel("p2").await;
    rig.way("websocket").await;
    for (key, id) in [("sessionId", "session_1"), ("panelId", "p1"), ("sessionId", "session_2"), ("panelId", "p2")] {
        let mut said = json!({ "content": format!("hello {id}") });
        said[key] = json!(id);
        rig.platform.say(said).await;
    }
    assert_eq!(rig.wait_for_said("session_2", 1).await, ["hello session_2"]);
    assert_eq!(rig.wait_for_said("p2", 1).await, ["hello p2"]);
    assert_eq!(rig.platform.sent().await.len(), 2, "nobody else is answered");
    let asked = rig.platform.journal("emit").await;
    let named = |id: &str| asked.iter().any(|one| one["args"].to_string().contains(&format!("\"{id}\"")));
    assert!(named("session_2") && !named("session_1") && !named("p1"));
    until("the panel that there is not is alone", async || (rig.status().await["status"]["placesByCalls"] == 1).then_some(()))
        .await;
}

#[tokio::test]
async fn a_server_that_counts_anew_is_answered_once_still() {
    let rig = Rig::start(json!({})).await;
    for text in ["one", "two", "three"] {
        rig.say(text).await;
    }
    rig.wait_for_said("session_1", 3).await;
    rig.platform.order("resetCursor", json!({ "sessionId": "session_1" })).await;
    rig.platform.drop_all().await;
    rig.say("four").await;
    assert_eq!(rig.wait_for_said("session_1", 4).await, ["one", "two", "three", "four"]);
}

#[tokio::test]
async fn a_message_that_cannot_be_read_counts_once_however_often_its_panel_is_read() {
    let rig = Rig::start(json!({})).await;
    rig.platform.set(json!({ "websocket": "refuse" })).await;
    rig.platform.drop_all().await;
    rig.way("rest").await;
    rig.platform.say(json!({ "panelId": "p1", "content": "whose is this", "author": "no id" })).await;
    let bad = async || rig.gateway.metric("inbound_bad_total{channel=\"mochat\",account=\"default\"}").await;
    until("it is counted", async || (bad().await > 0).then_some(())).await;
    let reads = async || rig.platform.happened("rest groups/panels/messages").await;
    let before = reads().await;
    // The third read begins once the second one was taken in.
    until("it is read again", async || (reads().await >= before + 3).then_some(())).await;
    rig.say_in_panel("readable").await;
    assert_eq!(rig.wait_for_said("p1", 1).await, ["readable"]);
    assert_eq!(bad().await, 1);
}
