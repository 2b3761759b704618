//! Who is heard: policies, mentions, repeats, and what is not meant for the robot.

use serde_json::{Value, json};

use crate::harness::rig::{CHANNEL, Rig, all_said, said};
use crate::harness::socket_platform::{Retain, direct, frame};
use crate::harness::until;

/// Publishes frames to an account and returns what was said, after `dropped` of them were dropped and the rest was answered.
async fn heard(account: Value, frames: &[Value], dropped: u64) -> Vec<String> {
    let rig = Rig::start(account).await;
    for (index, fields) in frames.iter().enumerate() {
        let mut fields = fields.clone();
        fields["content"] = fields.get("content").cloned().unwrap_or_else(|| format!("m{index}").into());
        rig.platform.publish(frame(&format!("id-{index}"), fields)).await;
    }
    rig.counted("inbound_dropped_total", dropped).await;
    rig.platform.wait_for_sent(frames.len() - usize::try_from(dropped).expect("a small number")).await;
    assert_eq!(rig.count("inbound_dropped_total").await, dropped);
    all_said(&rig.platform)
}

fn group(sender: &str, id: &str) -> Value {
    json!({ "senderId": sender, "senderName": "Ann", "isGroup": true, "groupId": id, "isGroupMention": true })
}

#[tokio::test]
async fn open_direct_chats_answer_everybody() {
    let frames = [json!({ "senderId": "wxid_a" }), json!({ "senderId": "wxid_b" })];
    assert_eq!(heard(json!({}), &frames, 0).await, ["wxid_a: m0", "wxid_b: m1"]);
}

#[tokio::test]
async fn an_allowlist_knows_ids_and_no_names() {
    let account = json!({ "dmPolicy": "allowlist", "allowFrom": ["socket-chat:WXID_Ann", "sc:wxid_ben", "Trusted Name"] });
    let frames = [
        json!({ "senderId": "wxid_ann" }),
        json!({ "senderId": "wxid_ben" }),
        json!({ "senderId": "wxid_eve", "senderName": "wxid_ann" }),
        json!({ "senderId": "wxid_eve", "senderName": "Trusted Name" }),
    ];
    assert_eq!(heard(account, &frames, 2).await, ["wxid_ann: m0", "wxid_ben: m1"]);
}

#[tokio::test]
async fn names_count_where_the_operator_said_so() {
    let account = json!({ "dmPolicy": "allowlist", "allowFrom": ["Trusted Name"], "allowNameMatching": true });
    let frames = [json!({ "senderId": "wxid_x", "senderName": "trusted name" }), json!({ "senderId": "wxid_y" })];
    assert_eq!(heard(account, &frames, 1).await, ["wxid_x: m0"]);
}

#[tokio::test]
async fn groups_may_be_open_listed_or_off() {
    let frames = [group("wxid_a", "1@chatroom"), group("wxid_a", "2@chatroom")];
    let open = heard(json!({}), &frames, 0).await;
    assert_eq!(open, ["1@chatroom: m0", "2@chatroom: m1"]);
    let listed = heard(json!({ "groupPolicy": "allowlist", "groups": ["group:2@CHATROOM"] }), &frames, 1).await;
    assert_eq!(listed, ["2@chatroom: m1"]);
    assert!(heard(json!({ "groupPolicy": "disabled" }), &frames, 2).await.is_empty());
    assert!(heard(json!({ "groupPolicy": "allowlist" }), &frames, 2).await.is_empty(), "an empty list is nobody");
}

#[tokio::test]
async fn in_a_group_only_those_on_its_list_are_heard() {
    let account = json!({ "groupAllowFrom": ["wxid_ann"], "dmPolicy": "open" });
    let frames = [group("wxid_ann", "1@chatroom"), group("wxid_eve", "1@chatroom"), json!({ "senderId": "wxid_eve" })];
    assert_eq!(heard(account, &frames, 1).await, ["1@chatroom: m0", "wxid_eve: m2"]);
}

#[tokio::test]
async fn a_group_message_has_to_mean_the_robot() {
    let said = |content: &str, mention: Value| {
        let mut fields = group("wxid_ann", "1@chatroom");
        (fields["content"], fields["isGroupMention"]) = (content.into(), mention);
        fields
    };
    let frames = [
        said("by flag", json!(true)),
        said("no @wxid_robot says the flag", json!(false)),
        said("@wxid_robot by id", Value::Null),
        said("wxid_robot by bare id", Value::Null),
        said("to everybody", Value::Null),
    ];
    let answers = heard(json!({ "historyLimit": 0 }), &frames, 2).await;
    assert_eq!(answers, ["1@chatroom: @wxid_robot by id", "1@chatroom: by flag", "1@chatroom: wxid_robot by bare id"]);
    let all = heard(json!({ "requireMention": false }), &frames, 0).await;
    assert_eq!(all.len(), frames.len());
}

