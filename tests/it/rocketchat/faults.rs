//! What a server, or what stands before it, does wrong.

use std::time::Duration;

use serde_json::json;

use super::rig::Rig;
use crate::harness::rocketchat::faults::{DuplicateId, HangUp, Trouble};
use crate::harness::rocketchat::{Kind, Version};
use crate::harness::{eventually, until};

#[tokio::test]
async fn a_lost_answer_never_doubles_a_message() {
    for (version, duplicate) in [(Version::Seven, DuplicateId::OddFailure), (Version::Eight, DuplicateId::EmptySuccess)] {
        let rig = Rig::start(version, json!({})).await;
        rig.server.on_duplicate_id(duplicate);
        let rid = rig.room(Kind::Direct, "").await;
        rig.server.plan("chat.sendMessage", Trouble::CommitThenCut, 1);
        rig.server.say(&rid, &rig.ann, "once");
        rig.server.wait_for_said(&rid, 1).await;
        rig.server.say(&rid, &rig.ann, "twice");
        assert_eq!(rig.server.wait_for_said(&rid, 2).await, ["once", "twice"]);
        assert_eq!(rig.server.repeated().len(), 1, "it was tried again under the same id");
        until("both are confirmed", async || (rig.count("outbound_sent_total").await == 2).then_some(())).await;
    }
}

#[tokio::test]
async fn what_passes_is_tried_again_in_order() {
    let lost = [Trouble::Status(503), Trouble::Status(302), Trouble::RefuseThenCut, Trouble::Endless];
    for trouble in [Trouble::Html(502), Trouble::Html(200), Trouble::Limited(1)].into_iter().chain(lost) {
        let rig = Rig::start(Version::Eight, json!({})).await;
        let rid = rig.room(Kind::Direct, "").await;
        rig.server.plan("chat.sendMessage", trouble.clone(), 1);
        for text in ["one", "two", "three"] {
            rig.server.say(&rid, &rig.ann, text);
        }
        assert_eq!(rig.server.wait_for_said(&rid, 3).await, ["one", "two", "three"], "{trouble:?}");
    }
}

#[tokio::test]
async fn the_rate_limit_is_waited_out() {
    let rig = Rig::start(Version::Seven, json!({})).await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.limit(Some((3, 1500)));
    let texts: Vec<_> = (0..8).map(|number| format!("n{number}")).collect();
    texts.iter().for_each(|text| drop(rig.server.say(&rid, &rig.ann, text)));
    assert_eq!(rig.server.wait_for_said(&rid, 8).await, texts);
}

#[tokio::test]
async fn frames_that_nobody_understands_are_survived_and_counted() {
    let rig = Rig::start(Version::Eight, json!({})).await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.make_noise(&["{", "[1]", "{\"msg\":\"sing\"}", "{\"msg\":\"changed\",\"collection\":\"stream-room-messages\"}"]);
    let message = |id: &str| {
        json!({ "msg": "changed", "collection": "stream-room-messages", "id": "id", "fields": {
            "eventName": rid, "args": [{ "_id": id, "rid": "another", "msg": "x", "ts": { "$date": 1 }, "u": { "_id": "u" } }] } })
    };
    rig.server.send_raw(&message("m").to_string());
    rig.server.send_bytes(&[0, 159, 146]);
    rig.server.say(&rid, &rig.ann, "still there?");
    assert_eq!(rig.server.wait_for_said(&rid, 1).await, ["still there?"]);
    until("they are counted", async || (rig.count("inbound_bad_total").await >= 5).then_some(())).await;
    assert_eq!(rig.gateway.actor(super::rig::CHANNEL).await["restarts"], 0);
}

#[tokio::test]
async fn a_server_that_accepts_and_hangs_up_is_not_called_in_a_loop() {
    let rig = Rig::start(Version::Seven, json!({ "reconnectMaxDelayMs": 60_000, "reconnectBaseDelayMs": 50 })).await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.hang_up(HangUp::AfterLogin);
    let before = rig.server.sockets_opened();
    rig.server.drop_sockets();
    // Waits of 50, 100, 200, 400 and 800 ms stand before the sixth.
    let begun = std::time::Instant::now();
    eventually("six more connections", || rig.server.sockets_opened() >= before + 6).await;
    assert!(begun.elapsed() >= Duration::from_millis(1300), "{:?}", begun.elapsed());
    rig.server.heal();
    rig.server.say(&rid, &rig.ann, "and now?");
    assert_eq!(rig.server.wait_for_said(&rid, 1).await, ["and now?"]);
}
