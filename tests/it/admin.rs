//! Actors by hand: what the list shows, and what restart, stop and start do to one and not to others.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::rig::{CHANNEL, Rig, said};
use crate::harness::socket_platform::direct;

const SIDE: &str = "channel:socket-chat:side";

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn the_list_of_actors_has_the_agreed_shape() {
    let rig = Rig::start(json!({})).await;
    rig.platform.publish(direct("m1", "wxid_ann", "hello")).await;
    rig.platform.wait_for_sent(1).await;
    let list = rig.gateway.get("/admin/actors").await;
    assert_eq!(keys(&list), ["actors", "next"]);
    assert_eq!(list["next"], Value::Null);
    let actors = list["actors"].as_array().expect("a list");
    for actor in actors {
        let fields = ["id", "kind", "lastError", "lastExit", "link", "mailbox", "restarts", "since", "state"];
        assert_eq!(keys(actor), fields, "{actor}");
        let mailbox = ["ageMs", "capacity", "depth", "handled", "highWater", "rejected"];
        assert_eq!(keys(&actor["mailbox"]), mailbox, "{actor}");
        assert_eq!(keys(&actor["mailbox"]["ageMs"]), ["p50", "p99"]);
        assert_eq!((&actor["state"], &actor["restarts"], &actor["lastExit"]), (&json!("running"), &json!(0), &Value::Null));
        let since: jiff::Timestamp = actor["since"].as_str().expect("a time").parse().expect("RFC 3339");
        assert!(since.as_second() > 0 && actor["since"].as_str().expect("a time").ends_with('Z'));
    }
    let ids: Vec<_> = actors.iter().map(|actor| actor["id"].as_str().expect("an id")).collect();
    let session = "session:agent:main:socket-chat:dm:wxid_ann";
    for id in ["registry", "fanout", "store", CHANNEL, session] {
        assert!(ids.contains(&id), "{id} in {ids:?}");
    }
    let channel = rig.gateway.get(&format!("/admin/actors/{CHANNEL}")).await;
    assert_eq!((&channel["kind"], &channel["link"]), (&json!("channel"), &json!("up")));
    assert!(channel["mailbox"]["handled"].as_u64() > Some(0), "{channel}");
    let session = rig.gateway.get(&format!("/admin/actors/{}", session.replace(':', "%3A"))).await;
    assert_eq!((&session["kind"], &session["link"]), (&json!("session"), &Value::Null));
    assert!(rig.gateway.run(0, &["actors", "list"]).contains(CHANNEL));
    let printed: Value = serde_json::from_str(&rig.gateway.run(0, &["--json", "actors", "list"])).expect("JSON");
    assert_eq!(keys(&printed), ["actors", "next"]);
}

#[tokio::test]
async fn an_actor_is_restarted_stopped_and_started() {
    let rig = Rig::start(json!({})).await;
    let change = rig.gateway.post("/admin/channels/socket-chat/default/restart").await;
    assert_eq!((&change["old"]["restarts"], &change["new"]["restarts"]), (&json!(0), &json!(1)));
    assert_eq!(change["new"]["state"], "running", "answered when it has started");
    assert_ne!(change["old"]["since"], change["new"]["since"]);
    rig.gateway.ready("all").await;

    let change = rig.gateway.post(&format!("/admin/actors/{CHANNEL}/stop")).await;
    assert_eq!((&change["old"]["state"], &change["new"]["state"]), (&json!("running"), &json!("stopped")));
    assert_eq!((&change["new"]["link"], &change["new"]["lastExit"]), (&json!("down"), &json!("stopped")));
    let (status, ready) = rig.gateway.request(Method::GET, "/readyz", None).await;
    assert_eq!((status.as_u16(), &ready["reasons"][0]["id"]), (503, &json!(CHANNEL)));
    rig.platform.publish(direct("m1", "wxid_ann", "while stopped")).await;
    rig.platform.confirmed().await;
    let told = rig.gateway.run(0, &["actors", "start", CHANNEL]);
    assert!(told.contains("stopped") && told.contains("running"), "{told}");
    assert_eq!(said(&rig.platform.wait_for_sent(1).await[0]), "wxid_ann: while stopped");
    for line in [["actors", "restart", CHANNEL], ["actors", "stop", CHANNEL], ["actors", "start", CHANNEL]] {
        rig.gateway.run(0, &line);
    }
    rig.gateway.run(0, &["channels", "restart", "socket-chat"]);
    rig.gateway.ready("all").await;
    assert_eq!(rig.gateway.actor(CHANNEL).await["restarts"], 5);
}

#[tokio::test]
async fn what_is_not_there_and_what_cannot_be_stopped() {
    let rig = Rig::start(json!({})).await;
    for verb in ["restart", "stop", "start"] {
        for path in
            [format!("/admin/actors/channel:socket-chat:nobody/{verb}"), format!("/admin/channels/socket-chat/x/{verb}")]
        {
            let error = rig.gateway.expect(404, Method::POST, &path, None).await;
            assert_eq!(keys(&error["error"]), ["code", "message", "param", "type"]);
        }
    }
    rig.gateway.expect(404, Method::GET, "/admin/actors/nobody", None).await;
    rig.gateway.expect(404, Method::POST, &format!("/admin/actors/{CHANNEL}/dance"), None).await;
    for id in ["registry", "store"] {
        let error = rig.gateway.expect(409, Method::POST, &format!("/admin/actors/{id}/stop"), None).await;
        assert!(error["error"]["message"].as_str().expect("a reason").contains(id), "{error}");
        assert!(rig.gateway.run(1, &["actors", "stop", id]).contains(id));
        rig.gateway.post(&format!("/admin/actors/{id}/restart")).await;
        assert_eq!(rig.gateway.actor(id).await["state"], "running");
    }
    rig.platform.publish(direct("m1", "wxid_ann", "hello")).await;
    assert_eq!(said(&rig.platform.wait_for_sent(1).await[0]), "wxid_ann: hello");
}

#[tokio::test]
async fn a_restart_of_one_account_loses_nothing_and_leaves_the_other_alone() {
    const COUNT: usize = 200;
    let (rig, side) = Rig::pair(json!({}), json!({})).await;
    let before = rig.gateway.actor(SIDE).await;
    for index in 0..COUNT {
        let peer = format!("wxid_{}", index % 5);
        rig.platform.publish(direct(&format!("m{index}"), &peer, &index.to_string())).await;
        side.platform.publish(direct(&format!("m{index}"), &peer, &index.to_string())).await;
        if index % 50 == 25 {
            rig.gateway.post("/admin/channels/socket-chat/default/restart").await;
        }
    }
    side.platform.wait_for_sent(COUNT).await;
    rig.platform.wait_for_all((0..COUNT).map(|index| format!("wxid_{}: {index}", index % 5))).await;
    for platform in [&rig.platform, &side.platform] {
        for peer in 0..5 {
            let texts = platform.first_said(&format!("wxid_{peer}"));
            let wanted: Vec<_> = (0..COUNT).filter(|index| index % 5 == peer).map(|index| index.to_string()).collect();
            assert_eq!(texts, wanted, "in order of arrival");
        }
    }
    let after = rig.gateway.actor(SIDE).await;
    assert_eq!((&after["since"], &after["restarts"]), (&before["since"], &json!(0)));
    assert_eq!(side.platform.sent().len(), COUNT, "and the other says nothing twice");
    assert_eq!(rig.gateway.actor(CHANNEL).await["restarts"], 4);
}