#[tokio::test]
async fn what_a_group_said_before_is_told_with_what_is_meant_for_the_robot() {
    let said = |content: &str| {
        let mut fields = group("wxid_ann", "1@chatroom");
        (fields["content"], fields["isGroupMention"]) = (content.into(), Value::Null);
        fields
    };
    let frames = [said("shall we?"), said("or not"), said("@wxid_robot decide")];
    for (account, before) in [
        (json!({}), "[Said here since the last answer]\nAnn: shall we?\nAnn: or not\n\n[To be answered now]\nAnn: "),
        (json!({ "historyLimit": 1 }), "[Said here since the last answer]\nAnn: or not\n\n[To be answered now]\nAnn: "),
        (json!({ "historyLimit": 0 }), ""),
    ] {
        let answers = heard(account.clone(), &frames, 2).await;
        assert_eq!(answers, [format!("1@chatroom: {before}@wxid_robot decide")], "{account}");
    }
}

#[tokio::test]
async fn what_is_not_meant_for_the_robot_is_passed_over() {
    let rig = Rig::start(json!({})).await;
    rig.platform.publish_to("bot/in", Retain::Yes, direct("old", "wxid_ann", "kept by the broker")).await;
    for (id, fields) in [
        ("own-1", json!({ "senderId": "wxid_robot" })),
        ("own-2", json!({ "isMyself": true })),
        ("other", json!({ "robotId": "wxid_other" })),
        ("empty", json!({ "content": "" })),
        ("group", json!({ "isGroup": true, "isGroupMention": true })),
    ] {
        rig.platform.publish(frame(id, fields)).await;
    }
    rig.platform.publish(direct("last", "wxid_last", "now me")).await;
    // The first was live when it came; after the restart it comes as a kept one, and again from before.
    let sent = rig.platform.wait_for_sent(2).await;
    let texts: Vec<_> = sent.iter().map(said).collect();
    assert!(texts.contains(&"wxid_last: now me".to_owned()), "{texts:?}");
    rig.gateway.post("/admin/channels/socket-chat/default/restart").await;
    rig.gateway.ready("all").await;
    rig.platform.publish(direct("after", "wxid_last", "and again")).await;
    assert_eq!(said(&rig.platform.wait_for_sent(3).await[2]), "wxid_last: and again");
    assert_eq!(rig.gateway.actor(CHANNEL).await["restarts"], 1);
}

#[tokio::test]
async fn a_repeated_message_is_answered_once_also_over_a_restart() {
    let mut rig = Rig::start(json!({})).await;
    for _ in 0..3 {
        rig.platform.publish(direct("same", "wxid_ann", "once")).await;
    }
    rig.counted("inbound_duplicate_total", 2).await;
    rig.platform.wait_for_sent(1).await;
    rig.settled().await;
    rig.gateway.kill();
    rig.gateway.again().await;
    rig.platform.publish(direct("same", "wxid_ann", "once")).await;
    rig.counted("inbound_duplicate_total", 1).await;
    rig.platform.publish(direct("next", "wxid_ann", "twice")).await;
    let sent = rig.platform.wait_for_sent(2).await;
    assert_eq!(sent.iter().map(said).collect::<Vec<_>>(), ["wxid_ann: once", "wxid_ann: twice"]);
}

#[tokio::test]
async fn a_changed_policy_holds_without_a_new_link() {
    let rig = Rig::start(json!({ "dmPolicy": "allowlist", "allowFrom": ["wxid_ben"] })).await;
    let before = rig.gateway.actor(CHANNEL).await;
    let calls = rig.backend.calls().len();
    rig.platform.publish(direct("m1", "wxid_ann", "one")).await;
    rig.counted("inbound_dropped_total", 1).await;
    rig.change(json!({ "channels": { "socket-chat": { "allowFrom": ["wxid_ann", "wxid_cat"] } } }));
    until("the new list", async || {
        let list = rig.gateway.get("/admin/channels").await;
        (list["channels"][0]["status"]["allowFrom"] == 2).then_some(())
    })
    .await;
    rig.platform.publish(direct("m2", "wxid_ben", "two")).await;
    rig.counted("inbound_dropped_total", 2).await;
    rig.platform.publish(direct("m3", "wxid_ann", "three")).await;
    assert_eq!(said(&rig.platform.wait_for_sent(1).await[0]), "wxid_ann: three");
    let after = rig.gateway.actor(CHANNEL).await;
    assert_eq!((&after["since"], &after["restarts"]), (&before["since"], &json!(0)));
    assert_eq!(rig.backend.calls().len(), calls);
}
