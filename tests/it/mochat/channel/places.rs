//! Sessions and panels that are gone, and such of which the server does not tell.

use serde_json::{Value, json};

use super::rig::Rig;
use crate::harness::mochat::Mochat;
use crate::harness::until;

async fn known(rig: &Rig, sessions: u64, panels: u64) {
    until(&format!("{sessions} sessions and {panels} panels are known"), async || {
        let shown = rig.status().await["status"].clone();
        (shown["sessionsKnown"] == sessions && shown["panelsKnown"] == panels).then_some(())
    })
    .await;
}

async fn left(rig: &Rig, call: &str, id: &str) {
    until(&format!("{call} of {id}"), async || {
        let calls = rig.platform.journal("emit").await;
        calls
            .iter()
            .any(|one| one["name"] == format!("com.claw.im.{call}") && one["args"].to_string().contains(id))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_gone_from_the_lists_is_forgotten_and_read_on_when_it_comes_back() {
    let rig = Rig::start(json!({})).await;
    rig.platform.session("session_2").await;
    known(&rig, 2, 1).await;
    rig.way("websocket").await;
    rig.say("one").await;
    rig.say_in_panel("eins").await;
    rig.wait_for_said("session_1", 1).await;
    rig.wait_for_said("p1", 1).await;
    rig.platform.order("remove", json!({ "sessionId": "session_2" })).await;
    known(&rig, 1, 1).await;
    rig.platform.order("remove", json!({ "panelId": "p1" })).await;
    known(&rig, 1, 0).await;
    left(&rig, "unsubscribeSessions", "session_2").await;
    left(&rig, "unsubscribePanels", "p1").await;
    // It comes back with something in it: what was said since it was read is answered.
    rig.platform.panel("p1").await;
    rig.say_in_panel("zwei").await;
    assert_eq!(rig.wait_for_said("p1", 2).await, ["eins", "zwei"]);
    rig.say("two").await;
    assert_eq!(rig.wait_for_said("session_1", 2).await, ["one", "two"]);
    assert_eq!(rig.counted("link_reconnects_total").await, 0, "the link is the same");
}

#[tokio::test]
async fn a_place_that_is_refused_is_read_by_calls_and_takes_no_other_with_it() {
    let platform = Mochat::start().await;
    for id in ["session_1", "session_2", "session_3"] {
        platform.session(id).await;
    }
    for id in ["p1", "p2", "p3"] {
        platform.panel(id).await;
    }
    platform.set(json!({ "acks": { "refuse": ["session_2", "p3"] } })).await;
    let mut rig = Rig::on(platform, json!({}));
    rig.gateway.again().await;
    rig.way("websocket").await;
    until("two places are read by calls", async || (rig.status().await["status"]["placesByCalls"] == 2).then_some(())).await;
    for (key, id) in [("sessionId", "session_1"), ("sessionId", "session_2"), ("panelId", "p1"), ("panelId", "p3")] {
        let mut said = json!({ "content": format!("hello {id}") });
        said[key] = json!(id);
        rig.platform.say(said).await;
        assert_eq!(rig.wait_for_said(id, 1).await, [format!("hello {id}")]);
    }
    let watched = rig.platform.journal("rest").await;
    let of =
        |id: &str| watched.iter().filter(|call| call["name"] == "sessions/watch" && call["body"]["sessionId"] == id).count();
    assert!(of("session_2") > 0);
    rig.gateway.logged(&["mochat.refused", "session_2", "No permission"]).await;
    // After a while it is asked for by itself, and told of.
    rig.platform.heal().await;
    let asked = async || {
        let calls = rig.platform.journal("emit").await;
        let alone = |call: &&Value| call["args"][0]["sessionIds"] == json!(["session_2"]);
        calls.iter().filter(alone).count()
    };
    let before = asked().await;
    until("it is asked for again", async || (asked().await > before).then_some(())).await;
    until("it is told of", async || (rig.status().await["status"]["placesByCalls"] == 0).then_some(())).await;
    assert_eq!(rig.counted("link_reconnects_total").await, 0);
}
