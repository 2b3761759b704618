//! Failures made on purpose: whatever fails comes back, others go on, and nobody goes without an answer.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::rig::{CHANNEL, Rig, said};
use crate::harness::socket_platform::direct;
use crate::harness::until;

const SESSION: &str = "session:agent:main:socket-chat:dm:wxid_ann";
const SIDE: &str = "channel:socket-chat:side";

/// Quick to notice and quick to come back.
fn watchful() -> Value {
    json!({ "supervision": { "stuckSec": 1, "backoffBaseMs": 50 } })
}

async fn fail(rig: &Rig, id: &str, kind: &str) {
    let path = format!("/admin/actors/{id}/fault");
    let told = rig.gateway.expect(202, Method::POST, &path, Some(json!({ "kind": kind }))).await;
    assert_eq!(told, json!({ "id": id, "fault": kind }));
}

async fn rebuilt(rig: &Rig, id: &str, restarts: u64) -> Value {
    until(&format!("{id} runs again"), async || {
        let actor = rig.gateway.actor(id).await;
        (actor["state"] == "running" && actor["restarts"].as_u64() >= Some(restarts)).then_some(actor)
    })
    .await
}

/// Lets the account `default` fail and looks that it comes back, while the other one answers all along.
async fn channel_survives(kind: &str, exit: &str) {
    let (rig, side) = Rig::pair(json!({}), watchful()).await;
    let before = rig.gateway.actor(SIDE).await;
    rig.platform.publish(direct("m1", "wxid_ann", "one")).await;
    rig.platform.wait_for_sent(1).await;
    rig.settled().await;
    fail(&rig, CHANNEL, kind).await;
    side.platform.publish(direct("m1", "wxid_ben", "still there")).await;
    rig.platform.publish(direct("m2", "wxid_ann", "two")).await;
    assert_eq!(said(&side.platform.wait_for_sent(1).await[0]), "wxid_ben: still there");
    let actor = rebuilt(&rig, CHANNEL, 1).await;
    assert_eq!(actor["lastExit"], exit, "{actor}");
    let sent = rig.platform.wait_for_sent(2).await;
    assert_eq!(said(&sent[1]), "wxid_ann: two");
    rig.gateway.ready("all").await;
    let after = rig.gateway.actor(SIDE).await;
    if kind != "block" {
        // A blocked thread takes its neighbours along to a new one.
        assert_eq!((&after["since"], &after["restarts"]), (&before["since"], &json!(0)));
    }
}

#[tokio::test]
async fn a_channel_that_panics_comes_back() {
    channel_survives("panic", "panicked").await;
}

#[tokio::test]
async fn a_channel_that_hangs_comes_back() {
    channel_survives("hang", "stuck").await;
}

#[tokio::test]
async fn a_channel_that_blocks_its_thread_comes_back() {
    channel_survives("block", "stuck").await;
}

#[tokio::test]
async fn a_channel_that_ends_by_itself_comes_back() {
    channel_survives("stop", "stopped").await;
}

/// Lets a session fail in the middle of its first turn, and looks that the turn is run again.
async fn session_survives(kind: &str) {
    let script = "
steps:
  - when: { contains: slow }
    times: 1
    do: [{ waitMs: 60000 }, { text: never said }]
  - do: [echo]
";
    let rig = Rig::scripted(json!({}), watchful(), script).await;
    rig.platform.publish(direct("m1", "wxid_ann", "slow one")).await;
    until("the session", async || (rig.gateway.actor(SESSION).await != Value::Null).then_some(())).await;
    rig.platform.publish(direct("m2", "wxid_ann", "two")).await;
    rig.platform.publish(direct("m3", "wxid_ben", "me first")).await;
    assert_eq!(said(&rig.platform.wait_for_sent(1).await[0]), "wxid_ben: me first");
    fail(&rig, SESSION, kind).await;
    let sent = rig.platform.wait_for_sent(3).await;
    assert_eq!(sent[1..].iter().map(said).collect::<Vec<_>>(), ["wxid_ann: slow one", "wxid_ann: two"]);
    // One that ends by itself is over, and another one has taken its place.
    rebuilt(&rig, SESSION, u64::from(kind != "stop")).await;
}

