//! REST, as three generations answer.

use serde_json::json;

use super::peers::Rest;
use crate::harness::rocketchat::faults::DuplicateId;
use crate::harness::rocketchat::{Kind, PASSWORD, RocketChat, Version};

const MESSAGE_ID: &str = "abcdefghijkmnopqr";

#[tokio::test]
async fn a_login_is_answered_as_its_generation_does() {
    let refused = json!({ "status": "error", "error": "Unauthorized", "message": "Unauthorized" });
    let seven = json!({ "status": "error", "message": "You must be logged in to do this." });
    let eight = json!({ "success": false, "error": "You must be logged in to do this." });
    let cases = [
        (Version::Seven, "7.13", refused, seven),
        (Version::Eight, "8.3", json!({ "success": false, "error": "unauthorized" }), eight),
    ];
    for (version, number, refused, logged_out) in cases {
        let server = RocketChat::start(version);
        let bot = server.person("bot");
        let rest = Rest::with(&server, "none", &bot.id);
        let (_, _, info) = rest.page("/api/info").await.expect("an answer");
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&info).expect("JSON")["version"], number);
        assert_eq!(rest.get("me").await, (401, logged_out));
        assert_eq!(rest.post("login", json!({ "user": "bot", "password": "wrong" })).await, (401, refused));
        let (status, answer) = rest.post("login", json!({ "user": "bot", "password": PASSWORD })).await;
        assert_eq!((status, &answer["status"], &answer["data"]["userId"]), (200, &json!("success"), &json!(bot.id)));
        let logged_in = Rest::with(&server, answer["data"]["authToken"].as_str().expect("a token"), &bot.id);
        let (_, me) = logged_in.get("me").await;
        assert_eq!((&me["username"], &me["success"]), (&json!("bot"), &json!(true)));
        assert_eq!(logged_in.post("logout", json!({})).await.0, 200);
        assert_eq!(logged_in.get("me").await.0, 401);
        server.ask_for_code(&bot, "123456");
        let (status, answer) = rest.post("login", json!({ "username": "bot", "password": PASSWORD })).await;
        assert_eq!((status, &answer["error"]), (401, &json!("totp-required")));
        let with_code = json!({ "username": "bot", "password": PASSWORD, "code": "123456" });
        assert_eq!(rest.post("login", with_code).await.0, 200);
        assert_eq!(server.logins(), 2);
    }
}

#[tokio::test]
async fn a_message_id_counts_once() {
    let server = RocketChat::start(Version::Eight);
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let rid = server.direct(&bot, &ann);
    let rest = Rest::of(&server, &bot);
    let message = json!({ "message": { "_id": MESSAGE_ID, "rid": rid, "msg": "hello @ann" } });
    let (status, answer) = rest.post("chat.sendMessage", message.clone()).await;
    assert_eq!((status, &answer["message"]["_id"]), (200, &json!(MESSAGE_ID)));
    assert_eq!(answer["message"]["mentions"][0]["_id"], ann.id);
    assert!(answer["message"]["ts"].as_str().expect("a date").ends_with('Z'));
    let (status, answer) = rest.post("chat.sendMessage", message.clone()).await;
    assert_eq!((status, &answer["success"]), (400, &json!(false)));
    server.on_duplicate_id(DuplicateId::EmptySuccess);
    assert_eq!(rest.post("chat.sendMessage", message).await, (200, json!({ "success": true })));
    assert_eq!(rest.get(&format!("chat.getMessage?msgId={MESSAGE_ID}")).await.1["message"]["msg"], "hello @ann");
    assert_eq!(rest.get("chat.getMessage?msgId=nothere").await, (400, json!({ "success": false })));
    assert_eq!(server.wait_for_said(&rid, 1).await, ["hello @ann"]);
    assert_eq!(server.repeated(), [MESSAGE_ID, MESSAGE_ID]);
}

