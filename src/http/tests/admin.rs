//! What operators see and do.

use std::time::Duration;

use callboard_actors::core::{ActorId, ActorKind, ActorSpec, Behaviour, Clock, Scope, State};
use callboard_actors::message::{Code, LinkState, LinkStatus};
use callboard_actors::ports::{Direction, Pairing, StoreError};
use serde_json::json;

use super::client::{TOKEN, get, post, request};
use super::doubles::{OutboxEnd, letter};
use super::rig::Rig;
use crate::providers::{KeyStanding, ModelStanding, ProviderStanding, Rest};

async fn delete(rig: &Rig, path: &str) -> super::client::Answer {
    request(rig.at, "DELETE", path, &[("authorization", &format!("Bearer {TOKEN}"))], "").await
}

#[actix_web::test]
async fn actors_are_listed_as_the_reference_says() {
    let rig = Rig::new().await;
    rig.actor("channel:socket-chat:default", ActorKind::Channel).await;
    rig.actor("registry", ActorKind::Registry).await;
    rig.channels.set_link("default", LinkStatus::plain(LinkState::Up));
    let list = get(rig.at, "/admin/actors").await.json();
    assert_eq!(list["next"], json!(null));
    let actor = &list["actors"][0];
    let names: Vec<_> = actor.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["id", "kind", "state", "link", "since", "restarts", "lastExit", "lastError", "mailbox"]);
    assert_eq!((&actor["id"], &actor["kind"]), (&json!("channel:socket-chat:default"), &json!("channel")));
    assert_eq!((&actor["state"], &actor["link"], &actor["restarts"]), (&json!("running"), &json!("up"), &json!(0)));
    assert!(actor["since"].as_str().unwrap().ends_with('Z'));
    let mailbox: Vec<_> = actor["mailbox"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(mailbox, ["depth", "highWater", "capacity", "handled", "rejected", "ageMs"]);
    assert_eq!(list["actors"][1]["link"], json!(null));
    rig.stop().await;
}

#[actix_web::test]
async fn lists_of_actors_come_in_pages() {
    let rig = Rig::new().await;
    for id in ["session:a", "session:b", "session:c"] {
        rig.actor(id, ActorKind::Session).await;
    }
    let first = get(rig.at, "/admin/actors?limit=2").await.json();
    assert_eq!((first["actors"].as_array().unwrap().len(), &first["next"]), (2, &json!("session:b")));
    let second = get(rig.at, "/admin/actors?limit=2&after=session%3Ab").await.json();
    assert_eq!((&second["actors"][0]["id"], &second["next"]), (&json!("session:c"), &json!(null)));
    assert_eq!(get(rig.at, "/admin/actors?kind=client").await.json()["actors"], json!([]));
    for limit in ["0", "-1", "1001", "many"] {
        let error = get(rig.at, &format!("/admin/actors?limit={limit}")).await.error(400, "invalid_request");
        assert_eq!(error["param"], "limit");
    }
    rig.stop().await;
}

#[actix_web::test]
async fn an_order_is_answered_with_before_and_after() {
    let rig = Rig::new().await;
    rig.actor("session:agent:main:x/y", ActorKind::Session).await;
    let id = "session%3Aagent%3Amain%3Ax%2Fy";
    assert_eq!(get(rig.at, &format!("/admin/actors/{id}")).await.json()["id"], "session:agent:main:x/y");
    let change = post(rig.at, &format!("/admin/actors/{id}/restart"), "").await.json();
    assert_eq!((&change["old"]["restarts"], &change["new"]["restarts"]), (&json!(0), &json!(1)));
    let change = post(rig.at, &format!("/admin/actors/{id}/stop"), "").await.json();
    assert_eq!((&change["old"]["state"], &change["new"]["state"]), (&json!("running"), &json!("stopped")));
    let change = post(rig.at, &format!("/admin/actors/{id}/start"), "").await.json();
    assert_eq!(change["new"]["state"], "running");
    post(rig.at, &format!("/admin/actors/{id}/explode"), "").await.error(404, "not_found");
    post(rig.at, "/admin/actors/nobody/restart", "").await.error(404, "not_found");
    rig.stop().await;
}

/// An actor whose second life cannot begin until it is let.
struct Late;

