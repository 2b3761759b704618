//! Strangers: they get a code, wait in silence, and are let in by hand.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::gateway::Gateway;
use crate::harness::rig::{Rig, all_said, said};
use crate::harness::socket_platform::{SocketPlatform, direct, frame};

const ALPHABET: &str = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const WELCOME: &str = "You have been approved to chat with this assistant.";

fn pairing() -> Value {
    json!({ "dmPolicy": "pairing", "allowFrom": [] })
}

async fn rig() -> Rig {
    Rig::start(pairing()).await
}

/// Returns the code in a notice, checked.
fn code(notice: &str) -> String {
    let (_, rest) = notice.split_once("Pairing code: ").expect("a code");
    let code: String = rest.chars().take_while(|letter| letter.is_alphanumeric()).collect();
    assert!(code.len() == 8 && code.chars().all(|letter| ALPHABET.contains(letter)), "{code}");
    code
}

/// Has a stranger write; returns the code that comes back.
async fn knock(platform: &SocketPlatform, id: &str, peer: &str, sent: usize) -> String {
    platform.publish(direct(id, peer, "let me in")).await;
    let notices = platform.wait_for_sent(sent).await;
    let notice = said(&notices[sent - 1]);
    assert!(notice.contains(&format!("Your Socket Chat user id: {peer}\n")), "{notice}");
    code(&notice)
}

async fn pending(gateway: &Gateway) -> Vec<(String, String)> {
    let list = gateway.get("/admin/pairing").await;
    let text = |asked: &Value, field: &str| asked[field].as_str().expect("a text").to_owned();
    list["pairing"].as_array().expect("a list").iter().map(|asked| (text(asked, "peer"), text(asked, "code"))).collect()
}

#[tokio::test]
async fn a_stranger_gets_a_code_waits_in_silence_and_is_let_in_by_the_command_line() {
    let mut rig = rig().await;
    let code = knock(&rig.platform, "m1", "wxid_eve", 1).await;
    rig.platform.publish(direct("m2", "wxid_eve", "hello?")).await;
    rig.platform.publish(direct("m3", "wxid_eve", "anybody?")).await;
    rig.acknowledged(3).await;
    let listed = rig.gateway.run(0, &["pairing", "list"]);
    assert!(listed.contains(&code) && listed.contains("wxid_eve"), "{listed}");
    let done = rig.gateway.run(0, &["pairing", "approve", "socket-chat", &code.to_lowercase()]);
    assert!(done.contains("wxid_eve"), "{done}");
    let sent = rig.platform.wait_for_sent(2).await;
    assert_eq!(said(&sent[1]), format!("wxid_eve: {WELCOME}"));
    rig.platform.publish(direct("m4", "wxid_eve", "thanks")).await;
    let sent = rig.platform.wait_for_sent(3).await;
    assert_eq!(said(&sent[2]), "wxid_eve: thanks", "what was said while pending stays unanswered");
    assert!(rig.gateway.run(0, &["pairing", "list"]).contains("nobody waits"));
    rig.gateway.run(1, &["pairing", "approve", "socket-chat", &code]);

    assert_eq!(rig.gateway.stop(), Some(0));
    rig.gateway.again().await;
    rig.platform.publish(direct("m5", "wxid_eve", "still here")).await;
    let sent = rig.platform.wait_for_sent(4).await;
    assert_eq!(said(&sent[3]), "wxid_eve: still here", "an approval outlives the process");
}

#[tokio::test]
async fn three_may_wait_and_a_fourth_hears_nothing_until_there_is_room() {
    let rig = rig().await;
    let mut codes = Vec::new();
    for (index, peer) in ["wxid_a", "wxid_b", "wxid_c"].into_iter().enumerate() {
        codes.push(knock(&rig.platform, &format!("m{index}"), peer, index + 1).await);
    }
    rig.platform.publish(direct("m3", "wxid_d", "me too")).await;
    rig.acknowledged(4).await;
    let rejected = rig.gateway.run(0, &["pairing", "reject", "socket-chat", &codes[0]]);
    assert!(rejected.contains("wxid_a"), "{rejected}");
    let waiting: Vec<_> = pending(&rig.gateway).await.into_iter().map(|(peer, _)| peer).collect();
    assert_eq!(waiting, ["wxid_b", "wxid_c"]);
    knock(&rig.platform, "m4", "wxid_d", 4).await;
    assert_eq!(rig.platform.sent().len(), 4, "who is rejected hears nothing");
}

