//! DDP: greetings, logins, subscriptions, events.

use serde_json::{Value, json};

use super::peers::Live;
use crate::harness::rocketchat::record::{Sign, Typing};
use crate::harness::rocketchat::{Kind, PASSWORD, RocketChat, Version};

const MESSAGES: &str = "stream-room-messages";
const USER: &str = "stream-notify-user";
const ROOM: &str = "stream-notify-room";

#[tokio::test]
async fn it_greets_whoever_speaks_its_version() {
    let server = RocketChat::start(Version::Eight);
    let mut live = Live::open(&server).await;
    assert_eq!(live.next().await.as_deref(), Some(r#"{"server_id":"0"}"#));
    live.send(json!({ "msg": "method", "method": "login", "id": "1", "params": [] })).await;
    assert_eq!(live.hear("error").await["reason"], "Must connect first");
    live.send_text("no JSON").await;
    assert_eq!(live.hear("error").await["reason"], "Bad request");
    assert_eq!(server.odd_frames().len(), 2);
    live.send(json!({ "msg": "connect", "version": "1", "support": ["1", "pre2", "pre1"] })).await;
    assert!(live.hear("connected").await["session"].is_string());
    live.send(json!({ "msg": "ping" })).await;
    assert_eq!(live.hear("pong").await, json!({ "msg": "pong" }));
    live.send(json!({ "msg": "ping", "id": "p" })).await;
    assert_eq!(live.hear("pong").await, json!({ "msg": "pong", "id": "p" }));
    let mut old = Live::open(&server).await;
    old.send(json!({ "msg": "connect", "version": "0", "support": ["0"] })).await;
    assert_eq!(old.hear("failed").await["version"], "1");
    assert_eq!(old.next().await, None);
}

#[tokio::test]
async fn it_logs_in_by_token_and_by_password() {
    let server = RocketChat::start(Version::Seven);
    let bot = server.person("bot");
    let mut live = Live::connect(&server).await;
    let digest = ring::digest::digest(&ring::digest::SHA256, PASSWORD.as_bytes());
    let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let with =
        |digest: &str| json!([{ "user": { "username": "bot" }, "password": { "digest": digest, "algorithm": "sha-256" } }]);
    let result = live.call("login", with("0000")).await;
    assert_eq!((&result["error"]["error"], &result["error"]["reason"]), (&json!(403), &json!("Incorrect password")));
    live.send(json!({ "msg": "method", "method": "login", "id": "l", "params": with(&digest) })).await;
    let added = live.hear("added").await;
    assert_eq!((&added["collection"], &added["fields"]["username"]), (&json!("users"), &json!("bot")));
    let result = live.hear("result").await;
    assert_eq!((&result["result"]["type"], &result["result"]["id"]), (&json!("password"), &json!(bot.id)));
    assert!(result["result"]["tokenExpires"]["$date"].is_i64());
    let again = live.call("login", json!([{ "resume": result["result"]["token"] }])).await;
    assert_eq!(again["result"]["type"], "resume");
    let by_access_token = live.call("login", json!([{ "resume": server.access_token(&bot) }])).await;
    assert_eq!(by_access_token["result"]["tokenExpires"], Value::Null);
    server.ask_for_code(&bot, "1");
    assert_eq!(live.call("login", with(&digest)).await["error"]["error"], "totp-required");
    let wrapped = json!([{ "totp": { "login": with(&digest)[0], "code": "1" } }]);
    assert_eq!(live.call("login", wrapped).await["result"]["id"], bot.id);
    assert_eq!(live.call("noSuchThing", json!([])).await["error"]["error"], 404);
}

#[tokio::test]
async fn one_subscription_carries_every_room_that_one_may_see() {
    let server = RocketChat::start(Version::Eight);
    let (bot, ann, bob) = (server.person("bot"), server.person("ann"), server.person("bob"));
    let direct = server.direct(&bot, &ann);
    let (foreign, secret) =
        (server.room(Kind::Channel, "foreign", &[&ann]), server.room(Kind::Private, "secret", &[&ann, &bob]));
    let mut live = Live::of(&server, &bot).await;
    assert_eq!(live.subscribe(MESSAGES, "__my_messages__").await["msg"], "ready");
    server.listening(&bot, "__my_messages__").await;
    server.say(&secret, &ann, "not for you");
    server.say(&foreign, &ann, "for everybody");
    server.say(&direct, &ann, "for you");
    let args = live.event("__my_messages__").await;
    let about = json!({ "roomParticipant": false, "roomType": "c", "roomName": "foreign" });
    assert_eq!((&args[0]["msg"], &args[1]), (&json!("for everybody"), &about));
    let args = live.event("__my_messages__").await;
    assert_eq!((&args[0]["rid"], &args[1]), (&json!(direct), &json!({ "roomParticipant": true, "roomType": "d" })));
    assert!(args[0]["ts"]["$date"].is_i64());
    assert_eq!(server.subscribed(), ["__my_messages__"]);
}

#[tokio::test]
async fn a_room_is_heard_by_those_who_are_in_it_until_they_leave() {
    let server = RocketChat::start(Version::Eight);
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let group = server.room(Kind::Private, "group", &[&ann]);
    let mut live = Live::of(&server, &bot).await;
    let changes = format!("{}/subscriptions-changed", bot.id);
    assert_eq!(live.subscribe(MESSAGES, &group).await["error"]["error"], "not-allowed");
    assert_eq!(live.subscribe("stream-nothing", "x").await["error"]["error"], 404);
    assert_eq!(live.subscribe(USER, &format!("{}/message", ann.id)).await["error"]["error"], "not-allowed");
    assert_eq!(live.subscribe(USER, &changes).await["msg"], "ready");
    assert_eq!(live.subscribe(USER, &format!("{}/rooms-changed", bot.id)).await["msg"], "ready");
    server.invite(&group, &bot);
    let args = live.event(&changes).await;
    assert_eq!((&args[0], &args[1]["rid"]), (&json!("inserted"), &json!(group)));
    assert_eq!(live.event(&format!("{}/rooms-changed", bot.id)).await[0], "inserted");
    assert_eq!(live.subscribe(MESSAGES, &group).await["msg"], "ready");
    server.say(&group, &ann, "welcome");
    assert_eq!(live.event(&group).await[0]["msg"], "welcome");
    server.remove(&group, &bot);
    assert_eq!(live.find(|frame| frame["fields"]["args"][0] == "removed").await["fields"]["eventName"], changes);
    server.say(&group, &ann, "behind their back");
    let heard = live.until_pong().await;
    assert!(heard.iter().all(|frame| frame["collection"] != MESSAGES), "{heard:?}");
}

#[tokio::test]
async fn an_unsubscribed_stream_falls_silent() {
    let server = RocketChat::start(Version::Eight);
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let rid = server.direct(&bot, &ann);
    let mut live = Live::of(&server, &bot).await;
    live.send(json!({ "msg": "sub", "id": "s", "name": MESSAGES, "params": [rid, { "useCollection": true, "args": [] }] }))
        .await;
    assert_eq!(live.hear("added").await, json!({ "msg": "added", "collection": MESSAGES, "id": "id" }));
    assert_eq!(live.hear("ready").await["subs"][0], "s");
    live.send(json!({ "msg": "unsub", "id": "s" })).await;
    assert_eq!(live.hear("nosub").await, json!({ "msg": "nosub", "id": "s" }));
    server.say(&rid, &ann, "nobody listens");
    assert_eq!(live.until_pong().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_message_comes_again_whenever_it_changes() {
    let server = RocketChat::start(Version::Eight);
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let rid = server.direct(&bot, &ann);
    let mut live = Live::of(&server, &bot).await;
    live.subscribe(MESSAGES, &rid).await;
    live.subscribe(ROOM, &format!("{rid}/deleteMessage")).await;
    let id = server.say_with(&rid, &ann, "hello", json!({ "alias": "Ann" }));
    assert_eq!(live.event(&rid).await[0]["alias"], "Ann");
    server.edit(&id, &ann, "hello, edited");
    assert_eq!(live.event(&rid).await[0]["editedBy"]["_id"], ann.id);
    server.react(&id, &ann, ":eyes:");
    assert_eq!(live.event(&rid).await[0]["reactions"][":eyes:"]["usernames"], json!(["ann"]));
    server.preview(&id, "https://example.org");
    assert_eq!(live.event(&rid).await[0]["urls"][0]["meta"]["pageTitle"], "A page");
    let reply = server.reply(&rid, &ann, &id, "in the thread");
    assert_eq!(live.event(&rid).await[0]["tmid"], id);
    assert_eq!(live.event(&rid).await[0]["tcount"], 1);
    // Threads do not nest.
    server.reply(&rid, &ann, &reply, "deeper");
    assert_eq!(live.event(&rid).await[0]["tmid"], id);
    server.delete(&id);
    assert_eq!(live.event(&format!("{rid}/deleteMessage")).await[0]["_id"], id);
}

#[tokio::test]
async fn it_shows_who_types_when_the_name_is_theirs() {
    let server = RocketChat::start(Version::Eight);
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let rid = server.direct(&bot, &ann);
    let (mut live, mut other) = (Live::of(&server, &bot).await, Live::of(&server, &ann).await);
    let event = format!("{rid}/user-activity");
    other.subscribe(ROOM, &event).await;
    let sign = |name: &str, what: Value| json!([event, name, what, {}]);
    live.call("stream-notify-room", sign("somebody else", json!(["user-typing"]))).await;
    assert_eq!(server.who_types(&rid), Vec::<String>::new());
    live.call("stream-notify-room", json!([event, "bot", ["user-typing"], { "tmid": "root" }])).await;
    assert_eq!(server.who_types(&rid), ["bot"]);
    assert_eq!(other.event(&event).await, json!(["bot", ["user-typing"], { "tmid": "root" }]));
    live.call("stream-notify-room", sign("bot", json!([]))).await;
    live.call("stream-notify-room", json!([format!("{rid}/typing"), "bot", true])).await;
    assert_eq!(server.who_types(&rid), Vec::<String>::new());
    let typing = |name: &str, tmid: Option<&str>, sign| Typing {
        rid: rid.clone(),
        name: name.to_owned(),
        tmid: tmid.map(str::to_owned),
        sign,
    };
    let all = [
        typing("somebody else", None, Sign::Ignored),
        typing("bot", Some("root"), Sign::Typing),
        typing("bot", None, Sign::Still),
        typing("bot", None, Sign::Ignored),
    ];
    assert_eq!(server.typing(), all);
}

#[tokio::test]
async fn a_message_over_ddp_fails_in_silence() {
    let server = RocketChat::start(Version::Eight);
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let (rid, foreign) = (server.direct(&bot, &ann), server.room(Kind::Private, "foreign", &[&ann]));
    let mut live = Live::of(&server, &bot).await;
    let notes = format!("{}/message", bot.id);
    live.subscribe(USER, &notes).await;
    let sent = live.call("sendMessage", json!([{ "_id": "m1", "rid": rid, "msg": "hi" }])).await;
    assert_eq!(sent["result"]["_id"], "m1");
    assert_eq!(live.call("setReaction", json!(["eyes", "m1"])).await.get("error"), None);
    let refused = live.call("sendMessage", json!([{ "rid": foreign, "msg": "hi" }])).await;
    assert_eq!(refused["error"]["error"], "error-not-allowed");
    server.text_max(1);
    let swallowed = live.call("sendMessage", json!([{ "rid": rid, "msg": "too long" }])).await;
    assert_eq!((swallowed.get("result"), swallowed.get("error")), (None, None));
    assert_eq!(live.call("rooms/get", json!([])).await["result"][0]["_id"], rid);
    assert_eq!(live.call("subscriptions/get", json!([{ "$date": 0 }])).await["result"]["update"][0]["rid"], rid);
    assert_eq!(live.call("createDirectMessage", json!(["ann"])).await["result"]["rid"], rid);
    assert_eq!(server.said(&rid), ["hi"]);
}