impl Behaviour for Late {
    type Message = ();

    fn receive(&mut self, (): (), _: &mut Scope<'_, Self>) {}
}

#[actix_web::test]
async fn an_order_that_takes_too_long_is_answered_all_the_same() {
    let rig = Rig::with(Clock::manual(0), |_| {}).await;
    let (let_go, held) = std::sync::mpsc::sync_channel(4);
    let (began, begun) = std::sync::mpsc::sync_channel(4);
    let held = std::sync::Mutex::new(held);
    let_go.send(()).unwrap();
    let build = move || {
        began.send(()).unwrap();
        held.lock().unwrap().recv_timeout(Duration::from_secs(20)).unwrap();
        Ok(Late)
    };
    let id = ActorId::new("session:late");
    rig.supervisor.start(ActorSpec::new(id.clone(), ActorKind::Session, build)).unwrap();
    let running = async {
        while rig.supervisor.report(&id).unwrap().state != State::Running {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), running).await.unwrap();
    begun.recv_timeout(Duration::from_secs(10)).unwrap();
    let order = actix_web::rt::spawn(async move { post(rig.at, "/admin/actors/session:late/restart", "").await });
    let second_life = async {
        while begun.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), second_life).await.unwrap();
    rig.clock.advance(Duration::from_secs(5));
    order.await.unwrap().error(504, "timeout");
    let_go.send(()).unwrap();
    rig.stop().await;
}

#[actix_web::test]
async fn a_handler_that_panics_costs_one_answer() {
    let rig = Rig::new().await;
    rig.channels.add("bomb", true);
    let error = post(rig.at, "/admin/channels/socket-chat/bomb/probe", "").await.error(500, "internal");
    assert!(!error["message"].as_str().unwrap().contains("bang"));
    assert_eq!(get(rig.at, "/admin/channels").await.status, 200);
    rig.stop().await;
}

#[actix_web::test]
async fn answers_are_kept_by_no_cache_and_guessed_by_no_browser() {
    let rig = Rig::new().await;
    for answer in [
        get(rig.at, "/admin/actors").await,
        get(rig.at, "/nothing").await,
        request(rig.at, "GET", "/admin/actors", &[], "").await,
    ] {
        assert_eq!(
            (answer.header("cache-control"), answer.header("x-content-type-options")),
            (Some("no-store"), Some("nosniff"))
        );
    }
    rig.stop().await;
}

#[actix_web::test]
async fn what_everything_needs_cannot_be_stopped() {
    let rig = Rig::new().await;
    rig.actor("registry", ActorKind::Registry).await;
    rig.actor("store", ActorKind::Store).await;
    for id in ["registry", "store"] {
        post(rig.at, &format!("/admin/actors/{id}/stop"), "").await.error(409, "conflict");
    }
    rig.stop().await;
}

#[actix_web::test]
async fn channels_can_be_told_by_their_own_names() {
    let rig = Rig::new().await;
    rig.channels.add("default", true);
    rig.actor("channel:socket-chat:default", ActorKind::Channel).await;
    let change = post(rig.at, "/admin/channels/socket-chat/default/restart", "").await.json();
    assert_eq!(change["new"]["id"], "channel:socket-chat:default");
    post(rig.at, "/admin/channels/socket-chat/nobody/restart", "").await.error(404, "not_found");
    let list = get(rig.at, "/admin/channels").await.json();
    let channel = &list["channels"][0];
    assert_eq!(
        (&channel["channel"], &channel["account"], &channel["state"]),
        (&json!("socket-chat"), &json!("default"), &json!("running"))
    );
    assert_eq!((&channel["link"], &channel["status"]["host"]), (&json!("down"), &json!("broker.test")));
    let probe = post(rig.at, "/admin/channels/socket-chat/default/probe", "").await.json();
    assert_eq!(probe["probe"], json!({ "ok": true, "mqttConnected": true }));
    let error = post(rig.at, "/admin/channels/carrier-pigeon/default/probe", "").await.error(404, "not_found");
    assert_eq!(error["param"], "channel");
    rig.stop().await;
}

