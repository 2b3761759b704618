use std::time::Duration;

use serde_json::json;

use super::super::message::Message;
use super::super::room::{HELD_MAX, LATE_MS, Phase, RoomInfo, RoomKind};
use super::super::rooms::{Added, HELD_BYTES_MAX, Rooms};
use crate::channel::seen::Seen;

const NOW_MS: i64 = 1000;

fn message(id: &str, room: &str, at: i64) -> Message {
    Message::read(&json!({ "_id": id, "rid": room, "msg": "x", "ts": at, "u": { "_id": "u" } })).unwrap()
}

fn info(id: &str) -> RoomInfo {
    RoomInfo { id: id.into(), kind: RoomKind::Channel, name: None, label: None, people: None }
}

fn rooms(ids: &[&str]) -> Rooms {
    let mut rooms = Rooms::default();
    for id in ids {
        assert_eq!(rooms.add(info(id)), Added::New);
        rooms.begin(id, 10, 5, NOW_MS);
    }
    rooms
}

#[test]
fn live_messages_wait_until_their_room_is_caught_up_with() {
    let mut rooms = rooms(&["a", "b"]);
    assert_eq!(rooms.arrive(message("2", "a", 30)), None);
    assert_eq!(rooms.arrive(message("1", "a", 20)), None);
    assert_eq!(rooms.arrive(message("0", "unknown", 1)).unwrap().id, "0");
    let ids: Vec<_> = rooms.caught_up("a").into_iter().map(|message| message.id).collect();
    assert_eq!(ids, ["1", "2"]);
    assert_eq!(rooms.arrive(message("3", "a", 40)).unwrap().id, "3");
    assert_eq!(rooms.arrive(message("4", "b", 40)), None);
}

#[test]
fn what_could_not_be_held_is_read_once_more() {
    let mut rooms = rooms(&["a"]);
    rooms.queue("a");
    assert_eq!(rooms.next_behind().as_deref(), Some("a"));
    for at in 0..=HELD_MAX {
        assert_eq!(rooms.arrive(message(&at.to_string(), "a", i64::try_from(at).unwrap())), None);
    }
    assert!(rooms.caught_up("a").is_empty());
    assert_eq!(rooms.next_behind().as_deref(), Some("a"));
    assert_eq!(rooms.arrive(message("late", "a", 1000)), None);
    assert_eq!(rooms.caught_up("a").len(), 1);
    assert_eq!(rooms.get("a").unwrap().phase, Phase::Live);
}

#[test]
fn all_rooms_together_hold_so_much_and_no_more() {
    let mut rooms = rooms(&["a", "b"]);
    let wall = "x".repeat(200 * 1024);
    let big = |number: usize, room: &str| Message { text: wall.clone(), ..message(&number.to_string(), room, 20) };
    let fit = HELD_BYTES_MAX / big(0, "a").bytes();
    for number in 0..fit {
        assert_eq!(rooms.arrive(big(number, "a")), None);
    }
    assert_eq!(rooms.arrive(message("small", "b", 20)), None);
    assert_eq!(rooms.arrive(big(fit, "b")), None, "what does not fit is none of those that do");
    assert_eq!(rooms.caught_up("b").len(), 0, "its own are read once more");
    assert_eq!(rooms.caught_up("a").len(), fit);
    assert_eq!(rooms.arrive(big(0, "b")), None);
    assert_eq!(rooms.caught_up("b").len(), 1, "there is room again");
}

#[test]
fn a_room_whose_messages_wait_comes_first() {
    let mut rooms = rooms(&["a", "b"]);
    rooms.queue("a");
    rooms.queue("b");
    rooms.queue("b");
    rooms.arrive(message("1", "b", 20));
    assert_eq!(rooms.next_behind().as_deref(), Some("b"));
    assert_eq!(rooms.next_behind().as_deref(), Some("a"));
    assert_eq!(rooms.next_behind(), None);
}