#[tokio::test]
async fn messages_are_refused_with_their_reason() {
    let server = RocketChat::start(Version::Seven);
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let (group, others) = (server.room(Kind::Private, "group", &[&bot, &ann]), server.room(Kind::Private, "others", &[&ann]));
    let id = server.say(&group, &ann, "not yours");
    server.text_max(10);
    let rest = Rest::of(&server, &bot);
    let cases = [
        ("chat.sendMessage", json!({ "message": { "msg": "x" } }), "The 'rid' property on the message object is missing."),
        ("chat.sendMessage", json!({ "message": { "rid": others, "msg": "x" } }), "error-not-allowed"),
        (
            "chat.sendMessage",
            json!({ "message": { "rid": group, "msg": "longer than that" } }),
            "Message size exceeds Message_MaxAllowedSize [error-message-size-exceeded]",
        ),
        (
            "chat.sendMessage",
            json!({ "message": { "rid": group, "msg": "x", "ts": "2020-01-01T00:00:00.000Z" } }),
            "Message timestamp is out of sync [error-message-ts-out-of-sync]",
        ),
        (
            "chat.update",
            json!({ "roomId": group, "msgId": id, "text": "x" }),
            "Message editing not allowed [error-action-not-allowed]",
        ),
        (
            "chat.update",
            json!({ "roomId": others, "msgId": id, "text": "x" }),
            "The room id provided does not match where the message is from.",
        ),
        ("im.create", json!({ "username": "nobody" }), "Invalid user [error-invalid-user]"),
    ];
    for (call, body, error) in cases {
        let (status, answer) = rest.post(call, body.clone()).await;
        assert_eq!((status, answer["error"].as_str()), (400, Some(error)), "{call} {body}");
    }
    assert!(server.accepted().is_empty());
}

#[tokio::test]
async fn messages_are_edited_marked_and_deleted() {
    let server = RocketChat::start(Version::Eight);
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let rid = server.room(Kind::Channel, "general", &[&bot, &ann]);
    let rest = Rest::of(&server, &bot);
    let (_, answer) = rest.post("chat.postMessage", json!({ "channel": "#general", "text": "one" })).await;
    let id = answer["message"]["_id"].as_str().expect("an id").to_owned();
    let (_, answer) = rest.post("chat.update", json!({ "roomId": rid, "msgId": id, "text": "one, two" })).await;
    assert_eq!(answer["message"]["editedBy"]["username"], "bot");
    assert_eq!(server.edits_of(&id), ["one, two"]);
    rest.post("chat.react", json!({ "messageId": id, "emoji": "eyes", "shouldReact": true })).await;
    let marked = server.message(&id).expect("a message");
    assert_eq!(marked["reactions"][":eyes:"]["usernames"], json!(["bot"]));
    rest.post("chat.react", json!({ "messageId": id, "emoji": ":eyes:" })).await;
    assert_eq!(server.message(&id).expect("a message")["reactions"][":eyes:"]["usernames"], json!([]));
    assert_eq!(rest.post("chat.delete", json!({ "roomId": rid, "msgId": id })).await.0, 200);
    assert_eq!(server.message(&id), None);
    let (_, answer) = rest.post("chat.postMessage", json!({ "channel": "@ann", "text": "hi" })).await;
    assert_eq!(answer["message"]["rid"], server.direct(&bot, &ann));
}