#[actix_web::test]
async fn drills_need_to_be_switched_on() {
    let rig = Rig::new().await;
    rig.actor("session:a", ActorKind::Session).await;
    post(rig.at, "/admin/actors/session:a/fault", "{\"kind\":\"panic\"}").await.error(404, "not_found");
    rig.change(|settings| settings.faults_enabled = true);
    for (body, param) in
        [("{}", "kind"), ("{\"kind\":\"flood\"}", "kind"), ("{\"kind\":1}", "kind"), ("{\"kind\":\"stop\",\"x\":1}", "x")]
    {
        let error = post(rig.at, "/admin/actors/session:a/fault", body).await.error(400, "invalid_request");
        assert_eq!(error["param"], param, "{body}");
    }
    post(rig.at, "/admin/actors/nobody/fault", "{\"kind\":\"panic\"}").await.error(404, "not_found");
    assert_eq!(post(rig.at, "/admin/actors/session:a/fault", "{\"kind\":\"panic\"}").await.status, 202);
    let deadline = rig.clock.elapsed() + std::time::Duration::from_secs(10);
    while get(rig.at, "/admin/actors/session:a").await.json()["lastExit"] != "panicked" {
        assert!(rig.clock.elapsed() < deadline, "the drill had no effect");
    }
    rig.stop().await;
}

#[actix_web::test]
async fn dead_letters_are_listed_retried_and_discarded() {
    let rig = Rig::new().await;
    let (inbound, outbound) = (letter(Direction::Inbound), letter(Direction::Outbound));
    let (inbound_id, outbound_id) = (inbound.id, outbound.id);
    rig.store.letters.lock().unwrap().extend([inbound, outbound]);
    let page = get(rig.at, "/admin/deadletters?limit=1").await.json();
    let names: Vec<_> = page["deadletters"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["id", "direction", "channel", "account", "chat", "attempts", "code", "reason", "at"]);
    assert_eq!(page["next"], inbound_id.to_string());
    let rest = get(rig.at, &format!("/admin/deadletters?after={inbound_id}")).await.json();
    assert_eq!((&rest["deadletters"][0]["id"], &rest["next"]), (&json!(outbound_id.to_string()), &json!(null)));
    for id in [inbound_id, outbound_id] {
        assert_eq!(post(rig.at, &format!("/admin/deadletters/{id}/retry"), "").await.status, 200);
    }
    assert_eq!(*rig.switchboard.woken.lock().unwrap(), ["agent:main:socket-chat:dm:wxid_1", "socket-chat:default"]);
    post(rig.at, &format!("/admin/deadletters/{inbound_id}/retry"), "").await.error(404, "not_found");
    delete(&rig, "/admin/deadletters/42").await.error(400, "invalid_request");
    let third = letter(Direction::Outbound);
    let id = third.id;
    rig.store.letters.lock().unwrap().push(third);
    assert_eq!(delete(&rig, &format!("/admin/deadletters/{id}")).await.json()["deadletter"]["id"], id.to_string());
    delete(&rig, &format!("/admin/deadletters/{id}")).await.error(404, "not_found");
    rig.stop().await;
}

#[actix_web::test]
async fn an_approved_peer_is_told_and_let_in() {
    let rig = Rig::new().await;
    let pairing = |code: &str| Pairing {
        channel: "socket-chat".into(),
        account: "default".into(),
        code: code.into(),
        peer: "wxid_1".into(),
        name: "Ann".into(),
        created_at: "2026-01-01T00:00:00Z".into(),
        expires_at: "2026-01-01T01:00:00Z".into(),
    };
    rig.store.pairings.lock().unwrap().extend([pairing("ABCD2345"), pairing("WXYZ6789")]);
    let list = get(rig.at, "/admin/pairing").await.json();
    let names: Vec<_> = list["pairing"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["channel", "account", "code", "peer", "name", "createdAt", "expiresAt"]);
    assert_eq!(get(rig.at, "/admin/pairing?channel=other").await.json()["pairing"], json!([]));
    let list = get(rig.at, "/admin/pairing?channel=Socket-Chat").await.json();
    assert_eq!(list["pairing"].as_array().unwrap().len(), 2, "case does not matter, as in approve: {list}");
    post(rig.at, "/admin/pairing/socket-chat/NOSUCH22/approve", "").await.error(404, "not_found");
    assert_eq!(post(rig.at, "/admin/pairing/socket-chat/abcd2345/approve", "").await.json()["pairing"]["peer"], "wxid_1");
    let texts: Vec<_> = rig.store.outbox.lock().unwrap().iter().map(|row| row.outbound.text.clone()).collect();
    assert_eq!(texts, ["You have been approved to chat with this assistant."]);
    assert_eq!(rig.channels.reloaded.lock().unwrap().len(), 1);
    assert_eq!(*rig.switchboard.woken.lock().unwrap(), ["socket-chat:default"]);
    assert_eq!(post(rig.at, "/admin/pairing/socket-chat/WXYZ6789/reject", "").await.status, 200);
    assert_eq!(rig.channels.reloaded.lock().unwrap().len(), 1);
    rig.stop().await;
}

