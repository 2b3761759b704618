//! What was said while nobody listened.

use std::time::Duration;

use serde_json::json;

use super::rig::Rig;
use crate::harness::eventually;
use crate::harness::rocketchat::faults::{Copies, Trouble};
use crate::harness::rocketchat::{Kind, Version};

const TEN_MINUTES_MS: i64 = 600_000;

#[tokio::test]
async fn what_was_missed_is_answered_once_and_only_what_is_due() {
    for version in [Version::Seven, Version::Eight] {
        let rig = Rig::start(version, json!({ "historyLimit": 0 })).await;
        let (direct, room) = (rig.room(Kind::Direct, "").await, rig.room(Kind::Channel, "general").await);
        let first = rig.server.say(&direct, &rig.ann, "before");
        rig.server.wait_for_said(&direct, 1).await;
        rig.server.go_away();
        rig.link("down").await;
        rig.server.say(&direct, &rig.ann, "missed 1");
        rig.server.move_clock(TEN_MINUTES_MS);
        rig.server.say(&room, &rig.ann, "@call.bot missed 2");
        rig.server.say(&room, &rig.ann, "not for you");
        rig.server.edit(&first, &rig.ann, "before, edited");
        rig.server.react(&first, &rig.ann, "tada");
        let thread = rig.server.say(&room, &rig.ann, "a root");
        rig.server.reply(&room, &rig.ann, &thread, "@call.bot missed 3");
        rig.server.come_back();
        rig.server.wait_for_said(&room, 2).await;
        rig.server.say(&direct, &rig.ann, "after");
        assert_eq!(rig.server.wait_for_said(&direct, 3).await, ["before", "missed 1", "after"], "{version:?}");
        let mut said = rig.server.said(&room);
        // The thread is a session of its own: neither waits for the other.
        said.sort();
        assert_eq!(said, ["missed 2", "missed 3"], "{version:?}");
    }
}

#[tokio::test]
async fn what_was_said_while_the_gateway_was_dead_is_answered_after_its_start() {
    let mut rig = Rig::start(Version::Eight, json!({})).await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.say(&rid, &rig.ann, "one");
    rig.server.wait_for_said(&rid, 1).await;
    rig.gateway.kill();
    for text in ["two", "three"] {
        rig.server.say(&rid, &rig.ann, text);
    }
    rig.gateway.again().await;
    assert_eq!(rig.server.wait_for_said(&rid, 3).await, ["one", "two", "three"]);
}

#[tokio::test]
async fn at_the_first_start_of_all_nothing_old_is_answered() {
    let mut rig = Rig::prepare(Version::Seven, json!({}));
    let rid = rig.server.direct(&rig.ann, &rig.bot);
    rig.server.say(&rid, &rig.ann, "long ago");
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    rig.server.listening(&rig.bot, &rid).await;
    rig.server.say(&rid, &rig.ann, "now");
    assert_eq!(rig.server.wait_for_said(&rid, 1).await, ["now"]);
}

#[tokio::test]
async fn more_than_the_bound_is_left_out_and_counted() {
    let rig = Rig::start(Version::Eight, json!({ "catchUpMaxMessages": 3 })).await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.go_away();
    rig.link("down").await;
    for number in 0..8 {
        rig.server.say(&rid, &rig.ann, &format!("n{number}"));
    }
    rig.server.come_back();
    assert_eq!(rig.server.wait_for_said(&rid, 3).await, ["n5", "n6", "n7"]);
    rig.dropped("too many missed", 5).await;
}

#[tokio::test]
async fn what_could_not_be_read_is_read_later_and_nothing_is_lost_to_what_came_after_it() {
    let mut rig = Rig::start(Version::Eight, json!({})).await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.gateway.kill();
    rig.server.say(&rid, &rig.ann, "missed");
    rig.server.plan("chat.syncMessages", Trouble::Refused("error-not-allowed"), 100);
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    rig.server.listening(&rig.bot, &rid).await;
    rig.server.say(&rid, &rig.ann, "live");
    assert_eq!(rig.server.wait_for_said(&rid, 1).await, ["live"], "the room goes on");
    rig.server.heal();
    rig.gateway.kill();
    rig.gateway.again().await;
    assert_eq!(rig.server.wait_for_said(&rid, 2).await, ["live", "missed"]);
    rig.server.say(&rid, &rig.ann, "last");
    assert_eq!(rig.server.wait_for_said(&rid, 3).await, ["live", "missed", "last"], "each once");
}

