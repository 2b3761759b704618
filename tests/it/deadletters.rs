//! What could not be sent: listed with its reason, tried again, forgotten; and what is sent by hand, once.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::gateway::TOKEN;
use crate::harness::rig::{CHANNEL, Rig, said};
use crate::harness::socket_platform::direct;
use crate::harness::until;

fn message(to: &str, text: &str) -> Value {
    json!({ "channel": "socket-chat", "to": to, "text": text })
}

async fn send(rig: &Rig, body: Value) -> Value {
    rig.gateway.expect(202, Method::POST, "/admin/messages", Some(body)).await
}

const SESSION: &str = "session:agent:main:socket-chat:dm:wxid_ann";

async fn letters(rig: &Rig) -> Vec<Value> {
    let list = rig.gateway.get("/admin/deadletters").await;
    assert_eq!(list["next"], Value::Null);
    list["deadletters"].as_array().expect("a list").clone()
}

/// Has the session crash, time and again with a turn in hand, until a message is given up for it; returns its letter.
async fn poison(rig: &Rig, message_id: &str, text: &str) -> Value {
    rig.platform.publish(direct(message_id, "wxid_ann", text)).await;
    let mut crashed = None;
    until("a dead letter", async || {
        let actor = rig.gateway.actor(SESSION).await;
        let restarts = actor["restarts"].as_u64();
        if actor["state"] == "running" && restarts != crashed {
            crashed = restarts;
            let path = format!("/admin/actors/{SESSION}/fault");
            rig.gateway.expect(202, Method::POST, &path, Some(json!({ "kind": "panic" }))).await;
        }
        letters(rig).await.first().cloned()
    })
    .await
}

#[tokio::test]
async fn a_message_that_crashes_its_session_is_set_aside_tried_again_and_forgotten() {
    let script = "
steps:
  - { when: { contains: poison }, do: [stall] }
  - do: [echo]
";
    let supervision = json!({ "backoffBaseMs": 10, "backoffMaxMs": 10, "restartsMax": 100 });
    let settings = json!({ "supervision": supervision, "deadletters": { "crashesMax": 2 } });
    let rig = Rig::scripted(json!({}), settings, script).await;
    let letter = poison(&rig, "m1", "poison one").await;
    let mut fields: Vec<_> = letter.as_object().expect("a letter").keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["account", "at", "attempts", "channel", "chat", "code", "direction", "id", "reason"]);
    assert_eq!((&letter["direction"], &letter["chat"]), (&json!("inbound"), &json!("wxid_ann")), "{letter}");
    rig.platform.publish(direct("m2", "wxid_ann", "sound")).await;
    assert_eq!(said(&rig.platform.wait_for_sent(1).await[0]), "wxid_ann: sound", "the next one goes on");

    let id = letter["id"].as_str().expect("an id");
    let listed = rig.gateway.run(0, &["deadletters", "list"]);
    assert!(listed.contains(id) && listed.contains("inbound"), "{listed}");
    rig.gateway.run(0, &["deadletters", "discard", id]);
    assert!(rig.gateway.run(0, &["deadletters", "list"]).contains("no dead letters"));
    let path = format!("/admin/deadletters/{id}");
    rig.gateway.expect(404, Method::DELETE, &path, None).await;
    let error = rig.gateway.expect(400, Method::DELETE, "/admin/deadletters/nonsense", None).await;
    assert_eq!(error["error"]["param"], "id");

    let letter = poison(&rig, "m3", "poison two").await;
    let id = letter["id"].as_str().expect("an id");
    std::fs::write(rig.gateway.state().join("script.yaml"), "steps: [{ do: [echo] }]").expect("the script");
    rig.gateway.logged(&["config.reloaded"]).await;
    assert_eq!(rig.gateway.post(&format!("/admin/deadletters/{id}/retry")).await["deadletter"], letter);
    assert_eq!(said(&rig.platform.wait_for_sent(2).await[1]), "wxid_ann: poison two", "and what is forgotten is not answered");
    assert!(letters(&rig).await.is_empty());
    rig.gateway.run(1, &["deadletters", "retry", id]);
}