const MESSAGE: &str = r#"{"channel":"socket-chat","to":"peer:wxid_1","text":"One. Two.","idempotencyKey":"k1"}"#;

#[actix_web::test]
async fn a_message_is_durable_before_it_is_answered() {
    let rig = Rig::new().await;
    rig.channels.add("default", true);
    let first = post(rig.at, "/admin/messages", MESSAGE).await;
    assert_eq!((first.status, &first.json()["state"]), (202, &json!("queued")));
    let rows: Vec<_> = {
        let outbox = rig.store.outbox.lock().unwrap();
        outbox.iter().map(|row| (row.outbound.text.clone(), row.idempotency_key.clone().unwrap())).collect()
    };
    assert_eq!(rows, [("One.".to_owned(), "k1".to_owned()), ("Two.".to_owned(), "k1\u{1f}1".to_owned())]);
    assert_eq!(*rig.switchboard.woken.lock().unwrap(), ["socket-chat:default"]);
    let again = post(rig.at, "/admin/messages", MESSAGE).await.json();
    assert_eq!(again["id"], first.json()["id"]);
    assert_eq!(rig.store.outbox.lock().unwrap().len(), 2);
    rig.stop().await;
}

#[actix_web::test]
async fn the_platforms_word_is_waited_for_while_the_link_is_up() {
    let rig = Rig::new().await;
    rig.channels.add("default", true);
    rig.channels.set_link("default", LinkStatus::plain(LinkState::Up));
    *rig.store.sent.lock().unwrap() = OutboxEnd::Sent;
    assert_eq!(post(rig.at, "/admin/messages", MESSAGE).await.json()["state"], "sent");
    *rig.store.sent.lock().unwrap() = OutboxEnd::Waits;
    assert_eq!(post(rig.at, "/admin/messages", MESSAGE).await.json()["state"], "queued");
    *rig.store.sent.lock().unwrap() = OutboxEnd::Dead;
    post(rig.at, "/admin/messages", MESSAGE).await.error(502, "refused");
    rig.stop().await;
}

