//! Many messages over many rooms while sockets drop, logins expire and the gateway is killed.

use std::time::Duration;

use serde_json::{Value, json};

use super::rig::account;
use super::streaming::script;
use crate::harness::gateway::{Gateway, merge};
use crate::harness::rocketchat::soak::{Form, Plan, Runner, Stage};
use crate::harness::rocketchat::{RocketChat, Version};
use crate::harness::soak::size;
use crate::harness::{eventually, until};

/// How long no answer may come: longer than the waits of a row that failed a few times in a row.
const STALL_MAX: Duration = Duration::from_secs(120);

impl Runner for Gateway {
    async fn kill(&mut self) {
        Gateway::kill(self);
        self.spawn();
    }
}

#[tokio::test]
async fn every_question_gets_one_answer_in_order_whatever_breaks() {
    let (server, dead) = (RocketChat::start(Version::Eight), RocketChat::start(Version::Seven));
    let (bot, other) = (server.person("call.bot"), dead.person("other.bot"));
    dead.go_away();
    let stage = Stage::set(&server, bot.clone(), size(6, 20));
    let mut accounts = json!({ "default": account(&server, &bot), "down": account(&dead, &other) });
    accounts["default"]["historyLimit"] = 0.into();
    let mut gateway = Gateway::start(json!({ "channels": { "rocketchat": { "accounts": accounts } } })).await;
    for room in stage.rooms() {
        server.listening(&bot, room).await;
    }
    let plan = Plan {
        messages: size(200, 2000),
        aside_every: 7,
        drops: size(10, 60),
        expiries: 3,
        kills: size(2, 5),
        open_max: 40,
        stall_max: STALL_MAX,
        form: Form::Whole,
    };
    let report = stage.play(&server, plan, &mut gateway).await;
    report.assert_clean();
    assert!(report.asked > plan.messages / 2);
    assert!(server.calls("login").len() > plan.kills, "each life logs in");
    let list = gateway.get("/admin/channels").await;
    let down = list["channels"].as_array().expect("accounts").iter().find(|account| account["account"] == "down").cloned();
    assert_eq!(down.expect("the account")["link"], "down");
}

/// Plays the same with an agent that takes its time, so that troubles come in the middle of answers.
async fn grown(form: Form, settings: Value, wait_ms: u64) {
    let server = RocketChat::start(Version::Eight);
    let bot = server.person("call.bot");
    let stage = Stage::set(&server, bot.clone(), size(6, 20));
    let mut account = account(&server, &bot);
    merge(&mut account, json!({ "historyLimit": 0 }));
    merge(&mut account, settings);
    let mut gateway = Gateway::prepare(json!({
        "channels": { "rocketchat": account },
        "messages": { "queue": { "mode": "followup", "debounceMs": 0 } },
        "agents": { "defaults": { "maxConcurrent": 20 } },
    }));
    let wait = format!("waitMs: {wait_ms}");
    let actions = ["text: \"well\\n\\n\"", &wait, "echo", "text: \"\\n\\n\"", &wait, "text: \"over\""];
    gateway.play(&script(&actions));
    gateway.again().await;
    gateway.ready("all").await;
    for room in stage.rooms() {
        server.listening(&bot, room).await;
    }
    let plan = Plan {
        messages: size(90, 2000),
        aside_every: 7,
        drops: size(5, 60),
        expiries: 3,
        kills: size(2, 5),
        open_max: size(12, 40),
        stall_max: STALL_MAX,
        form,
    };
    let report = stage.play(&server, plan, &mut gateway).await;
    report.assert_clean();
    assert!(report.asked > plan.messages / 2);
}

#[tokio::test]
async fn every_answer_in_parts_comes_whole_and_in_order_whatever_breaks() {
    grown(
        Form::Parts,
        json!({ "blockStreaming": true, "chunkMode": "newline", "blockStreamingCoalesce": { "idleMs": 20 } }),
        60,
    )
    .await;
}

#[tokio::test]
async fn every_answer_that_grows_ends_as_one_whole_message_whatever_breaks() {
    grown(Form::Edits, json!({ "streamMode": "edit" }), 300).await;
}

#[tokio::test]
async fn an_account_whose_server_is_down_leaves_the_other_alone() {
    let (server, dead) = (RocketChat::start(Version::Seven), RocketChat::start(Version::Eight));
    let people = |server: &RocketChat| (server.person("call.bot"), server.person("ann"));
    let ((bot, ann), (dead_bot, dead_ann)) = (people(&server), people(&dead));
    let accounts = json!({ "default": account(&server, &bot), "side": account(&dead, &dead_bot) });
    dead.go_away();
    let gateway = Gateway::start(json!({ "channels": { "rocketchat": { "accounts": accounts } } })).await;
    let (rid, dead_rid) = (server.direct(&ann, &bot), dead.direct(&dead_ann, &dead_bot));
    server.listening(&bot, &rid).await;
    server.say(&rid, &ann, "hello");
    server.wait_for_said(&rid, 1).await;
    assert_eq!(gateway.actor("channel:rocketchat:side").await["restarts"], 0);
    dead.come_back();
    dead.listening(&dead_bot, &dead_rid).await;
    dead.say(&dead_rid, &dead_ann, "at last");
    assert_eq!(dead.wait_for_said(&dead_rid, 1).await, ["at last"]);
    until("the link is up", async || Some(()).filter(|()| server.sockets() == 1)).await;
    eventually("both are answered", || server.said(&rid).len() == 1).await;
}
