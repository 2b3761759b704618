//! What owners order of the gateway in a chat.

use serde_json::{Value, json};

use crate::harness::rig::{Rig, said};
use crate::harness::socket_platform::{direct, frame};
use crate::harness::until;

/// Writes to the gateway, and returns what it says to that: the last of `count` payloads.
async fn ask(rig: &Rig, sender: &str, text: &str, count: usize) -> String {
    rig.platform.publish(direct(&format!("ask-{count}-{sender}"), sender, text)).await;
    rig.platform.wait_for_sent(count).await.last().map(said).expect("an answer")
}

fn owners(gates: Value) -> Value {
    json!({ "commands": gates })
}

#[tokio::test]
async fn an_owner_looks_at_the_file_and_changes_it() {
    let account = json!({ "dmPolicy": "open", "allowFrom": ["*", "wxid_ann"] });
    let rig = Rig::with(account, owners(json!({ "config": true, "debug": true }))).await;
    let ann = async |text: &str, count| ask(&rig, "wxid_ann", text, count).await;
    let shown = ann("/config show channels.socket-chat.allowFrom", 1).await;
    assert!(shown.contains("channels.socket-chat.allowFrom") && shown.contains("wxid_ann"), "{shown}");
    let key = ann("/config get channels.socket-chat.apiKey", 2).await;
    assert!(key.contains("apiKey") && !key.contains("key-1"), "{key}");
    let set = ann("/config set session.historyEntriesMax=7", 3).await;
    assert!(set.contains("session.historyEntriesMax is written. It holds from the next message on."), "{set}");
    assert_eq!(rig.gateway.settings()["session"]["historyEntriesMax"], 7);
    let wrong = ann("/config set session.historyEntriesMax=many", 4).await;
    assert!(wrong.contains("Nothing was changed") && wrong.contains("historyEntriesMax"), "{wrong}");

    let laid = ann("/debug set session.historyEntriesMax=3", 5).await;
    assert!(laid.contains("until the gateway's next start"), "{laid}");
    assert!(ann("/config get session.historyEntriesMax", 6).await.ends_with(": 3"));
    assert_eq!(rig.gateway.settings()["session"]["historyEntriesMax"], 7, "the file is as it was");
    assert!(ann("/debug set commands.restart=true", 7).await.contains("gate"));
    ann("/debug reset", 8).await;
    assert!(ann("/config get session.historyEntriesMax", 9).await.ends_with(": 7"));

    let refused = ask(&rig, "wxid_eve", "/config", 10).await;
    assert!(refused.contains("Only those whom allowFrom names"), "{refused}");
    assert!(ann("/restart", 11).await.contains("set commands.restart to true"));
}

#[tokio::test]
async fn an_owner_lets_somebody_in_and_out_again() {
    let account = json!({ "dmPolicy": "allowlist", "allowFrom": ["wxid_ann"] });
    let rig = Rig::with(account, owners(json!({ "config": true }))).await;
    let ann = async |text: &str, count| ask(&rig, "wxid_ann", text, count).await;
    assert!(ann("/allowlist add --store wxid_ben", 1).await.contains("wxid_ben is let in"));
    // The list is read when the account's actor is next woken, which its answer above did.
    let mut written = 0;
    let first = until("he is heard", async || {
        rig.platform.publish(direct(&uuid::Uuid::new_v4().to_string(), "wxid_ben", "hello")).await;
        written += 1;
        rig.acknowledged(1 + written).await;
        rig.settled().await;
        let sent = rig.platform.sent();
        sent.iter().map(said).find(|text| text == "wxid_ben: hello")
    });
    assert_eq!(first.await, "wxid_ben: hello");
    let count = rig.platform.sent().len();
    let listed = ann("/allowlist all", count + 1).await;
    assert!(listed.contains("allowFrom: wxid_ann") && listed.contains("pairing: wxid_ben"), "{listed}");
    assert!(ann("/allowlist remove wxid_ben --store", count + 2).await.contains("no longer"));
    let both = ann("/allowlist add wxid_cat", count + 3).await;
    assert!(both.contains("channels.socket-chat.allowFrom is written") && both.contains("wxid_cat is let in"), "{both}");
    assert_eq!(rig.gateway.settings()["channels"]["socket-chat"]["allowFrom"], json!(["wxid_ann", "wxid_cat"]));
    assert!(ann("/allowlist add wxid_cat --config", count + 4).await.contains("already"));
    ann("/allowlist remove wxid_cat", count + 5).await;
    assert_eq!(rig.gateway.settings()["channels"]["socket-chat"]["allowFrom"], json!(["wxid_ann"]));
}

#[tokio::test]
async fn the_chat_that_orders_a_restart_hears_when_the_gateway_is_back() {
    let account = json!({ "dmPolicy": "allowlist", "allowFrom": ["wxid_ann"] });
    let rig = Rig::with(account, owners(json!({ "restart": true }))).await;
    let pid = rig.gateway.pid();
    assert!(ask(&rig, "wxid_ann", "/restart", 1).await.contains("restarts in 2 s"));
    let back = rig.platform.wait_for_sent(2).await;
    assert_eq!(said(&back[1]), "wxid_ann: The gateway is back.");
    assert_eq!(ask(&rig, "wxid_ann", "hello", 3).await, "wxid_ann: hello");
    assert_eq!((rig.gateway.pid(), rig.gateway.log().matches("\"event\":\"gateway.listening\"").count()), (pid, 2));
}

/// A group's own word on when it is answered counts before the settings of its channel, also for the next process.
#[tokio::test]
async fn a_group_is_answered_when_its_own_word_says_so() {
    let mut rig = Rig::start(
        json!({ "dmPolicy": "open", "allowFrom": ["*", "wxid_ann"], "groupAllowFrom": ["wxid_ann"], "historyLimit": 0 }),
    )
    .await;
    let say = |id: &str, text: &str, mention: bool| {
        let fields = json!({
            "senderId": "wxid_ann", "senderName": "Ann", "isGroup": true, "groupId": "1@chatroom",
            "isGroupMention": mention, "content": text
        });
        frame(id, fields)
    };
    rig.platform.publish(say("1", "not heard", false)).await;
    rig.counted("inbound_dropped_total", 1).await;
    rig.platform.publish(say("2", "/activation always", true)).await;
    assert_eq!(said(&rig.platform.wait_for_sent(1).await[0]), "1@chatroom: Set to always.");
    rig.platform.publish(say("3", "heard", false)).await;
    assert_eq!(said(&rig.platform.wait_for_sent(2).await[1]), "1@chatroom: heard");
    rig.gateway.kill();
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    rig.platform.publish(say("4", "heard again", false)).await;
    until("it is answered", async || {
        rig.platform.sent().iter().any(|payload| said(payload) == "1@chatroom: heard again").then_some(())
    })
    .await;
    let count = rig.platform.sent().len();
    rig.platform.publish(say("5", "/activation mention", false)).await;
    rig.platform.wait_for_sent(count + 1).await;
    rig.platform.publish(say("6", "not heard", false)).await;
    rig.counted("inbound_dropped_total", 1).await;
}