#[actix_web::test]
async fn every_wrong_field_of_a_message_is_named() {
    let rig = Rig::with(Clock::system(), |_| {}).await;
    rig.channels.add("default", true);
    rig.channels.add("spare", false);
    let cases = [
        (r#"{"to":"peer:1","text":"x"}"#, 400, "invalid_request", "channel"),
        (r#"{"channel":"","to":"peer:1","text":"x"}"#, 400, "invalid_request", "channel"),
        (r#"{"channel":7,"to":"peer:1","text":"x"}"#, 400, "invalid_request", "channel"),
        (r#"{"channel":"socket-chat","text":"x"}"#, 400, "invalid_request", "to"),
        (r#"{"channel":"socket-chat","to":"peer:1"}"#, 400, "invalid_request", "text"),
        (r#"{"channel":"socket-chat","to":"peer:1","text":["x"]}"#, 400, "invalid_request", "text"),
        (r#"{"channel":"socket-chat","to":"peer:1","mediaUrl":"file:///etc/passwd"}"#, 400, "invalid_request", "mediaUrl"),
        (r#"{"channel":"socket-chat","to":"peer:1","mediaUrl":"\\\\host\\share"}"#, 400, "invalid_request", "mediaUrl"),
        (r#"{"channel":"socket-chat","to":"peer:1","text":"x","idempotencyKey":""}"#, 400, "invalid_request", "idempotencyKey"),
        (r#"{"channel":"socket-chat","to":"peer:1","text":"x","mediaURL":"y"}"#, 400, "invalid_request", "mediaURL"),
        (r#"{"channel":"socket-chat","to":"somebody","text":"x"}"#, 400, "invalid_target", "to"),
        (r#"{"channel":"pigeon","to":"peer:1","text":"x"}"#, 404, "not_found", "channel"),
        (r#"{"channel":"socket-chat","account":"nope","to":"peer:1","text":"x"}"#, 404, "not_found", "account"),
        (r#"{"channel":"socket-chat","account":"spare","to":"peer:1","text":"x"}"#, 409, "conflict", "account"),
    ];
    for (body, status, code, param) in cases {
        assert_eq!(post(rig.at, "/admin/messages", body).await.error(status, code)["param"], param, "{body}");
    }
    assert!(rig.store.outbox.lock().unwrap().is_empty());
    *rig.store.full.lock().unwrap() = Some(StoreError::Full { table: "outbox", rows: 9, setting: "outboxRowsMax" });
    let answer = post(rig.at, "/admin/messages", MESSAGE).await;
    answer.error(503, "store_full");
    assert_eq!(answer.header("retry-after"), Some("1"));
    rig.stop().await;
}

#[actix_web::test]
async fn the_description_names_every_path() {
    let rig = Rig::new().await;
    let document = get(rig.at, "/openapi.json").await.json();
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    for path in ["/healthz", "/readyz", "/metrics", "/admin/actors/{id}/fault", "/admin/messages", "/v1/chat/completions"] {
        assert!(paths.iter().any(|known| known == path), "{path} is not in {paths:?}");
    }
    let operations = document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let mut ids = std::collections::BTreeSet::new();
    for operation in operations {
        assert!(ids.insert(operation["operationId"].to_string()), "{operation}");
        let mut answers = operation["responses"].as_object().unwrap().values();
        assert!(answers.all(|answer| answer["description"].as_str().is_some_and(|text| !text.is_empty())), "{operation}");
    }
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    let names: Vec<_> = document["components"]["schemas"]["ErrorDetail"]["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["message", "type", "code", "param"]);
    rig.stop().await;
}

#[actix_web::test]
async fn a_trace_is_taken_over_or_made() {
    let rig = Rig::new().await;
    let trace = "01890000-0000-7000-8000-000000000001";
    let answer = request(rig.at, "GET", "/healthz", &[("x-callboard-trace-id", trace)], "").await;
    assert_eq!(answer.header("x-callboard-trace-id"), Some(trace));
    let answer = request(rig.at, "GET", "/healthz", &[("x-callboard-trace-id", "not one\tat all")], "").await;
    assert!(answer.header("x-callboard-trace-id").is_some_and(|trace| uuid::Uuid::parse_str(trace).is_ok()));
    rig.stop().await;
}

#[actix_web::test]
async fn backends_that_rest_are_listed_and_counted() {
    let rig = Rig::new().await;
    let rest = Some(Rest { left_ms: 5_000, failures: 2, code: Code::ProviderBusy });
    let keys = [("apiKey", rest.clone()), ("work", None)].map(|(name, rest)| KeyStanding { name: name.into(), rest });
    let models = vec![ModelStanding { model: "big".into(), rest }];
    let cloud = ProviderStanding { provider: "cloud".into(), keys: keys.into(), models };
    rig.standing.turn(|standing| standing.push(cloud));
    let rest = json!({ "leftMs": 5_000, "failures": 2, "code": "provider_busy" });
    let keys = json!([{ "name": "apiKey", "rest": rest }, { "name": "work" }]);
    let models = json!([{ "model": "big", "rest": rest }]);
    let told = json!({ "providers": [{ "provider": "cloud", "keys": keys, "models": models }] });
    assert_eq!(get(rig.at, "/admin/models").await.json(), told);
    let metrics = get(rig.at, "/metrics").await.body;
    for line in ["provider_keys 2", "provider_keys_resting 1", "provider_models_resting 1"] {
        assert!(metrics.contains(&format!("\ncallboard_{line}\n")), "{line}");
    }
    rig.stop().await;
}
