//! Answers that are refused, cut and looked for.

use serde_json::{Value, json};

use super::rig::Rig;
use crate::harness::control::ControlClient;
use crate::harness::mochat::TOKEN;
use crate::harness::until;

#[tokio::test]
async fn an_answer_whose_fate_is_not_known_is_sent_once() {
    let rig = Rig::start(json!({})).await;
    for (number, kind) in ["commit-cut", "commit-500", "cut"].into_iter().enumerate() {
        for route in ["sessions/send", "groups/panels/send"] {
            rig.platform.fault(json!({ "route": route, "kind": kind, "times": 1 })).await;
        }
        // The same words again: another message with them must not pass for this one.
        rig.say("same").await;
        rig.say_in_panel("same").await;
        for place in ["session_1", "p1"] {
            assert_eq!(rig.wait_for_said(place, number + 1).await.len(), number + 1, "{kind} {place}");
        }
    }
    rig.say("last").await;
    rig.say_in_panel("last").await;
    for place in ["session_1", "p1"] {
        assert_eq!(rig.wait_for_said(place, 4).await, ["same", "same", "same", "last"]);
    }
}

#[tokio::test]
async fn a_rate_limit_holds_answers_up_and_keeps_their_order() {
    let rig = Rig::start(json!({})).await;
    rig.platform.fault(json!({ "route": "sessions/send", "kind": "status", "status": 429, "retryAfter": 1, "times": 2 })).await;
    for text in ["one", "two", "three"] {
        rig.say(text).await;
    }
    assert_eq!(rig.wait_for_said("session_1", 3).await, ["one", "two", "three"]);
}

#[tokio::test]
async fn a_proxy_that_redirects_costs_no_answer() {
    let rig = Rig::start(json!({})).await;
    let location = format!("{}/elsewhere", rig.platform.url);
    for route in ["sessions/send", "groups/panels/send"] {
        rig.platform.fault(json!({ "route": route, "kind": "redirect", "location": location, "times": 1 })).await;
    }
    rig.say("hello").await;
    rig.say_in_panel("hello").await;
    for place in ["session_1", "p1"] {
        assert_eq!(rig.wait_for_said(place, 1).await, ["hello"], "{place}");
    }
}

#[tokio::test]
async fn a_search_that_is_refused_says_nothing_of_the_message() {
    let rig = Rig::start(json!({})).await;
    rig.way("websocket").await;
    for (number, status) in [403, 404, 429].into_iter().enumerate() {
        rig.platform.fault(json!({ "route": "sessions/send", "kind": "commit-500", "times": 1 })).await;
        rig.platform.fault(json!({ "route": "sessions/messages", "kind": "status", "status": status, "times": 1 })).await;
        rig.say(&format!("message {number}")).await;
        until(&format!("the answer is found in spite of {status}"), async || {
            (rig.counted("outbound_sent_total").await == number + 1).then_some(())
        })
        .await;
        assert_eq!(rig.said("session_1").await.len(), number + 1, "{status}");
    }
    assert_eq!(rig.counted("outbound_dead_total").await, 0);
    assert_eq!(rig.counted("link_reconnects_total").await, 0, "one chat's trouble is none of the link's");
}

#[tokio::test]
async fn no_token_is_ever_said() {
    let rig = Rig::start(json!({})).await;
    rig.say(&format!("repeat {TOKEN}")).await;
    assert_eq!(rig.wait_for_said("session_1", 1).await, ["repeat [token removed]"]);
    assert!(!rig.gateway.log().contains(TOKEN));
}

#[tokio::test]
async fn a_reply_names_what_it_answers() {
    let rig = Rig::start(json!({})).await;
    let (code, _, errors) =
        rig.gateway.cli(&["message", "send", "--channel", "mochat", "--target", "panel:p1", "--message", "out of the blue"]);
    assert_eq!(code, 0, "{errors}");
    rig.wait_for_said("p1", 1).await;
    let mut client = ControlClient::connect(&rig.gateway).await;
    for (key, target) in [("in the panel", "panel:p1"), ("in the session", "session_1")] {
        let order = json!({
            "message": key, "idempotencyKey": key, "deliver": true, "channel": "mochat", "to": target, "threadId": "m_asked",
        });
        let id = client.send("agent", order).await;
        assert_eq!(client.answer(&id).await.expect("accepted")["status"], "accepted");
        client.answer(&id).await.expect("done");
    }
    rig.wait_for_said("p1", 2).await;
    rig.wait_for_said("session_1", 1).await;
    let sent = rig.platform.sent().await;
    let answers =
        |content: &str| sent.iter().find(|message| message["content"] == content).expect("it is there")["replyTo"].clone();
    assert_eq!(answers("out of the blue"), Value::Null);
    assert_eq!(answers("in the panel"), "m_asked");
    assert_eq!(answers("in the session"), "m_asked");
}