#[tokio::test]
async fn lists_show_who_is_where() {
    let server = RocketChat::start(Version::Seven);
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let general = server.room(Kind::Channel, "general", &[&bot, &ann]);
    let visitor = server.room(Kind::Livechat, "Visitor", &[&bot]);
    server.room(Kind::Private, "others", &[&ann]);
    let rest = Rest::of(&server, &bot);
    let (_, created) = rest.post("im.create", json!({ "username": "ann" })).await;
    assert_eq!(created["room"]["_id"], server.direct(&ann, &bot));
    let (_, listed) = rest.get("subscriptions.get").await;
    let kinds: Vec<_> = listed["update"].as_array().expect("a list").iter().map(|sub| sub["t"].clone()).collect();
    assert_eq!(kinds, ["c", "l", "d"]);
    assert_eq!(listed["update"][2]["name"], "ann");
    assert_eq!(rest.get(&format!("rooms.info?roomId={visitor}")).await.1["room"]["v"]["username"], "guest-1");
    assert_eq!(rest.get(&format!("channels.history?roomId={visitor}")).await.0, 200);
    assert_eq!(rest.get(&format!("groups.history?roomId={visitor}")).await.0, 400);
    assert_eq!(rest.get("rooms.info?roomName=general").await.1["room"]["_id"], general);
    assert_eq!(rest.get("rooms.info?roomName=nowhere").await.0, 400);
    assert_eq!(rest.get("rooms.get").await.1["update"].as_array().expect("a list").len(), 3);
    let (_, page) = rest.get("im.list?count=1&offset=0").await;
    assert_eq!((&page["total"], &page["ims"][0]["usernames"]), (&json!(1), &json!(["bot", "ann"])));
    assert_eq!(rest.get(&format!("users.info?userId={}", ann.id)).await.1["user"]["username"], "ann");
    assert_eq!(rest.get("users.info?username=nobody").await.0, 400);
    server.remove(&general, &bot);
    let (_, listed) = rest.get("subscriptions.get?updatedSince=2020-01-01T00:00:00.000Z").await;
    assert_eq!(listed["remove"][0]["rid"], general);
}

#[tokio::test]
async fn history_shows_what_was_missed() {
    let server = RocketChat::start(Version::Eight);
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let group = server.room(Kind::Private, "group", &[&bot, &ann]);
    let before = server.say(&group, &ann, "before");
    server.move_clock(60_000);
    let root = server.say(&group, &ann, "root");
    server.move_clock(1_000);
    server.reply(&group, &ann, &root, "reply");
    server.move_clock(1_000);
    server.edit(&before, &ann, "before, edited");
    let gone = server.say(&group, &ann, "gone");
    server.delete(&gone);
    let rest = Rest::of(&server, &bot);
    let texts = |messages: &serde_json::Value| -> Vec<String> {
        let all = messages.as_array().expect("a list").iter();
        all.map(|message| message["msg"].as_str().expect("a text").to_owned()).collect()
    };
    let (_, page) = rest.get(&format!("groups.history?roomId={group}&count=2&showThreadMessages=false")).await;
    assert_eq!(texts(&page["messages"]), ["root", "before, edited"]);
    assert_eq!(rest.get(&format!("channels.history?roomId={group}")).await.0, 400);
    let since = &page["messages"][0]["ts"].as_str().expect("a date").to_owned();
    let (_, page) = rest.get(&format!("groups.history?roomId={group}&oldest={since}&inclusive=true")).await;
    assert_eq!(texts(&page["messages"]), ["reply", "root"]);
    let (_, sync) = rest.get(&format!("chat.syncMessages?roomId={group}&lastUpdate={since}")).await;
    assert_eq!(texts(&sync["result"]["updated"]), ["reply", "root", "before, edited"]);
    assert_eq!(sync["result"]["deleted"][0]["_id"], gone);
    let (_, sync) = rest.get(&format!("chat.syncMessages?roomId={group}&type=UPDATED&next=0&count=2")).await;
    assert_eq!(texts(&sync["result"]["updated"]).len(), 2);
    let next = sync["result"]["cursor"]["next"].as_str().expect("a cursor");
    let (_, sync) = rest.get(&format!("chat.syncMessages?roomId={group}&type=UPDATED&next={next}")).await;
    assert_eq!(texts(&sync["result"]["updated"]), ["before, edited"]);
    let (_, thread) = rest.get(&format!("chat.getThreadMessages?tmid={root}")).await;
    assert_eq!((texts(&thread["messages"]), &thread["total"]), (vec!["reply".to_owned()], &json!(1)));
}

