//! What a test can make go wrong.

use std::time::Duration;

use serde_json::{Value, json};

use super::peers::{Live, Rest};
use crate::harness::rocketchat::faults::{Copies, Door, HangUp, MyMessages, Trouble};
use crate::harness::rocketchat::record::Login;
use crate::harness::rocketchat::{Kind, RocketChat, Tokens, Version};
use crate::harness::{eventually, until};

const MESSAGES: &str = "stream-room-messages";

#[tokio::test]
async fn requests_fail_as_planned_and_then_no_more() {
    let server = RocketChat::start(Version::Eight);
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let rid = server.direct(&bot, &ann);
    let rest = Rest::of(&server, &bot);
    let send = |text: &str| json!({ "message": { "rid": rid, "msg": text } });
    // What is planned, whether an answer comes, and whether the message is there.
    let cases = [
        (Trouble::Html(200), None, false),
        (Trouble::Status(503), None, false),
        (Trouble::RefuseThenCut, None, false),
        (Trouble::CommitThenCut, None, true),
        (Trouble::Slow(Duration::ZERO), Some(200), true),
        (Trouble::Limited(7), Some(429), false),
    ];
    for (trouble, answered, posted) in cases {
        let text = format!("{trouble:?}");
        server.plan("chat.sendMessage", trouble, 1);
        let answer = rest.try_post("chat.sendMessage", &send(&text)).await;
        assert_eq!(answer.map(|(status, _)| status).ok(), answered, "{text}");
        assert_eq!(server.said(&rid).contains(&text), posted, "{text}");
    }
    let statuses: Vec<_> = server.calls("chat.sendMessage").into_iter().map(|call| call.status).collect();
    assert_eq!(statuses, [200, 503, 0, 200, 200, 429]);
    assert!(server.calls("chat.sendMessage").iter().all(|call| call.login == Login::Shown));
    server.plan("*", Trouble::Html(502), 9);
    let (status, headers, page) = rest.page("/api/v1/me").await.expect("an answer");
    assert_eq!((status, headers["content-type"].to_str().expect("a type")), (502, "text/html; charset=utf-8"));
    assert!(page.starts_with(b"<!DOCTYPE html>"));
    server.heal();
    assert_eq!(rest.get("me").await.0, 200);
}

#[tokio::test]
async fn calls_are_bounded_in_a_window() {
    let server = RocketChat::start(Version::Eight);
    let bot = server.person("bot");
    let rest = Rest::of(&server, &bot);
    let (_, headers, _) = rest.page("/api/v1/me").await.expect("an answer");
    assert!(!headers.contains_key("x-ratelimit-limit"));
    server.limit(Some((2, 60_000)));
    for left in ["1", "0"] {
        let (status, headers, _) = rest.page("/api/v1/me").await.expect("an answer");
        assert_eq!((status, headers["x-ratelimit-remaining"].as_bytes()), (200, left.as_bytes()));
    }
    let (status, headers, body) = rest.page("/api/v1/me").await.expect("an answer");
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let error = body["error"].as_str().expect("a text");
    assert_eq!((status, headers["x-ratelimit-limit"].as_bytes()), (429, b"2".as_slice()));
    assert!(error.contains("You must wait") && error.ends_with("[error-too-many-requests]"), "{error}");
    assert_eq!(headers["x-ratelimit-reset"].len(), 13);
    // Each route for itself, and each window anew.
    assert_eq!(rest.get("rooms.get").await.0, 200);
    server.move_clock(60_000);
    assert_eq!(rest.get("me").await.0, 200);
    server.limit(None);
    for _ in 0..3 {
        assert_eq!(rest.get("me").await.0, 200);
    }
}

#[tokio::test]
async fn tokens_end() {
    let server = RocketChat::start(Version::Eight);
    let bot = server.person("bot");
    let (login, access) = (server.login_token(&bot), server.access_token(&bot));
    let (by_login, by_access) = (Rest::with(&server, &login, &bot.id), Rest::with(&server, &access, &bot.id));
    let mut live = Live::of(&server, &bot).await;
    server.expire(&bot, Tokens::Logins);
    while live.next().await.is_some() {}
    eventually("the end of the socket", || server.sockets() == 0).await;
    assert_eq!((by_login.get("me").await.0, by_access.get("me").await.0), (401, 200));
    let mut live = Live::connect(&server).await;
    let result = live.call("login", json!([{ "resume": login }])).await;
    let reason = "You've been logged out by the server. Please log in again.";
    assert_eq!(result["error"]["reason"], reason);
    assert_eq!(live.call("login", json!([{ "resume": access }])).await["result"]["id"], bot.id);
    let event = format!("{}/force_logout", bot.id);
    live.subscribe("stream-notify-user", &event).await;
    server.force_logout(&bot);
    assert_eq!(live.event(&event).await, json!([]));
    assert_eq!(live.next().await, None);
    assert_eq!(by_access.get("me").await.0, 401);
    // A login also ends by the clock alone.
    server.logins_hold(1_000);
    let soon = Rest::of(&server, &bot);
    assert_eq!(soon.get("me").await.0, 200);
    server.move_clock(1_000);
    assert_eq!(soon.get("me").await.0, 401);
}

