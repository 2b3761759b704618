//! Answers that are read while their turns run.

use serde_json::json;

use super::rig::Rig;
use crate::harness::eventually;
use crate::harness::rocketchat::faults::Trouble;
use crate::harness::rocketchat::{Kind, Version};

/// Returns a script of one step.
pub fn script(actions: &[&str]) -> String {
    format!("steps:\n  - do:\n{}", actions.iter().map(|action| format!("      - {action}\n")).collect::<String>())
}

/// Starts a gateway whose provider plays a script.
async fn playing(version: Version, settings: serde_json::Value, actions: &[&str]) -> Rig {
    let mut rig = Rig::prepare(version, settings);
    rig.gateway.play(&script(actions));
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    rig
}

fn text_of(rig: &Rig, id: &str) -> String {
    rig.server.message(id).and_then(|message| message["msg"].as_str().map(str::to_owned)).unwrap_or_default()
}

#[tokio::test]
async fn paragraphs_are_sent_while_the_turn_runs_and_a_crash_neither_doubles_nor_loses_one() {
    let settings = json!({ "blockStreaming": true, "blockStreamingCoalesce": { "idleMs": 50 } });
    let mut rig = playing(Version::Eight, settings, &["text: \"One.\\n\\nTw\"", "stall"]).await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.say(&rid, &rig.ann, "tell me");
    assert_eq!(rig.server.wait_for_said(&rid, 1).await, ["One."]);
    assert!(!rig.server.who_types(&rid).is_empty(), "more is to come");
    rig.gateway.kill();
    rig.gateway.play(&script(&["text: \"One.\\n\\nTwo.\\n\\nThree.\""]));
    rig.gateway.again().await;
    let answer = "One.\n\nTwo.\n\nThree.";
    eventually("all of it is there, once", || rig.server.said(&rid).join("\n\n") == answer).await;
    rig.server.say(&rid, &rig.ann, "again");
    eventually("another has come", || rig.server.said(&rid).join("\n\n") == format!("{answer}\n\n{answer}")).await;
    eventually("nobody types any more", || rig.server.who_types(&rid).is_empty()).await;
}

#[tokio::test]
async fn each_paragraph_is_sent_by_itself_where_the_settings_say_so() {
    let settings = json!({ "blockStreaming": true, "chunkMode": "newline", "responsePrefix": "[bot]" });
    let actions = ["text: \"One.\\n\\n\"", "text: \"Two.\\n\\n\"", "text: \"Three.\"", "stall"];
    let rig = playing(Version::Seven, settings, &actions).await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.say(&rid, &rig.ann, "tell me");
    let said = rig.server.wait_for_said(&rid, 1).await;
    assert!(said[0].starts_with("[bot] One."), "{said:?}");
    eventually("both have come", || rig.server.said(&rid).concat().contains("Two.")).await;
    assert_eq!(rig.server.said(&rid).concat().matches("[bot]").count(), 1, "only what is first has the prefix");
}

#[tokio::test]
async fn one_message_is_edited_as_it_grows_and_stays_one_over_a_crash() {
    let actions = ["text: \"One\"", "waitMs: 1500", "text: \" two\"", "stall"];
    let mut rig = playing(Version::Eight, json!({ "streamMode": "edit" }), &actions).await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.say(&rid, &rig.ann, "tell me");
    rig.server.wait_for_said(&rid, 1).await;
    let id = rig.posted()[0].id.clone();
    eventually("it has grown", || text_of(&rig, &id) == "One two").await;
    rig.gateway.kill();
    rig.gateway.play(&script(&["text: \"One two three.\""]));
    rig.gateway.again().await;
    eventually("it is whole", || text_of(&rig, &id) == "One two three.").await;
    rig.server.say(&rid, &rig.ann, "again");
    rig.server.wait_for_said(&rid, 2).await;
    assert_eq!(rig.posted().len(), 2, "one message an answer");
}

#[tokio::test]
async fn an_answer_that_cannot_be_edited_comes_whole() {
    let mut rig = Rig::prepare(Version::Eight, json!({ "streamMode": "edit" }));
    rig.gateway.play(&script(&["text: \"One\"", "waitMs: 1500", "text: \" two.\""]));
    rig.server.plan("chat.update", Trouble::Refused("error-action-not-allowed"), 100);
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.say(&rid, &rig.ann, "tell me");
    rig.server.wait_for_said(&rid, 2).await;
    let posted = rig.posted();
    assert_eq!(posted[1].text, "One two.");
    eventually("what was shown is gone", || rig.server.message(&posted[0].id).is_none()).await;
}

#[tokio::test]
async fn the_servers_limits_hold_drafts_back_and_not_the_answer() {
    let actions =
        ["text: \"One\"", "waitMs: 1200", "text: \" two\"", "waitMs: 1200", "text: \" three\"", "waitMs: 1200", "text: \".\""];
    let mut rig = Rig::prepare(Version::Seven, json!({ "streamMode": "edit" }));
    rig.gateway.play(&script(&actions));
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.limit(Some((6, 60_000)));
    rig.server.plan("chat.update", Trouble::Limited(1), 1);
    rig.server.say(&rid, &rig.ann, "tell me");
    rig.server.wait_for_said(&rid, 1).await;
    let id = rig.posted()[0].id.clone();
    eventually("it is whole", || text_of(&rig, &id) == "One two three.").await;
    assert_eq!(rig.posted().len(), 1);
}