#[tokio::test]
async fn files_go_up_as_the_generation_takes_them() {
    let cases = [(Version::Six, 404, 200), (Version::Seven, 200, 200), (Version::Eight, 200, 404)];
    for (version, two_steps, at_once) in cases {
        let server = RocketChat::start(version);
        let (bot, ann) = (server.person("bot"), server.person("ann"));
        let rid = server.direct(&bot, &ann);
        let rest = Rest::of(&server, &bot);
        let field = ("description", "a picture");
        let (status, answer) = rest.post_file(&format!("rooms.media/{rid}"), "a b.png", "image/png", b"\r\n--x\0", field).await;
        assert_eq!(status, two_steps, "{version:?} {answer}");
        if status == 200 {
            let file = answer["file"]["_id"].as_str().expect("an id").to_owned();
            let confirm = format!("rooms.mediaConfirm/{rid}/{file}");
            let (_, answer) = rest.post(&confirm, json!({ "msg": "look", "description": "a picture" })).await;
            assert_eq!(answer["message"]["file"]["_id"], file.as_str());
            assert_eq!(answer["message"]["attachments"][0]["image_url"], format!("/file-upload/{file}/a%20b.png"));
            assert_eq!(server.file(&file), Some(b"\r\n--x\0".to_vec()));
            // There is no guard against a second time.
            rest.post(&confirm, json!({ "msg": "look" })).await;
            assert_eq!(server.accepted().iter().filter(|message| message.files == [file.clone()]).count(), 2);
            let (status, answer) = rest.post(&confirm, json!({ "_id": MESSAGE_ID })).await;
            assert_eq!((status, answer["error"].as_str()), (400, Some("Match error: Unknown key in field _id")));
            assert_eq!(rest.post(&format!("rooms.mediaConfirm/{rid}/none"), json!({})).await.0, 400);
            let (status, _) = rest.post("rooms.mediaConfirm/none/none", json!({})).await;
            assert_eq!(status, 403);
        }
        let (status, answer) =
            rest.post_file(&format!("rooms.upload/{rid}"), "a.mp3", "audio/mpeg", b"mp3", ("msg", "hear")).await;
        assert_eq!(status, at_once, "{version:?} {answer}");
        if status == 200 {
            assert_eq!(answer["message"]["attachments"][0]["audio_type"], "audio/mpeg");
            assert_eq!(answer["message"]["msg"], "hear");
        }
    }
}

#[tokio::test]
async fn files_come_down_for_those_who_log_in() {
    let (server, storage) = (RocketChat::start(Version::Eight), RocketChat::start(Version::Eight));
    let (bot, ann) = (server.person("bot"), server.person("ann"));
    let rid = server.direct(&bot, &ann);
    let id = server.send_file(&rid, &ann, "see", "notes.txt", "text/plain", b"some notes");
    let message = server.message(&id).expect("a message");
    let path = message["attachments"][0]["title_link"].as_str().expect("a path");
    let rest = Rest::of(&server, &bot);
    let (status, headers, bytes) = rest.page(path).await.expect("an answer");
    assert_eq!((status, &*bytes), (200, &b"some notes"[..]));
    assert_eq!(headers["content-type"], "text/plain");
    assert_eq!(Rest::with(&server, "none", &bot.id).page(path).await.expect("an answer").0, 403);
    let token = server.access_token(&bot);
    let stranger = Rest::with(&server, "none", "none");
    let by_query = stranger.page(&format!("{path}?rc_token={token}&rc_uid={}", bot.id)).await.expect("an answer");
    assert_eq!(by_query.0, 200);
    server.download_at(&storage.url);
    let (status, headers, _) = rest.page(path).await.expect("an answer");
    let elsewhere = headers["location"].to_str().expect("a place");
    assert_eq!((status, elsewhere.starts_with(&storage.url)), (302, true));
    let (_, _, bytes) = stranger.page(&elsewhere[storage.url.len()..]).await.expect("an answer");
    assert_eq!(&*bytes, b"some notes");
}
