//! The stand-in itself: its REST interface, and what a test has it do wrong.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::harness::mochat::{ALICE, BOT, Mochat, TOKEN};

/// A caller of the REST interface.
struct Caller {
    client: Client,
    url: String,
}

impl Caller {
    fn of(platform: &Mochat) -> Self {
        Self { client: Client::new(), url: platform.url.clone() }
    }

    async fn post(&self, token: &str, route: &str, body: Value) -> Result<(StatusCode, Value), reqwest::Error> {
        let request = self.client.post(format!("{}/api/claw/{route}", self.url)).header("X-Claw-Token", token).json(&body);
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    async fn data(&self, route: &str, body: Value) -> Value {
        let (status, answer) = self.post(TOKEN, route, body).await.expect("an answer");
        assert!(status.is_success() && answer["code"] == 200, "{route}: {status} {answer}");
        answer["data"].clone()
    }
}

#[tokio::test]
async fn an_agent_registers_binds_its_owner_and_changes_its_token() {
    let platform = Mochat::start().await;
    let caller = Caller::of(&platform);
    let agent = caller.data("agents/selfRegister", json!({ "name": "Helper" })).await;
    let token = agent["token"].as_str().expect("a token").to_owned();
    assert!(token.starts_with("claw_") && token.len() == 53);
    let call = async |token: &str, route: &str, body: Value| caller.post(token, route, body).await.expect("an answer");
    assert_eq!(call(&token, "agents/owner", json!({})).await.1["data"]["owner"], Value::Null);
    let (status, bad) = call(&token, "agents/bind", json!({ "email": "nobody", "greeting_msg": "Hi" })).await;
    assert_eq!((status.as_u16(), &bad["message"]), (442, &json!("email is invalid")));
    let bind = json!({ "email": "alice@example.com", "greeting_msg": "Hi" });
    let (_, bound) = call(&token, "agents/bind", bind.clone()).await;
    assert_eq!(bound["data"]["ownerUserId"], ALICE);
    let (_, again) = call(&token, "agents/bind", bind).await;
    assert_eq!(again["data"]["sessionId"], bound["data"]["sessionId"]);
    assert_eq!(platform.sent().await.len(), 2, "a greeting each");
    let (_, rotated) = call(&token, "agents/rotateToken", json!({ "botUserId": agent["botUserId"] })).await;
    assert_eq!(call(&token, "agents/owner", json!({})).await.0.as_u16(), 401);
    let token = rotated["data"]["token"].as_str().expect("a token").to_owned();
    assert_eq!(call(&token, "agents/owner", json!({})).await.1["data"]["owner"]["email"], "alice@example.com");
}

#[tokio::test]
async fn sessions_and_panels_are_listed_read_watched_and_written_to() {
    let platform = Mochat::start().await;
    let caller = Caller::of(&platform);
    platform.session("session_1").await;
    platform.panel("panel_1").await;
    platform.order("panel", json!({ "panelId": "folder", "type": 1 })).await;
    assert_eq!(caller.data("sessions/list", json!({})).await["sessions"][0]["sessionId"], "session_1");
    assert_eq!(caller.data("groups/get", json!({})).await["panels"].as_array().map(Vec::len), Some(2));
    let first = platform.say(json!({ "sessionId": "session_1", "content": "one" })).await;
    let sent = json!({ "sessionId": "session_1", "content": "two", "replyTo": first });
    let sent = caller.data("sessions/send", sent).await["message"].clone();
    assert_eq!(sent["author"], BOT);
    let page = caller.data("sessions/messages", json!({ "sessionId": "session_1", "limit": 1 })).await;
    assert_eq!((&page["messages"][0]["messageId"], &page["nextCursor"]), (&sent["messageId"], &sent["messageId"]));
    let watched = caller.data("sessions/watch", json!({ "sessionId": "session_1", "cursor": 1 })).await;
    assert_eq!((&watched["cursor"], &watched["events"][0]["payload"]["content"]), (&json!(2), &json!("two")));
    let idle = caller.data("sessions/watch", json!({ "sessionId": "session_1", "cursor": 2, "timeoutMs": 20 })).await;
    assert_eq!((&idle["cursor"], &idle["events"]), (&json!(2), &json!([])));
    let watch = caller.data("sessions/watch", json!({ "sessionId": "session_1", "cursor": 2 }));
    let say = async {
        crate::harness::until("the watch", async || (platform.happened("rest sessions/watch").await == 3).then_some(())).await;
        platform.say(json!({ "sessionId": "session_1", "content": "three" })).await;
    };
    let (woken, ()) = tokio::join!(watch, say);
    assert_eq!(woken["events"][0]["payload"]["content"], "three");
    caller.data("groups/panels/send", json!({ "panelId": "panel_1", "content": "to all" })).await;
    assert_eq!(
        caller.data("groups/panels/messages", json!({ "panelId": "panel_1" })).await["messages"][0]["content"],
        "to all"
    );
    for (route, body) in [
        ("sessions/send", json!({ "sessionId": "session_9", "content": "x" })),
        ("groups/panels/send", json!({ "panelId": "folder", "content": "x" })),
        ("nothing/here", json!({})),
    ] {
        assert_eq!(caller.post(TOKEN, route, body).await.expect("an answer").0.as_u16(), 404, "{route}");
    }
    let empty = json!({ "sessionId": "session_1", "content": "" });
    assert_eq!(caller.post(TOKEN, "sessions/send", empty).await.expect("an answer").0.as_u16(), 422);
}

#[tokio::test]
async fn faults_come_as_often_as_a_test_wants_and_only_where() {
    let platform = Mochat::start().await;
    let caller = Caller::of(&platform);
    platform.session("session_1").await;
    let send = json!({ "sessionId": "session_1", "content": "x" });
    let try_send = async || caller.post(TOKEN, "sessions/send", send.clone()).await;
    let add = async |mut fault: Value| {
        fault["route"] = json!("sessions/send");
        fault["times"] = json!(1);
        platform.fault(fault).await;
    };
    let sent = async || platform.sent().await.len();
    // Refused: nothing is done.
    for (fault, status) in [
        (json!({ "kind": "status", "status": 500 }), 500),
        (json!({ "kind": "status", "status": 429, "retryAfter": 3 }), 429),
        (json!({ "kind": "html", "status": 502 }), 502),
        (json!({ "kind": "code", "code": 500 }), 200),
        (json!({ "kind": "redirect", "location": "http://127.0.0.1:9/" }), 0),
        (json!({ "kind": "cut" }), 0),
    ] {
        add(fault.clone()).await;
        caller.data("sessions/list", json!({})).await;
        match try_send().await {
            Ok((got, answer)) => assert!(got.as_u16() == status && answer["code"] != 200, "{fault}: {answer}"),
            Err(_) => assert_eq!(status, 0, "{fault}"),
        }
        assert_eq!(sent().await, 0, "{fault}");
    }
    // Committed: only the answer is lost.
    add(json!({ "kind": "commit-cut" })).await;
    assert!(try_send().await.is_err());
    assert_eq!(sent().await, 1);
    add(json!({ "kind": "commit-500" })).await;
    assert_eq!(try_send().await.expect("an answer").0.as_u16(), 500);
    assert_eq!(sent().await, 2);
    // Silent.
    add(json!({ "kind": "hang" })).await;
    assert!(tokio::time::timeout(Duration::from_millis(100), try_send()).await.is_err());
    platform.set(json!({ "ratePerMinute": 1 })).await;
    let (first, second) = (try_send().await.expect("an answer").0, try_send().await.expect("an answer").0);
    assert!(first.as_u16() == 429 || second.as_u16() == 429);
    platform.heal().await;
    assert_eq!(try_send().await.expect("an answer").0.as_u16(), 200);
}
