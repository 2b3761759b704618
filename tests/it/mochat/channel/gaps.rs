//! Lists of messages that cannot be read: what comes goes on, and what was missed is answered once when it can be read.

use serde_json::{Value, json};

use super::rig::Rig;
use crate::harness::until;

const LIST: &str = "groups/panels/messages";
/// More than is held of one place.
const FLOOD: usize = 300;

/// Returns a rig that answered in two panels and was killed, and something was said in both since; the list of one then fails.
async fn missed(fault: Value) -> Rig {
    let mut rig = Rig::start(json!({})).await;
    rig.platform.panel("p2").await;
    for panel in ["p1", "p2"] {
        say(&rig, panel, "before").await;
        rig.wait_for_said(panel, 1).await;
    }
    rig.gateway.kill();
    for panel in ["p1", "p2"] {
        say(&rig, panel, "missed 1").await;
        say(&rig, panel, "missed 2").await;
    }
    rig.platform.fault(fault).await;
    rig.gateway.again().await;
    rig.way("websocket").await;
    rig
}

async fn say(rig: &Rig, panel: &str, text: &str) {
    rig.platform.say(json!({ "panelId": panel, "content": text })).await;
}

async fn unread(rig: &Rig, count: u64) {
    until(&format!("{count} places go on with something unread"), async || {
        (rig.status().await["status"]["placesUnread"] == count).then_some(())
    })
    .await;
}

/// Waits until the panel's list was asked for so often.
async fn asked(rig: &Rig, count: usize) {
    until(&format!("{count} calls of the list"), async || (calls(rig).await >= count).then_some(())).await;
}

async fn calls(rig: &Rig) -> usize {
    let calls = rig.platform.journal("rest").await;
    calls.iter().filter(|call| call["name"] == LIST && call["body"]["panelId"] == "p1").count()
}

fn fault(status: u16) -> Value {
    json!({ "route": LIST, "place": "p1", "kind": "status", "status": status })
}

async fn a_panel_goes_on_and_what_it_missed_is_answered_later(status: u16) {
    let rig = missed(fault(status)).await;
    assert_eq!(rig.wait_for_said("p2", 3).await, ["before", "missed 1", "missed 2"], "the other panel, {status}");
    say(&rig, "p1", "live 1").await;
    assert_eq!(rig.wait_for_said("p1", 2).await, ["before", "live 1"], "{status}");
    unread(&rig, 1).await;
    say(&rig, "p1", "live 2").await;
    rig.wait_for_said("p1", 3).await;
    say(&rig, "p2", "live").await;
    rig.wait_for_said("p2", 4).await;
    rig.platform.heal().await;
    unread(&rig, 0).await;
    say(&rig, "p1", "after").await;
    let expected = ["before", "live 1", "live 2", "missed 1", "missed 2", "after"];
    assert_eq!(rig.wait_for_said("p1", expected.len()).await, expected, "{status}");
    assert_eq!(rig.counted("link_reconnects_total").await, 0, "{status}");
    assert!(rig.status().await["dropped"]["too many missed"].is_null(), "nothing was left out");
}

#[tokio::test]
async fn a_panel_whose_list_is_forbidden_hears_and_loses_nothing() {
    a_panel_goes_on_and_what_it_missed_is_answered_later(403).await;
}

#[tokio::test]
async fn a_panel_whose_list_is_not_found_hears_and_loses_nothing() {
    a_panel_goes_on_and_what_it_missed_is_answered_later(404).await;
}

#[tokio::test]
async fn a_panel_whose_list_alone_fails_for_long_hears_and_loses_nothing() {
    a_panel_goes_on_and_what_it_missed_is_answered_later(500).await;
}

#[tokio::test]
async fn a_kill_while_something_is_unread_loses_and_doubles_nothing() {
    let mut rig = missed(fault(403)).await;
    say(&rig, "p1", "live 1").await;
    rig.wait_for_said("p1", 2).await;
    unread(&rig, 1).await;
    rig.gateway.kill();
    say(&rig, "p1", "missed 3").await;
    rig.gateway.again().await;
    rig.way("websocket").await;
    say(&rig, "p1", "live 2").await;
    rig.wait_for_said("p1", 3).await;
    unread(&rig, 1).await;
    rig.platform.heal().await;
    unread(&rig, 0).await;
    // A kill again, when it is read: the mark is behind all that is answered, or before it, and nothing comes twice.
    rig.wait_for_said("p1", 6).await;
    rig.gateway.kill();
    rig.gateway.again().await;
    rig.way("websocket").await;
    say(&rig, "p1", "after").await;
    let expected = ["before", "live 1", "live 2", "missed 1", "missed 2", "missed 3", "after"];
    assert_eq!(rig.wait_for_said("p1", expected.len()).await, expected);
}

#[tokio::test]
async fn by_calls_alone_a_panel_that_fails_takes_no_other_with_it_and_is_read_when_it_can_be() {
    let mut rig = Rig::start(json!({})).await;
    rig.platform.panel("p2").await;
    rig.gateway.kill();
    rig.platform.set(json!({ "websocket": "refuse", "polling": "refuse" })).await;
    rig.platform.fault(fault(500)).await;
    rig.gateway.again().await;
    rig.way("rest").await;
    say(&rig, "p1", "one").await;
    for number in 1..=3 {
        let before = calls(&rig).await;
        say(&rig, "p2", "two").await;
        rig.say("three").await;
        rig.wait_for_said("p2", number).await;
        rig.wait_for_said("session_1", number).await;
        asked(&rig, before + 1).await;
    }
    rig.platform.heal().await;
    assert_eq!(rig.wait_for_said("p1", 1).await, ["one"]);
    assert_eq!(rig.counted("link_reconnects_total").await, 0);
}

#[tokio::test]
async fn more_than_is_held_while_a_list_is_read_is_read_too_and_in_order() {
    let rig = Rig::start(json!({})).await;
    rig.way("websocket").await;
    say(&rig, "p1", "before").await;
    rig.wait_for_said("p1", 1).await;
    let before = calls(&rig).await;
    rig.platform.fault(json!({ "route": LIST, "place": "p1", "kind": "kept", "times": 2 })).await;
    rig.platform.drop_all().await;
    // The first is asked for before the server tells again, and is too old: the second is of the moment when it tells.
    asked(&rig, before + 1).await;
    rig.way("websocket").await;
    rig.platform.order("release", json!({})).await;
    asked(&rig, before + 2).await;
    let mut expected = vec!["before".to_owned()];
    for number in 0..FLOOD {
        let text = format!("message {number}");
        say(&rig, "p1", &text).await;
        expected.push(text);
    }
    // What came before it over the same connection has come.
    rig.say("all came").await;
    rig.wait_for_said("session_1", 1).await;
    rig.platform.order("release", json!({})).await;
    assert_eq!(rig.wait_for_said("p1", expected.len()).await, expected);
}

#[tokio::test]
async fn a_small_limit_of_a_call_bounds_nothing_of_what_was_missed() {
    let mut rig = Rig::start(json!({ "watchLimit": 1 })).await;
    rig.gateway.kill();
    let mut expected = Vec::new();
    for number in 0..FLOOD {
        let text = format!("message {number}");
        say(&rig, "p1", &text).await;
        expected.push(text);
    }
    rig.gateway.again().await;
    assert_eq!(rig.wait_for_said("p1", expected.len()).await, expected);
}