#[tokio::test]
async fn approved_and_rejected_over_http() {
    let rig = rig().await;
    let eve = knock(&rig.platform, "m1", "wxid_eve", 1).await;
    let bob = knock(&rig.platform, "m2", "wxid_bob", 2).await;
    let first = &rig.gateway.get("/admin/pairing").await["pairing"][0];
    let mut fields: Vec<_> = first.as_object().expect("a request").keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["account", "channel", "code", "createdAt", "expiresAt", "name", "peer"]);
    let answer = rig.gateway.post(&format!("/admin/pairing/socket-chat/{eve}/approve")).await;
    assert_eq!(answer["pairing"]["peer"], "wxid_eve");
    rig.gateway.post(&format!("/admin/pairing/socket-chat/{bob}/reject")).await;
    for code in [eve.as_str(), &bob, "NOSUCHCO"] {
        let path = format!("/admin/pairing/socket-chat/{code}/approve");
        let error = rig.gateway.expect(404, Method::POST, &path, None).await;
        assert_eq!(error["error"]["param"], "code", "{error}");
    }
    rig.platform.publish(direct("m3", "wxid_eve", "hello")).await;
    rig.platform.wait_for_sent(4).await;
    assert_eq!(all_said(&rig.platform)[2..], [format!("wxid_eve: {WELCOME}"), "wxid_eve: hello".to_owned()]);
}

#[tokio::test]
async fn a_direct_approval_opens_no_group() {
    let rig = Rig::start(json!({ "dmPolicy": "pairing", "allowFrom": [], "groupAllowFrom": ["wxid_ann"] })).await;
    let code = knock(&rig.platform, "m1", "wxid_eve", 1).await;
    rig.gateway.run(0, &["pairing", "approve", "socket-chat", &code]);
    rig.platform.wait_for_sent(2).await;
    let group = |sender: &str| json!({ "senderId": sender, "isGroup": true, "groupId": "g@chatroom", "isGroupMention": true });
    rig.platform.publish(frame("m2", group("wxid_eve"))).await;
    rig.counted("inbound_dropped_total", 1).await;
    rig.platform.publish(frame("m3", group("wxid_ann"))).await;
    let sent = rig.platform.wait_for_sent(3).await;
    assert_eq!(said(&sent[2]), "g@chatroom: hello");
}

#[tokio::test]
async fn two_accounts_share_no_approvals() {
    let (rig, side) = Rig::pair(pairing(), json!({})).await;
    let code = knock(&rig.platform, "m1", "wxid_eve", 1).await;
    rig.gateway.run(0, &["pairing", "approve", "socket-chat", &code]);
    rig.platform.wait_for_sent(2).await;
    knock(&side.platform, "m1", "wxid_eve", 1).await;
    let waiting = rig.gateway.get("/admin/pairing").await;
    assert_eq!(waiting["pairing"][0]["account"], "side");
    rig.platform.publish(direct("m2", "wxid_eve", "hello")).await;
    assert_eq!(said(&rig.platform.wait_for_sent(3).await[2]), "wxid_eve: hello");
}

#[tokio::test]
async fn no_code_stands_in_the_log() {
    let rig = rig().await;
    let code = knock(&rig.platform, "m1", "wxid_eve", 1).await;
    rig.gateway.run(0, &["pairing", "approve", "socket-chat", &code]);
    rig.gateway.logged(&["pairing.approved"]).await;
    assert!(!rig.gateway.log().contains(&code) && !rig.gateway.output().contains(&code));
    assert!(!rig.gateway.log().contains("let me in"), "nor what was said");
}
