//! Who is heard: in direct rooms, in rooms, by which words.

use serde_json::json;

use super::rig::Rig;
use crate::harness::rocketchat::{Kind, Version};

#[tokio::test]
async fn pairing_lets_a_stranger_into_the_direct_room_and_into_no_other() {
    let settings = json!({ "dmPolicy": "pairing", "allowFrom": [], "groupPolicy": "allowlist" });
    let rig = Rig::start(Version::Eight, settings).await;
    let (direct, room) = (rig.room(Kind::Direct, "").await, rig.room(Kind::Private, "inner").await);
    rig.server.say(&direct, &rig.ann, "let me in");
    let notice = rig.server.wait_for_said(&direct, 1).await.remove(0);
    assert!(notice.contains(&format!("Your Rocket.Chat user id: {}\n", rig.ann.id)), "{notice}");
    let (_, rest) = notice.split_once("Pairing code: ").expect("a code");
    let code: String = rest.chars().take(8).collect();
    rig.gateway.run(0, &["pairing", "approve", "rocketchat", &code]);
    rig.server.wait_for_said(&direct, 2).await;
    rig.server.say(&direct, &rig.ann, "thanks");
    assert_eq!(rig.server.wait_for_said(&direct, 3).await[2], "thanks");
    rig.server.say(&room, &rig.ann, "@call.bot and here?");
    rig.dropped("group not listed", 1).await;
    assert_eq!(rig.server.said(&room), Vec::<String>::new());
}

#[tokio::test]
async fn direct_chats_that_are_disabled_are_heard_from_nobody_and_offer_no_code() {
    // Not even somebody on the list, nor somebody who may order.
    let rig = Rig::start(Version::Eight, json!({ "dmPolicy": "disabled" })).await;
    let (direct, room) = (rig.room(Kind::Direct, "").await, rig.room(Kind::Private, "inner").await);
    rig.server.say(&direct, &rig.ann, "hello");
    rig.server.say(&direct, &rig.ann, "/status");
    rig.dropped("direct chats are disabled", 2).await;
    rig.server.say(&room, &rig.ann, "@call.bot hello");
    assert_eq!(rig.server.wait_for_said(&room, 1).await, ["hello"], "rooms are another matter");
    assert_eq!(rig.server.said(&direct), Vec::<String>::new());
}

#[tokio::test]
async fn a_name_in_the_list_is_bound_to_its_id() {
    let settings = json!({ "groupPolicy": "allowlist", "groupAllowFrom": ["@Ann", "@nobody"] });
    let rig = Rig::start(Version::Seven, settings).await;
    let ben = rig.server.person("ben");
    let rid = rig.server.room(Kind::Channel, "general", &[&rig.ann, &ben, &rig.bot]);
    rig.server.listening(&rig.bot, &rid).await;
    rig.server.say(&rid, &ben, "@call.bot from ben");
    rig.dropped("sender not listed", 1).await;
    rig.server.say(&rid, &rig.ann, "@call.bot from ann");
    assert_eq!(rig.server.wait_for_said(&rid, 1).await, ["from ann"]);
    assert_eq!(rig.status().await["status"]["unknownNames"], json!(["nobody"]));
}

#[tokio::test]
async fn what_is_said_to_others_is_dropped_with_its_reason_and_told_with_the_next_answer() {
    let rig = Rig::start(Version::Eight, json!({ "chatmode": "onchar" })).await;
    let rid = rig.room(Kind::Channel, "general").await;
    rig.server.say(&rid, &rig.ann, "just talking");
    rig.dropped("no prefix", 1).await;
    rig.server.say(&rid, &rig.ann, "! what was that?");
    let said = rig.server.wait_for_said(&rid, 1).await;
    assert_eq!(said[0], "[Said here since the last answer]\nANN: just talking\n\n[To be answered now]\nANN: what was that?");
    rig.server.say(&rid, &rig.ann, "> and this");
    assert_eq!(rig.server.wait_for_said(&rid, 2).await[1], "and this");
}

#[tokio::test]
async fn a_mention_begins_a_conversation() {
    let settings = json!({ "conversationWindowMinutes": 5, "historyLimit": 0 });
    let rig = Rig::start(Version::Seven, settings).await;
    let (rid, other) = (rig.room(Kind::Channel, "general").await, rig.room(Kind::Channel, "other").await);
    rig.server.say(&rid, &rig.ann, "not for you");
    rig.dropped("no mention", 1).await;
    rig.gateway.logged(&["inbound.dropped", "no mention"]).await;
    assert!(!rig.gateway.log().contains("not for you"), "without its text");
    rig.server.say(&rid, &rig.ann, "@call.bot hello");
    rig.server.wait_for_said(&rid, 1).await;
    rig.server.say(&rid, &rig.ann, "go on");
    assert_eq!(rig.server.wait_for_said(&rid, 2).await, ["hello", "go on"]);
    rig.server.say(&other, &rig.ann, "elsewhere");
    rig.dropped("no mention", 2).await;
}

#[tokio::test]
async fn rooms_that_the_account_has_not_joined_are_not_heard() {
    let rig = Rig::start(Version::Eight, json!({ "requireMention": false })).await;
    let rid = rig.server.room(Kind::Channel, "foreign", &[&rig.ann]);
    rig.server.say(&rid, &rig.ann, "@call.bot psst");
    rig.dropped("not in room", 1).await;
    assert_eq!(rig.server.said(&rid), Vec::<String>::new());
}

#[tokio::test]
async fn a_command_of_somebody_who_may_order_needs_no_mention_in_a_room() {
    for by_name in [false, true] {
        let mut rig = Rig::prepare(Version::Eight, json!({ "groupPolicy": "allowlist" }));
        let mut settings = rig.gateway.settings();
        let entry = if by_name { "@Ann".to_owned() } else { format!("user:{}", rig.ann.id) };
        settings["channels"]["rocketchat"]["groupAllowFrom"] = json!([entry]);
        rig.gateway.configure(&settings);
        rig.gateway.again().await;
        rig.gateway.ready("all").await;
        let rid = rig.room(Kind::Channel, "general").await;
        rig.server.say(&rid, &rig.ann, "just talking");
        rig.dropped("no mention", 1).await;
        rig.server.say(&rid, &rig.ann, "/whoami");
        let said = rig.server.wait_for_said(&rid, 1).await;
        assert!(said[0].contains(&rig.ann.id), "{entry}: {said:?}");
    }
}

#[tokio::test]
async fn what_holds_for_every_channel_closes_rooms_that_say_nothing_else() {
    let mut rig = Rig::prepare(Version::Seven, json!({}));
    let mut settings = rig.gateway.settings();
    settings["channels"]["rocketchat"].as_object_mut().expect("the account").remove("groupPolicy");
    settings["channels"]["defaults"] = json!({ "groupPolicy": "disabled" });
    rig.gateway.configure(&settings);
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    let rid = rig.room(Kind::Channel, "general").await;
    rig.server.say(&rid, &rig.ann, "@call.bot hello");
    rig.dropped("groups are disabled", 1).await;
}