#[tokio::test]
async fn an_idle_session_that_ended_by_itself_is_there_for_the_next_message() {
    let rig = Rig::start(json!({})).await;
    rig.platform.publish(direct("m1", "wxid_ann", "one")).await;
    rig.platform.wait_for_sent(1).await;
    rig.settled().await;
    fail(&rig, SESSION, "stop").await;
    rig.platform.publish(direct("m2", "wxid_ann", "two")).await;
    assert_eq!(said(&rig.platform.wait_for_sent(2).await[1]), "wxid_ann: two");
}

#[tokio::test]
async fn a_session_stopped_by_hand_answers_when_it_is_started_again() {
    let rig = Rig::start(json!({})).await;
    rig.platform.publish(direct("m1", "wxid_ann", "one")).await;
    rig.platform.wait_for_sent(1).await;
    rig.gateway.run(0, &["actors", "stop", SESSION]);
    rig.platform.publish(direct("m2", "wxid_ann", "two")).await;
    rig.platform.publish(direct("m3", "wxid_ben", "three")).await;
    rig.platform.wait_for_sent(2).await;
    assert_eq!(rig.gateway.actor(SESSION).await["state"], "stopped");
    rig.gateway.run(0, &["actors", "start", SESSION]);
    assert_eq!(said(&rig.platform.wait_for_sent(3).await[2]), "wxid_ann: two");
}

#[tokio::test]
async fn a_session_that_panics_runs_its_turn_again() {
    session_survives("panic").await;
}

#[tokio::test]
async fn a_session_that_hangs_runs_its_turn_again() {
    session_survives("hang").await;
}

#[tokio::test]
async fn a_session_that_blocks_its_thread_runs_its_turn_again() {
    session_survives("block").await;
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_runs_its_turn_again() {
    session_survives("stop").await;
}

#[tokio::test]
async fn an_account_that_fails_again_and_again_is_given_up_and_started_by_hand() {
    let settings = json!({ "supervision": { "restartsMax": 2, "backoffBaseMs": 10, "backoffMaxMs": 10 } });
    let (rig, side) = Rig::pair(json!({}), settings).await;
    for restarts in 1..=2 {
        fail(&rig, CHANNEL, "panic").await;
        rebuilt(&rig, CHANNEL, restarts).await;
    }
    fail(&rig, CHANNEL, "panic").await;
    let given_up = until("it is given up", async || {
        let actor = rig.gateway.actor(CHANNEL).await;
        (actor["state"] == "failed").then_some(actor)
    })
    .await;
    assert_eq!((&given_up["lastExit"], &given_up["link"]), (&json!("panicked"), &json!("down")), "{given_up}");
    assert!(given_up["lastError"].is_string(), "{given_up}");
    let (status, ready) = rig.gateway.request(Method::GET, "/readyz", None).await;
    assert_eq!((status.as_u16(), &ready["reasons"][0]["id"]), (503, &json!(CHANNEL)));
    side.platform.publish(direct("m1", "wxid_ben", "still there")).await;
    side.platform.wait_for_sent(1).await;
    rig.gateway.run(0, &["actors", "start", CHANNEL]);
    rig.platform.publish(direct("m1", "wxid_ann", "back")).await;
    assert_eq!(said(&rig.platform.wait_for_sent(1).await[0]), "wxid_ann: back");
}

#[tokio::test]
async fn drills_are_refused_where_they_are_off_or_unknown() {
    let rig = Rig::start(json!({})).await;
    let path = format!("/admin/actors/{CHANNEL}/fault");
    let error = rig.gateway.expect(400, Method::POST, &path, Some(json!({ "kind": "explode" }))).await;
    assert_eq!(error["error"]["param"], "kind");
    rig.gateway.expect(404, Method::POST, "/admin/actors/nobody/fault", Some(json!({ "kind": "panic" }))).await;
    let off = Rig::with(json!({}), json!({ "gateway": { "faults": { "enabled": false } } })).await;
    let error = off.gateway.expect(404, Method::POST, &path, Some(json!({ "kind": "panic" }))).await;
    assert!(error["error"]["message"].as_str().expect("a reason").contains("gateway.faults.enabled"), "{error}");
    assert_eq!(off.gateway.actor(CHANNEL).await["restarts"], 0);
}