#[tokio::test]
async fn sockets_end_in_every_way() {
    let server = RocketChat::start(Version::Eight);
    let bot = server.person("bot");
    let mut dropped = Live::of(&server, &bot).await;
    server.drop_sockets();
    while dropped.next().await.is_some() {}
    let mut closed = Live::of(&server, &bot).await;
    server.close_sockets();
    while closed.next().await.is_some() {}
    server.hang_up(HangUp::AfterConnect);
    let mut short = Live::connect(&server).await;
    assert_eq!(short.next().await, None);
    server.hang_up(HangUp::AfterLogin);
    let mut longer = Live::of(&server, &bot).await;
    while longer.next().await.is_some() {}
    assert_eq!(server.sockets_opened(), 4);
}

#[tokio::test]
async fn a_frozen_socket_stays_and_says_nothing() {
    let server = RocketChat::start(Version::Eight);
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let rid = server.direct(&bot, &ann);
    let mut frozen = Live::of(&server, &bot).await;
    frozen.subscribe(MESSAGES, &rid).await;
    frozen.until_pong().await;
    server.freeze_sockets();
    assert_eq!(server.sockets(), 0);
    frozen.send(json!({ "msg": "ping" })).await;
    let lost = server.say(&rid, &ann, "lost to a frozen link");
    // Another is served, and hears the next one.
    let mut live = Live::of(&server, &bot).await;
    live.subscribe(MESSAGES, &rid).await;
    let heard = server.say(&rid, &ann, "heard");
    assert_eq!(live.event(&rid).await[0]["_id"], heard);
    server.drop_sockets();
    // Neither the pong nor the event was ever sent: the end is all that comes.
    assert_eq!(frozen.next().await, None);
    assert!(server.message(&lost).is_some());
}

#[tokio::test]
async fn the_port_refuses_hangs_up_and_comes_back() {
    let server = RocketChat::start(Version::Eight);
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let rid = server.direct(&bot, &ann);
    let rest = Rest::of(&server, &bot);
    let mut live = Live::of(&server, &bot).await;
    assert_eq!(rest.get("me").await.0, 200);
    server.go_away();
    while live.next().await.is_some() {}
    until("a refused connection", async || rest.page("/api/info").await.err().filter(reqwest::Error::is_connect)).await;
    let missed = server.say(&rid, &ann, "missed");
    server.door(Door::HangUp);
    assert!(rest.page("/api/info").await.is_err());
    server.come_back();
    let (_, page) = rest.get(&format!("im.history?roomId={rid}")).await;
    assert_eq!(page["messages"][0]["_id"], missed);
    server.plan("websocket", Trouble::Html(502), 1);
    let url = format!("{}/websocket", server.url.replace("http:", "ws:"));
    assert!(tokio_tungstenite::connect_async(url).await.is_err());
    Live::of(&server, &bot).await;
    let statuses: Vec<_> = server.calls("websocket").into_iter().map(|call| call.status).collect();
    assert_eq!(statuses, [101, 502, 101]);
}

#[tokio::test]
async fn events_come_twice_and_with_noise() {
    let server = RocketChat::start(Version::Seven);
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let rid = server.direct(&bot, &ann);
    let mut live = Live::of(&server, &bot).await;
    live.subscribe(MESSAGES, &rid).await;
    live.until_pong().await;
    server.send_copies(Copies::Two);
    server.make_noise(&["{\"msg\":\"what\"}", "{"]);
    server.send_raw("null");
    server.send_bytes(&[1, 2]);
    let id = server.say(&rid, &ann, "hello");
    let heard = live.until_pong().await;
    assert_eq!(heard[..4], [Value::Null, json!("2 bytes"), json!({ "msg": "what" }), json!("{")]);
    let ids: Vec<_> = heard[4..].iter().map(|frame| frame["fields"]["args"][0]["_id"].clone()).collect();
    assert_eq!(ids, [json!(id), json!(id)]);
}

#[tokio::test]
async fn private_rooms_can_be_missing_and_events_refused() {
    let server = RocketChat::start(Version::Seven);
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let group = server.room(Kind::Private, "group", &[&bot, &ann]);
    server.my_messages(MyMessages::NoPrivate);
    server.refuse_event(&format!("{}/rooms-changed", bot.id));
    let mut live = Live::of(&server, &bot).await;
    live.subscribe(MESSAGES, "__my_messages__").await;
    assert_eq!(live.subscribe("stream-notify-user", &format!("{}/rooms-changed", bot.id)).await["msg"], "nosub");
    live.subscribe(MESSAGES, &group).await;
    live.until_pong().await;
    server.say(&group, &ann, "hello");
    let heard = live.until_pong().await;
    let names: Vec<_> = heard.iter().map(|frame| frame["fields"]["eventName"].clone()).collect();
    assert_eq!(names, [json!(group)]);
}