#[tokio::test]
async fn what_waited_too_long_is_set_aside_and_sent_after_all_when_it_is_tried_again() {
    let mut rig = Rig::prepare(json!({}), json!({ "deadletters": { "ageMaxHours": 1 } })).await;
    rig.broker.stop();
    rig.gateway.again().await;
    for text in ["stale", "fresh"] {
        assert_eq!(send(&rig, message("wxid_ann", text)).await["state"], "queued");
    }
    assert_eq!(rig.gateway.stop(), Some(0));
    // Two hours pass for one of them.
    let file = rusqlite::Connection::open(rig.gateway.state().join("callboard.db")).expect("the store");
    let aged = file.execute("UPDATE outbox SET created_ms = created_ms - 7200000 WHERE body LIKE '%stale%'", ());
    assert_eq!(aged.expect("a change"), 1);
    drop(file);
    rig.broker.again();
    rig.gateway.again().await;
    assert_eq!(said(&rig.platform.wait_for_sent(1).await[0]), "wxid_ann: fresh");
    let letter = until("a dead letter", async || letters(&rig).await.first().cloned()).await;
    let told = (&letter["direction"], &letter["code"], &letter["account"], &letter["chat"]);
    assert_eq!(told, (&json!("outbound"), &json!("expired"), &json!("default"), &json!("wxid_ann")), "{letter}");
    rig.gateway.run(0, &["deadletters", "retry", letter["id"].as_str().expect("an id")]);
    assert_eq!(said(&rig.platform.wait_for_sent(2).await[1]), "wxid_ann: stale");
    assert!(letters(&rig).await.is_empty());
}

#[tokio::test]
async fn unusable_targets_are_refused_and_name_the_field() {
    let rig = Rig::start(json!({})).await;
    let cases = [
        (400, "to", message("", "x")),
        (400, "to", message("group:", "x")),
        (400, "to", json!({ "channel": "socket-chat", "text": "x" })),
        (400, "text", message("wxid_ann", "  ")),
        (400, "channel", json!({ "to": "wxid_ann", "text": "x" })),
        (404, "channel", json!({ "channel": "pigeon", "to": "wxid_ann", "text": "x" })),
        (404, "account", json!({ "channel": "socket-chat", "account": "x", "to": "wxid_ann", "text": "x" })),
        (400, "mediaUrl", json!({ "channel": "socket-chat", "to": "wxid_ann", "mediaUrl": "file:///etc/passwd" })),
        (400, "idempotencyKey", json!({ "channel": "socket-chat", "to": "wxid_ann", "text": "x", "idempotencyKey": "" })),
        (400, "text", json!({ "channel": "socket-chat", "to": "wxid_ann", "text": 7 })),
    ];
    for (status, field, body) in cases {
        let error = rig.gateway.expect(status, Method::POST, "/admin/messages", Some(body.clone())).await;
        assert_eq!(error["error"]["param"], field, "{body}: {error}");
        assert!(error["error"]["message"].as_str().expect("a text").len() > 10, "{error}");
    }
    assert!(rig.platform.sent().is_empty());
}

#[tokio::test]
async fn a_message_with_a_key_is_sent_once_also_over_a_restart() {
    let mut rig = Rig::start(json!({})).await;
    let mut body = message("wxid_ann", "only once");
    body["idempotencyKey"] = "order-66".into();
    let first = send(&rig, body.clone()).await;
    assert_eq!(first["state"], "sent");
    assert_eq!(send(&rig, body.clone()).await["id"], first["id"]);
    rig.settled().await;
    rig.gateway.kill();
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    assert_eq!(send(&rig, body).await["id"], first["id"]);
    send(&rig, message("wxid_ann", "the next")).await;
    let sent = rig.platform.wait_for_sent(2).await;
    assert_eq!(sent.iter().map(said).collect::<Vec<_>>(), ["wxid_ann: only once", "wxid_ann: the next"]);
}

#[tokio::test]
async fn what_is_sent_while_the_broker_is_away_goes_out_when_it_is_back() {
    let mut rig = Rig::start(json!({})).await;
    rig.broker.stop();
    until("a link that is down", async || (rig.gateway.actor(CHANNEL).await["link"] != "up").then_some(())).await;
    let told = rig.gateway.run(0, &["send", "--channel", "socket-chat", "--to", "wxid_ann", "later"]);
    assert!(told.starts_with("queued "), "{told}");
    assert_eq!(send(&rig, message("group:1@chatroom", "too")).await["state"], "queued");
    rig.broker.again();
    rig.platform.wait_for_all(["wxid_ann: later", "1@chatroom: too"].map(str::to_owned).into_iter()).await;
}

#[tokio::test]
async fn the_token_is_asked_for() {
    let rig = Rig::start(json!({})).await;
    let (code, _, error) = rig.gateway.cli(&["deadletters", "list", "--gateway-token", "wrong"]);
    assert_eq!(code, 4, "{error}");
    assert!(!error.contains(TOKEN));
    assert!(rig.gateway.run(0, &["deadletters", "list"]).contains("no dead letters"));
}