/// The gap is read when the link is made anew, while people go on: what they say meanwhile waits for it.
#[tokio::test]
async fn a_gap_is_read_beside_live_messages_which_follow_on_it_and_each_counts_once() {
    let mut rig = Rig::start(Version::Seven, json!({})).await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.gateway.kill();
    for text in ["missed one", "missed two"] {
        rig.server.say(&rid, &rig.ann, text);
    }
    rig.server.plan("chat.syncMessages", Trouble::Refused("error-not-allowed"), 100);
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    rig.server.listening(&rig.bot, &rid).await;
    rig.server.say(&rid, &rig.ann, "live one");
    assert_eq!(rig.server.wait_for_said(&rid, 1).await, ["live one"], "the room goes on");
    rig.server.heal();
    rig.server.plan("chat.syncMessages", Trouble::Slow(Duration::from_millis(300)), 1);
    rig.server.send_copies(Copies::Two);
    let before = rig.server.sockets_opened();
    rig.server.drop_sockets();
    eventually("another connection", || rig.server.sockets_opened() > before).await;
    rig.server.listening(&rig.bot, &rid).await;
    let more: Vec<_> = (2..12).map(|number| format!("live {number}")).collect();
    for text in &more {
        rig.server.say(&rid, &rig.ann, text);
    }
    let said = rig.server.wait_for_said(&rid, 3 + more.len()).await;
    let first = ["live one", "missed one", "missed two"].map(str::to_owned);
    assert_eq!(said, [&first[..], &more].concat());
    // Behind it nothing of all that comes again.
    rig.server.say(&rid, &rig.ann, "last");
    let said = rig.server.wait_for_said(&rid, 4 + more.len()).await;
    assert_eq!(said.last().map(String::as_str), Some("last"), "{said:?}");
}

#[tokio::test]
async fn a_room_that_cannot_be_read_for_now_holds_no_other_up() {
    let rig = Rig::start(Version::Seven, json!({})).await;
    let rooms = [rig.room(Kind::Channel, "a").await, rig.room(Kind::Channel, "b").await, rig.room(Kind::Channel, "c").await];
    rig.server.go_away();
    rig.link("down").await;
    for rid in &rooms {
        rig.server.say(rid, &rig.ann, "@call.bot missed");
    }
    // As many as are caught up with at a time.
    rig.server.plan("chat.syncMessages", Trouble::Html(502), 2);
    rig.server.come_back();
    for rid in &rooms {
        assert_eq!(rig.server.wait_for_said(rid, 1).await, ["missed"]);
    }
}

#[tokio::test]
async fn of_more_than_one_answer_holds_the_newest_are_read() {
    let rig = Rig::start(Version::Eight, json!({ "historyLimit": 0 })).await;
    let rid = rig.room(Kind::Channel, "general").await;
    rig.server.go_away();
    rig.link("down").await;
    rig.server.text_max(400_000);
    let wall = "word ".repeat(60_000);
    for _ in 0..40 {
        rig.server.say(&rid, &rig.ann, &wall);
    }
    rig.server.say(&rid, &rig.ann, "@call.bot still there?");
    rig.server.come_back();
    assert_eq!(rig.server.wait_for_said(&rid, 1).await, ["still there?"]);
    rig.dropped("too many missed", 1).await;
    rig.dropped("no mention", 3).await;
    assert!(rig.server.calls("channels.history").len() > 1, "fewer were asked for");
}

#[tokio::test]
async fn a_room_of_the_settings_loses_nothing_to_what_comes_while_it_is_unread() {
    let mut rig = Rig::prepare(Version::Eight, json!({ "historyLimit": 0 }));
    // Everybody may read it, and the account is not in it: what is said there comes once more over the stream of all messages.
    let rid = rig.server.room(Kind::Channel, "town", &[&rig.ann]);
    let rooms = json!({ &rid: {} });
    rig.gateway.change(json!({ "channels": { "rocketchat": { "rooms": rooms } } }));
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    rig.server.listening(&rig.bot, &rid).await;
    rig.server.say(&rid, &rig.ann, "@call.bot one");
    assert_eq!(rig.server.wait_for_said(&rid, 1).await, ["one"]);
    rig.gateway.kill();
    rig.server.say(&rid, &rig.ann, "@call.bot missed");
    rig.server.plan("chat.syncMessages", Trouble::Html(502), 1);
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    rig.server.listening(&rig.bot, &rid).await;
    rig.server.move_clock(TEN_MINUTES_MS);
    rig.server.say(&rid, &rig.ann, "not for you");
    assert_eq!(rig.server.wait_for_said(&rid, 2).await, ["one", "missed"]);
    rig.dropped("no mention", 1).await;
}
