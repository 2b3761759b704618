//! Messages that are changed after they were sent: marked, edited, deleted.

use reqwest::Method;
use serde_json::{Value, json};

use super::rig::Rig;
use crate::harness::control::ControlClient;
use crate::harness::rocketchat::faults::{Copies, Trouble};
use crate::harness::rocketchat::{Kind, Version};
use crate::harness::{eventually, until};

async fn order(rig: &Rig, status: u16, action: &str, args: Value) -> Value {
    let body = json!({ "tool": "message", "action": action, "args": args });
    let answer = rig.gateway.expect(status, Method::POST, "/tools/invoke", Some(body)).await;
    if status == 200 { answer["result"]["details"].clone() } else { answer["error"].clone() }
}

fn marks(rig: &Rig, id: &str) -> Value {
    rig.server.message(id).expect("the message")["reactions"].clone()
}

/// Orders what the server refuses: said at once, or in the dead letters if the server took its time.
async fn refused(rig: &Rig, action: &str, args: Value, told: &str) {
    let body = json!({ "tool": "message", "action": action, "args": args });
    let (_, answer) = rig.gateway.request(Method::POST, "/tools/invoke", Some(body)).await;
    let Some(id) = answer["result"]["details"]["id"].as_str() else {
        assert_eq!(answer["error"]["code"], "refused", "{action}: {answer}");
        assert!(answer["error"]["message"].as_str().expect("a text").contains(told), "{action}: {answer}");
        return;
    };
    until("it is a dead letter", async || {
        let letters = rig.gateway.get("/admin/deadletters").await.to_string();
        (letters.contains(id) && letters.contains(told)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_message_is_sent_marked_edited_and_deleted() {
    for version in [Version::Six, Version::Seven, Version::Eight] {
        let rig = Rig::start(version, json!({})).await;
        let rid = rig.room(Kind::Private, "inner").await;
        let target = format!("group:{rid}");
        let sent = order(&rig, 200, "send", json!({ "target": target, "message": "frist" })).await;
        rig.server.wait_for_said(&rid, 1).await;
        let id = rig.posted()[0].id.clone();
        let named = sent["messageId"].as_str().expect("an id");
        assert!(named == id || (sent["state"] == "queued" && sent["id"] == named), "{version:?} {sent}");

        // By the server's id with the place, and by the row's alone.
        order(&rig, 200, "edit", json!({ "target": target, "messageId": id, "message": "first" })).await;
        order(&rig, 200, "edit", json!({ "messageId": sent["id"], "message": "the first" })).await;
        eventually("both edits", || rig.server.edits_of(&id) == ["first", "the first"]).await;

        order(&rig, 200, "react", json!({ "messageId": sent["id"], "emoji": "👍" })).await;
        order(&rig, 200, "react", json!({ "target": target, "messageId": id, "emoji": "tada" })).await;
        eventually("the marks", || marks(&rig, &id)[":tada:"]["usernames"] == json!(["call.bot"])).await;
        assert_eq!(marks(&rig, &id)[":thumbsup:"]["usernames"], json!(["call.bot"]));
        rig.server.react(&id, &rig.ann, "tada");
        order(&rig, 200, "react", json!({ "messageId": sent["id"], "emoji": "thumbsup", "remove": true })).await;
        eventually("one is off", || marks(&rig, &id)[":thumbsup:"]["usernames"] == json!([])).await;
        order(&rig, 200, "react", json!({ "messageId": sent["id"], "emoji": "" })).await;
        eventually("only our own go", || marks(&rig, &id)[":tada:"]["usernames"] == json!(["ann"])).await;

        order(&rig, 200, "delete", json!({ "target": target, "messageId": id })).await;
        eventually("it is gone", || rig.server.message(&id).is_none()).await;
        assert_eq!(rig.count("outbound_dead_total").await, 0);
        // What is gone cannot be taken away once more: whoever orders that has the wrong message. What is ordered behind it goes on.
        refused(&rig, "unsend", json!({ "messageId": sent["id"] }), "no message").await;
        order(&rig, 200, "send", json!({ "target": target, "message": "next" })).await;
        assert_eq!(rig.server.wait_for_said(&rid, 2).await, ["frist", "next"]);
    }
}

#[tokio::test]
async fn only_messages_of_its_own_are_changed_and_the_reason_is_told() {
    let rig = Rig::start(Version::Seven, json!({ "requireMention": true })).await;
    let (rid, other) = (rig.room(Kind::Private, "inner").await, rig.room(Kind::Channel, "general").await);
    let theirs = rig.server.say(&rid, &rig.ann, "mine");
    let target = format!("group:{rid}");
    let sent = order(&rig, 200, "send", json!({ "target": target, "message": "ours" })).await;
    rig.server.wait_for_said(&rid, 1).await;
    let ours = rig.posted()[0].id.clone();
    let elsewhere = format!("channel:{other}");
    let by_server = [
        ("edit", json!({ "target": target, "messageId": theirs, "message": "x" }), "not our own"),
        ("delete", json!({ "target": target, "messageId": theirs }), "not our own"),
        ("edit", json!({ "target": target, "messageId": "nobodysaidthis", "message": "x" }), "no message"),
        ("edit", json!({ "target": elsewhere, "messageId": ours, "message": "x" }), "no message"),
        ("delete", json!({ "target": elsewhere, "messageId": ours }), "no message"),
        ("delete", json!({ "target": target, "messageId": "nobodysaidthis" }), "no message"),
        ("react", json!({ "target": elsewhere, "messageId": theirs, "emoji": "eyes" }), "no message"),
        ("react", json!({ "target": elsewhere, "messageId": theirs, "emoji": "" }), "no message"),
    ];
    for (action, args, told) in by_server {
        refused(&rig, action, args, told).await;
    }
    let at_once = [
        ("edit", json!({ "messageId": ours, "message": "x" }), "invalid_request", "where the message stands"),
        ("edit", json!({ "messageId": sent["id"], "message": " " }), "invalid_request", "`message`"),
        ("edit", json!({ "messageId": sent["id"], "message": "word ".repeat(20_000) }), "invalid_request", "too long"),
        ("react", json!({ "messageId": sent["id"] }), "invalid_request", "`emoji`"),
        ("react", json!({ "messageId": sent["id"], "emoji": "two words" }), "invalid_request", "emoji"),
        ("react", json!({ "emoji": "eyes" }), "invalid_request", "`messageId`"),
        ("delete", json!({ "target": target, "messageId": uuid::Uuid::now_v7() }), "not_found", "store.outboxRetentionHours"),
        (
            "edit",
            json!({ "channel": "webchat", "target": "main", "messageId": "x", "message": "x" }),
            "not_implemented",
            "webchat",
        ),
    ];
    for (action, args, code, told) in at_once {
        let error = order(&rig, 400, action, args.clone()).await;
        assert_eq!(error["code"], code, "{action} {args}: {error}");
        assert!(error["message"].as_str().expect("a text").contains(told), "{action} {args}: {error}");
    }
    assert_eq!(rig.server.message(&theirs).expect("it is there")["msg"], "mine");
    assert!(marks(&rig, &theirs).is_null(), "it was marked by way of another room");
    assert_eq!(rig.server.message(&ours).expect("it is there")["msg"], "ours");
}

/// The message is not there yet when its edit is ordered, and the process dies in between: its row finds it.
#[tokio::test]
async fn a_change_of_a_message_that_waits_follows_it_over_a_crash() {
    let mut rig = Rig::start(Version::Eight, json!({})).await;
    let rid = rig.room(Kind::Private, "inner").await;
    rig.server.go_away();
    rig.link("down").await;
    let sent = order(&rig, 200, "send", json!({ "target": format!("group:{rid}"), "message": "draft" })).await;
    assert_eq!((&sent["state"], &sent["messageId"]), (&json!("queued"), &sent["id"]));
    let edit = json!({ "messageId": sent["id"], "message": "final", "idempotencyKey": "k" });
    let edited = order(&rig, 200, "edit", edit.clone()).await;
    assert_eq!(edited["state"], "queued");
    let again = order(&rig, 200, "edit", edit).await;
    assert_eq!((&again["duplicate"], &again["id"]), (&json!(true), &edited["id"]));
    order(&rig, 200, "react", json!({ "messageId": sent["id"], "emoji": "eyes" })).await;
    rig.gateway.kill();
    rig.server.come_back();
    rig.gateway.again().await;
    let posted = || rig.posted().first().map(|message| message.id.clone());
    eventually("it is sent", || posted().is_some()).await;
    let id = posted().expect("the message");
    eventually("it is marked, by the last of them", || marks(&rig, &id)[":eyes:"]["usernames"] == json!(["call.bot"])).await;
    assert_eq!(rig.server.edits_of(&id), ["final"], "in the order of the requests, and once");
    assert_eq!(rig.server.message(&id).expect("it is there")["msg"], "final");
}

/// What the server did is not known when its answer is lost: it is done again, and is no more than done.
#[tokio::test]
async fn a_reaction_whose_answer_is_lost_stands_once() {
    let rig = Rig::start(Version::Seven, json!({})).await;
    let rid = rig.room(Kind::Private, "inner").await;
    let theirs = rig.server.say(&rid, &rig.ann, "look");
    rig.server.plan("chat.react", Trouble::CommitThenCut, 1);
    let args = json!({ "target": format!("group:{rid}"), "messageId": theirs, "emoji": ":eyes:" });
    order(&rig, 200, "react", args).await;
    eventually("it was asked again", || rig.server.calls("chat.react").len() >= 2).await;
    eventually("nothing waits", || marks(&rig, &theirs)[":eyes:"]["usernames"] == json!(["call.bot"])).await;
}

/// A deletion whose answer was lost is made again and finds nothing: it was made.
#[tokio::test]
async fn a_deletion_whose_answer_is_lost_is_no_failure() {
    let rig = Rig::start(Version::Seven, json!({})).await;
    let rid = rig.room(Kind::Private, "inner").await;
    let ours = rig.server.say(&rid, &rig.bot, "ours");
    rig.server.plan("chat.delete", Trouble::CommitThenCut, 1);
    let target = format!("group:{rid}");
    let ordered = order(&rig, 200, "delete", json!({ "target": target, "messageId": ours })).await;
    order(&rig, 200, "send", json!({ "target": target, "message": "next" })).await;
    // Rows of a chat go in their order.
    assert_eq!(rig.server.wait_for_said(&rid, 1).await, ["next"]);
    let letters = rig.gateway.get("/admin/deadletters").await.to_string();
    assert!(!letters.contains(ordered["id"].as_str().expect("an id")), "{letters}");
}

/// Whatever the server refuses to show is not thereby gone: `sent` stood under messages that were still there.
#[tokio::test]
async fn a_message_that_the_server_refuses_to_show_is_not_taken_for_gone() {
    for (trouble, told) in [
        (Trouble::Refused("error-not-allowed"), "error-not-allowed"),
        (Trouble::Refused("error-invalid-user"), "error-invalid-user"),
    ] {
        let rig = Rig::start(Version::Eight, json!({})).await;
        let rid = rig.room(Kind::Private, "inner").await;
        let ours = rig.server.say(&rid, &rig.bot, "ours");
        rig.server.plan("chat.getMessage", trouble, 1);
        refused(&rig, "delete", json!({ "target": format!("group:{rid}"), "messageId": ours }), told).await;
        assert!(rig.server.message(&ours).is_some());
    }
}

/// A key belongs to one message: the same one given to a change of another did nothing and said that it was done.
#[tokio::test]
async fn a_key_is_one_for_each_message() {
    let rig = Rig::start(Version::Seven, json!({})).await;
    let rid = rig.room(Kind::Private, "inner").await;
    let (one, two) = (rig.server.say(&rid, &rig.ann, "one"), rig.server.say(&rid, &rig.ann, "two"));
    let target = format!("group:{rid}");
    for (id, duplicate) in [(&one, false), (&two, false), (&two, true)] {
        let args = json!({ "target": target, "messageId": id, "emoji": "eyes", "idempotencyKey": "k" });
        assert_eq!(order(&rig, 200, "react", args).await["duplicate"], duplicate, "{id}");
    }
    for id in [&one, &two] {
        eventually("it is marked", || marks(&rig, id)[":eyes:"]["usernames"] == json!(["call.bot"])).await;
    }
}

/// Who asks, what is set besides, and whether messages of other chats are within reach.
#[tokio::test]
async fn a_turn_changes_messages_of_its_own_chat_only_unless_an_owner_asks() {
    let play = |rig: &mut Rig, args: &[String]| {
        let calls: String = args.iter().map(|args| format!("      - tool: {{ name: message, args: {args} }}\n")).collect();
        rig.gateway.play(&format!("steps:\n  - do:\n{calls}      - results\n"));
    };
    for (owner, settings, reaches) in
        [(false, json!({}), false), (true, json!({}), true), (false, json!({ "tools": { "alsoAllow": ["message"] } }), false)]
    {
        let shown = format!("owner {owner}, {settings}");
        let mut rig = Rig::prepare(Version::Eight, json!({}));
        let other = rig.server.room(Kind::Private, "other", &[&rig.ann, &rig.bot]);
        let direct = rig.server.direct(&rig.ann, &rig.bot);
        let (theirs, ours) = (rig.server.say(&other, &rig.ann, "theirs"), rig.server.say(&other, &rig.bot, "ours"));
        let here = rig.server.say(&direct, &rig.bot, "here");
        let elsewhere = format!("group:{other}");
        let args = [
            json!({ "action": "react", "messageId": theirs, "target": elsewhere, "emoji": "tada" }),
            json!({ "action": "edit", "messageId": ours, "target": elsewhere, "text": "changed" }),
            // By its id alone it stands here, and the server says that it does not.
            json!({ "action": "edit", "messageId": here, "text": "changed here" }),
        ];
        play(&mut rig, &args.map(|args| args.to_string()));
        if owner {
            let account = json!({ "dmPolicy": "allowlist", "allowFrom": [rig.ann.id] });
            rig.gateway.change(json!({ "channels": { "rocketchat": account } }));
        }
        rig.gateway.change(settings);
        rig.gateway.again().await;
        rig.gateway.ready("all").await;
        rig.server.listening(&rig.bot, &direct).await;
        rig.server.say(&direct, &rig.ann, "do it");
        eventually(&format!("{shown}: the own chat is within reach"), || rig.server.edits_of(&here) == ["changed here"]).await;
        let said = rig.server.wait_for_said(&direct, 1).await;
        assert_eq!(!said[0].contains("only messages of the chat"), reaches, "{shown}: {said:?}");
        if reaches {
            eventually("it is edited", || rig.server.edits_of(&ours) == ["changed"]).await;
            eventually("it is marked", || marks(&rig, &theirs)[":tada:"]["usernames"] == json!(["call.bot"])).await;
        } else {
            assert!(rig.server.edits_of(&ours).is_empty() && marks(&rig, &theirs).is_null(), "{shown}");
        }
    }
}

/// A turn marks what it answers without being told any id.
#[tokio::test]
async fn a_turn_marks_the_message_that_it_answers() {
    let mut rig = Rig::prepare(Version::Eight, json!({}));
    rig.gateway
        .play("steps:\n  - do:\n      - tool: { name: message, args: { action: react, emoji: '👀' } }\n      - results\n");
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    let rid = rig.room(Kind::Direct, "").await;
    let asked = rig.server.say(&rid, &rig.ann, "hello");
    let said = rig.server.wait_for_said(&rid, 1).await;
    assert!(said[0].contains("react") && said[0].contains(&asked), "the tool tells which it was: {said:?}");
    eventually("it is marked", || marks(&rig, &asked)[":eyes:"]["usernames"] == json!(["call.bot"])).await;
}

/// Whoever writes sees that they were heard, once a message, and only where the settings mean them.
#[tokio::test]
async fn a_message_that_is_taken_in_is_marked_once() {
    let mut rig = Rig::prepare(Version::Seven, json!({}));
    rig.gateway.change(json!({ "messages": { "ackReaction": "👀" } }));
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    let (direct, room) = (rig.room(Kind::Direct, "").await, rig.room(Kind::Channel, "general").await);
    rig.server.send_copies(Copies::Two);
    let plain = rig.server.say(&direct, &rig.ann, "hello");
    rig.server.wait_for_said(&direct, 1).await;
    let named = rig.server.say(&room, &rig.ann, "@call.bot hello");
    rig.server.wait_for_said(&room, 1).await;
    eventually("it is marked", || marks(&rig, &named)[":eyes:"]["usernames"] == json!(["call.bot"])).await;
    // Marks are made one by one, so that behind the second one all of the first are made.
    let again = rig.server.say(&room, &rig.ann, "@call.bot again");
    eventually("that is marked too", || marks(&rig, &again)[":eyes:"]["usernames"] == json!(["call.bot"])).await;
    assert_eq!(rig.server.calls("chat.react").len(), 2, "one for each message that addressed the bot in a room");
    assert!(marks(&rig, &plain).is_null(), "a direct chat is not meant unless it is said");
}

/// A mark is no message: it was a row of its chat's, so that answers waited behind one that the server limited, and one that it refused
/// became a dead letter.
#[tokio::test]
async fn a_mark_that_the_server_does_not_take_is_left_out_and_holds_nothing_up() {
    for trouble in [Trouble::Limited(300), Trouble::Refused("error-not-allowed"), Trouble::RefuseThenCut] {
        let mut rig = Rig::prepare(Version::Eight, json!({}));
        rig.gateway.change(json!({ "messages": { "ackReaction": "eyes", "ackReactionScope": "all" } }));
        rig.gateway.again().await;
        rig.gateway.ready("all").await;
        let direct = rig.room(Kind::Direct, "").await;
        let shown = format!("{trouble:?}");
        rig.server.plan("chat.react", trouble, 1);
        rig.server.say(&direct, &rig.ann, "one");
        rig.server.wait_for_said(&direct, 1).await;
        until(&format!("{shown}: it is counted"), async || (rig.count("marks_dropped_total").await == 1).then_some(())).await;
        rig.server.say(&direct, &rig.ann, "two");
        rig.server.wait_for_said(&direct, 2).await;
        assert_eq!(rig.count("outbound_dead_total").await, 0, "{shown}");
        assert_eq!(rig.count("outbound_retried_total").await, 0, "{shown}");
    }
}

/// The mark says that an answer is to come, and comes off when it has.
#[tokio::test]
async fn a_mark_comes_off_once_the_answer_is_sent() {
    for settings in [json!({}), json!({ "blockStreaming": true })] {
        let mut rig = Rig::prepare(Version::Seven, settings.clone());
        let ack = json!({ "ackReaction": "👀", "ackReactionScope": "all", "removeAckAfterReply": true });
        rig.gateway.change(json!({ "messages": ack }));
        rig.gateway.again().await;
        rig.gateway.ready("all").await;
        let direct = rig.room(Kind::Direct, "").await;
        let asked = rig.server.say(&direct, &rig.ann, "hello");
        eventually(&format!("{settings}: it is on and off"), || rig.server.calls("chat.react").len() == 2).await;
        rig.server.wait_for_said(&direct, 1).await;
        eventually("it is off", || marks(&rig, &asked)[":eyes:"]["usernames"] == json!([])).await;
        assert_eq!(rig.count("marks_dropped_total").await, 0);
    }
}

/// Clients of the control plane and the command line have the same done.
#[tokio::test]
async fn clients_and_the_command_line_change_messages_too() {
    let rig = Rig::start(Version::Eight, json!({})).await;
    let rid = rig.room(Kind::Private, "inner").await;
    let target = format!("group:{rid}");
    let theirs = rig.server.say(&rid, &rig.ann, "look");
    let mut client = ControlClient::connect(&rig.gateway).await;
    let react = json!({
        "channel": "rocketchat", "action": "react", "idempotencyKey": "k",
        "params": { "target": target, "messageId": theirs, "emoji": "tada" }
    });
    let id = client.send("message.action", react.clone()).await;
    let done = client.answer(&id).await.expect("an answer");
    assert_eq!((&done["ok"], &done["action"], &done["duplicate"]), (&json!(true), &json!("react"), &json!(false)));
    let id = client.send("message.action", react).await;
    assert_eq!(client.answer(&id).await.expect("an answer")["duplicate"], true);
    eventually("it is marked", || marks(&rig, &theirs)[":tada:"]["usernames"] == json!(["call.bot"])).await;
    for (action, params, told) in [
        ("pin", json!({ "messageId": "x" }), "`pin` is none of"),
        ("react", json!({ "messageId": "x", "target": target }), "'emoji'"),
        ("edit", json!({ "messageId": "x", "target": target }), "'message'"),
        ("delete", json!({ "target": target }), "'messageId'"),
    ] {
        let order = json!({ "channel": "rocketchat", "action": action, "params": params, "idempotencyKey": action });
        let id = client.send("message.action", order).await;
        let refused = client.answer(&id).await.expect_err("a refusal").to_string();
        assert!(refused.contains(told), "{action}: {refused}");
    }

    let which = ["--channel", "rocketchat", "--target", &target];
    let said = rig.gateway.run(0, &[&["message", "send", "frist"], which.as_slice()].concat());
    rig.server.wait_for_said(&rid, 1).await;
    let ours = rig.posted()[0].id.clone();
    let row = said.split_whitespace().last().expect("the row").to_owned();
    let by_row = ["--channel", "rocketchat", "--message-id", &row];
    rig.gateway.run(0, &[&["message", "edit", "-m", "first"], by_row.as_slice()].concat());
    eventually("it is edited", || rig.server.edits_of(&ours) == ["first"]).await;
    let by_id = ["--message-id", &ours];
    rig.gateway.run(0, &[&["message", "react", "--emoji", "eyes"], which.as_slice(), by_id.as_slice()].concat());
    eventually("it is marked", || marks(&rig, &ours)[":eyes:"]["usernames"] == json!(["call.bot"])).await;
    rig.gateway.run(0, &[&["message", "delete"], by_row.as_slice()].concat());
    eventually("it is gone", || rig.server.message(&ours).is_none()).await;
}