#[test]
fn what_is_done_with_only_grows() {
    let mut rooms = rooms(&["a"]);
    assert_eq!(rooms.done("a", (9, 1), NOW_MS), None);
    assert_eq!(rooms.done("a", (20, 1), NOW_MS), Some(20));
    assert_eq!(rooms.done("a", (20, 1), NOW_MS), None);
    assert_eq!(rooms.done("gone", (20, 1), NOW_MS), None);
    rooms.subscribed("a", "s1".into());
    assert_eq!(rooms.of_sub("s1").as_deref(), Some("a"));
    assert_eq!(rooms.remove("a").as_deref(), Some("s1"));
    assert_eq!(rooms.of_sub("s1"), None);
}

#[test]
fn the_checkpoint_stays_before_what_could_not_be_read_until_that_is_done_with() {
    let mut rooms = rooms(&["a"]);
    assert_eq!((rooms.unread("a"), rooms.unread("a"), rooms.unread("gone")), (1, 2, 0));
    for at in 0..=HELD_MAX {
        rooms.arrive(message(&at.to_string(), "a", 20));
    }
    rooms.leave_gap("a");
    assert!(rooms.caught_up("a").is_empty(), "what could not be held is in the gap");
    assert_eq!(rooms.next_behind(), None, "it is not read in a loop");
    assert_eq!(rooms.arrive(message("live", "a", 30)).unwrap().id, "live");
    assert_eq!(rooms.done("a", (30, 5), NOW_MS), None);
    let at = Duration::from_secs(9);
    rooms.read_again("a", at);
    rooms.queue_due(at - Duration::from_secs(1));
    assert_eq!(rooms.next_behind(), None);
    rooms.queue_due(at);
    assert_eq!(rooms.next_behind().as_deref(), Some("a"));
    rooms.read("a", 8);
    assert_eq!(rooms.get("a").unwrap().failures, 0);
    assert_eq!(rooms.done("a", (40, 7), NOW_MS), None, "what was missed is not done with yet");
    assert_eq!(rooms.done("a", (15, 8), NOW_MS), Some(15));
    assert_eq!(rooms.done("a", (50, 9), NOW_MS), Some(50));
}

#[test]
fn a_moment_far_ahead_does_not_make_what_follows_old() {
    let mut rooms = rooms(&["a", "b"]);
    assert_eq!(rooms.done("a", (i64::MAX, 1), NOW_MS), Some(NOW_MS + LATE_MS));
    // Nor does one that was written down before.
    rooms.begin("b", i64::MAX, 5, NOW_MS);
    assert_eq!(rooms.get("b").unwrap().done_ms, NOW_MS + LATE_MS);
    assert_eq!(rooms.done("a", (NOW_MS + LATE_MS + 1, 1), NOW_MS + 1), Some(NOW_MS + LATE_MS + 1), "it goes on with the clock");
}

#[test]
fn an_id_is_new_once() {
    let mut seen = Seen::default();
    assert!(!seen.again("a"));
    assert!(seen.again("a"));
    for id in 0..8191 {
        assert!(!seen.again(&id.to_string()));
    }
    assert!(seen.again("a"));
    assert!(!seen.again("one more"));
    assert!(!seen.again("a"), "the oldest is forgotten");
}

#[test]
fn a_direct_room_is_a_pair_unless_more_are_in_it() {
    let direct = |id: &str, name: Option<&str>, people| RoomInfo {
        id: id.into(),
        kind: RoomKind::Direct,
        name: name.map(str::to_owned),
        label: None,
        people,
    };
    assert!(direct("botann", None, None).is_pair("bot"));
    assert!(direct("x1", Some("ann"), None).is_pair("bot"));
    assert!(!direct("x1", Some("ann,ben"), None).is_pair("bot"));
    assert!(!direct("x1", None, None).is_pair("bot"), "nothing says who is in it");
    assert!(direct("annbot", Some("ann,ben"), Some(2)).is_pair("bot"));
    assert!(!direct("annbot", None, Some(3)).is_pair("bot"));
    assert!(!info("annbot").is_pair("bot"));
}
