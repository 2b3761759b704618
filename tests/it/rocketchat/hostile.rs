//! A server that means no good, or is far too large: what it sends costs a link at the most, and never the account.

use serde_json::{Value, json};

use super::rig::{CHANNEL, Rig};
use crate::harness::rocketchat::{Kind, Version};
use crate::harness::soak::size;
use crate::harness::{eventually, until};

/// What a gateway with one account may have grown to in these tests, KiB: many times what it has, and less than one flood that is kept.
const MEMORY_KIB_MAX: u64 = 400 * 1024;

/// Returns the resident memory of the gateway, KiB.
fn memory_kib(rig: &Rig) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", rig.gateway.pid())).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}

/// Asks, and wants an answer from an account that nothing has crashed.
async fn still_well(rig: &Rig, rid: &str) {
    let before = rig.server.said(rid).len();
    rig.server.say(rid, &rig.ann, "@call.bot still there?");
    rig.server.wait_for_said(rid, before + 1).await;
    assert_eq!(rig.gateway.actor(CHANNEL).await["restarts"], 0);
    assert!(memory_kib(rig) < MEMORY_KIB_MAX, "{} KiB", memory_kib(rig));
}

/// A generator of numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    /// Returns one of the good frames with something about it wrong.
    fn frame(&mut self, good: &[Value]) -> String {
        let mut frame = good[self.roll(good.len())].clone();
        let odd =
            [json!(null), json!(-1), json!(1e300), json!(""), json!([]), json!({}), json!([[[]]]), json!("\u{0}\u{202e}")];
        let paths = [
            "/msg",
            "/id",
            "/collection",
            "/fields",
            "/fields/eventName",
            "/fields/args",
            "/fields/args/0",
            "/subs",
            "/error",
            "/fields/args/0/_id",
            "/fields/args/0/rid",
            "/fields/args/0/ts",
            "/fields/args/0/u",
            "/fields/args/0/msg",
        ];
        for _ in 0..=self.roll(2) {
            let (path, value) = (paths[self.roll(paths.len())], odd[self.roll(odd.len())].clone());
            if let Some(place) = frame.pointer_mut(path) {
                *place = value;
            }
        }
        let mut text = frame.to_string();
        if self.roll(4) == 0 {
            let cut = self.roll(text.len());
            text.truncate(text.floor_char_boundary(cut));
        }
        text
    }
}

#[tokio::test]
async fn frames_with_anything_in_them_are_survived_and_the_log_stays_small() {
    let rig = Rig::start(Version::Eight, json!({ "dmPolicy": "allowlist", "allowFrom": ["@ann"] })).await;
    let rid = rig.room(Kind::Channel, "general").await;
    let event = |collection: &str, name: &str, args: Value| json!({ "msg": "changed", "collection": collection, "id": "id", "fields": { "eventName": name, "args": args } });
    let message = json!({ "_id": "m1", "rid": rid, "msg": "x", "ts": { "$date": 1 }, "u": { "_id": "u", "username": "eve" } });
    let room = json!({ "rid": "r9", "t": "d", "name": "eve", "ts": { "$date": i64::MAX } });
    let own = format!("{}/subscriptions-changed", rig.bot.id);
    let good = [
        event("stream-room-messages", "__my_messages__", json!([message, { "roomParticipant": true, "roomType": "d" }])),
        event("stream-room-messages", &rid, json!([message])),
        event("stream-notify-user", &own, json!(["inserted", room])),
        event("stream-notify-user", &own, json!(["removed", room])),
        json!({ "msg": "ready", "subs": ["s1", "s2", "s3", "s99999"] }),
        json!({ "msg": "nosub", "id": "s3", "error": { "error": 404, "reason": "x".repeat(1000) } }),
        json!({ "msg": "result", "id": "m1", "error": { "error": "boom" } }),
        json!({ "msg": "ping", "id": "p" }),
        json!({ "msg": "error", "reason": "no such frame" }),
    ];
    let (mut dice, count) = (Dice(7), size(3000, 60_000));
    for _ in 0..count {
        rig.server.send_raw(&dice.frame(&good));
    }
    still_well(&rig, &rid).await;
    until("the bad ones are counted", async || (rig.count("inbound_bad_total").await > 100).then_some(())).await;
    let told = rig.gateway.log().matches("inbound.bad").count();
    assert!(told < 200, "{told} lines of bad frames");
}

#[tokio::test]
async fn a_giant_frame_costs_its_link_and_nothing_else() {
    let rig = Rig::start(Version::Seven, json!({})).await;
    let rid = rig.room(Kind::Direct, "").await;
    let before = rig.server.sockets_opened();
    rig.server.send_raw(&format!("{{\"msg\":\"{}\"}}", "x".repeat(6 << 20)));
    eventually("another connection", || rig.server.sockets_opened() > before && rig.server.sockets() == 1).await;
    still_well(&rig, &rid).await;
}

#[tokio::test]
async fn a_server_of_many_rooms_is_listened_to() {
    let mut rig = Rig::prepare(Version::Eight, json!({}));
    let count = size(1200, 5000);
    let rooms: Vec<_> =
        (0..count).map(|number| rig.server.room(Kind::Channel, &format!("room-{number}"), &[&rig.ann, &rig.bot])).collect();
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    rig.link("up").await;
    for rid in [&rooms[0], &rooms[count - 1]] {
        rig.server.listening(&rig.bot, rid).await;
        still_well(&rig, rid).await;
    }
    rig.server.drop_sockets();
    for rid in [&rooms[1], &rooms[count - 2]] {
        still_well(&rig, rid).await;
    }
}

#[tokio::test]
async fn a_room_that_never_falls_silent_does_not_hold_others_up() {
    let rig = Rig::start(Version::Seven, json!({ "historyLimit": 0 })).await;
    let (loud, rid) = (rig.room(Kind::Channel, "loud").await, rig.room(Kind::Direct, "").await);
    let count = size(300, 6000);
    for number in 0..count {
        rig.server.say(&loud, &rig.ann, &format!("n{number} {}", "word ".repeat(200)));
        if number % 100 == 99 {
            still_well(&rig, &rid).await;
        }
    }
    let all = u64::try_from(count).unwrap();
    rig.dropped("no mention", all).await;
    still_well(&rig, &loud).await;
}
