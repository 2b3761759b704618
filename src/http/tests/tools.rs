//! Tools, called by clients.

use callboard_actors::agent::{HTTP_DENIED, ToolNames, ToolPolicy};
use callboard_actors::channel::Account;
use callboard_actors::message::{AskError, Delta, Entry, Role, RunId, SessionKey, TurnFailure, Usage};
use callboard_actors::message::{Code, LinkState, LinkStatus};
use callboard_actors::ports::{SessionRow, SessionTraits, StoreError};
use serde_json::{Value, json};

use super::client::{Answer, TOKEN, get, head, post, raw, request};
use super::doubles::OutboxEnd;
use super::rig::Rig;

const PATH: &str = "/tools/invoke";

async fn invoke(rig: &Rig, body: Value) -> Answer {
    post(rig.at, PATH, &body.to_string()).await
}

fn refusal(answer: &Answer, status: u16, kind: &str, code: &str) -> String {
    assert_eq!(answer.status, status, "{}", answer.body);
    let body = answer.json();
    assert_eq!((&body["ok"], &body["error"]["type"], &body["error"]["code"]), (&json!(false), &json!(kind), &json!(code)));
    body["error"]["message"].as_str().unwrap().to_owned()
}

fn row(key: &str, updated_ms: i64) -> SessionRow {
    SessionRow {
        key: SessionKey::new(key),
        id: uuid::Uuid::nil(),
        updated_ms,
        entries: 2,
        usage: Usage::tokens(3, 4),
        compactions: 0,
        reply_to: None,
        traits: SessionTraits { label: Some("mine".into()), ..SessionTraits::default() },
    }
}

#[actix_web::test]
async fn statuses_are_those_of_the_reference() {
    let rig = Rig::new().await;
    let answer = invoke(&rig, json!({ "tool": "agents_list" })).await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!((&body["ok"], &body["result"]["content"][0]["type"]), (&json!(true), &json!("text")));
    assert_eq!(body["result"]["details"]["agents"], json!([{ "id": "main", "default": true }]));
    let text: Value = serde_json::from_str(body["result"]["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, body["result"]["details"]);

    // The body itself is wrong.
    let wrong = [
        (json!({}), "tool"),
        (json!({ "tool": " " }), "tool"),
        (json!({ "tool": 1 }), "tool"),
        (json!({ "tool": "message", "args": [] }), "args"),
        (json!({ "tool": "message", "action": 1 }), "action"),
        (json!({ "tool": "message", "dryRun": "yes" }), "dryRun"),
        (json!({ "tool": "message", "sessionKey": 5 }), "sessionKey"),
        (json!({ "tool": "message", "sessionKey": "x".repeat(300) }), "sessionKey"),
        (json!({ "tool": "message", "agentId": "nobody" }), "agentId"),
        (json!({ "tool": "message", "sessionKey": "agent:nobody:main" }), "sessionKey"),
        (json!({ "tool": "message", "agentId": "main", "sessionKey": "agent:ops:main" }), "agentId"),
    ];
    for (body, param) in wrong {
        let error = invoke(&rig, body.clone()).await.error(400, "invalid_request");
        assert_eq!((&error["param"], &error["type"]), (&json!(param), &json!("invalid_request_error")), "{body}");
    }
    assert_eq!(invoke(&rig, json!({})).await.error(400, "invalid_request")["message"], "tools.invoke requires body.tool");
    for bad in ["", "{", "[]", "7"] {
        post(rig.at, PATH, bad).await.error(400, "invalid_request");
    }

    // The tool does not take it like this.
    let faults = [
        (json!({ "tool": "message", "args": { "to": 5 } }), "invalid_request", "args.to"),
        (json!({ "tool": "message", "args": { "to": "peer:1", "shout": true } }), "invalid_request", "shout"),
        (json!({ "tool": "message", "action": "shout", "args": { "to": "peer:1" } }), "invalid_request", "args.action"),
        (json!({ "tool": "message", "action": "react", "args": { "messageId": "7" } }), "invalid_request", "`emoji`"),
        (
            json!({ "tool": "message", "action": "react", "args": { "emoji": "", "remove": true } }),
            "invalid_request",
            "`remove`",
        ),
        (
            json!({ "tool": "message", "action": "edit", "args": { "to": "peer:1", "messageId": "7" } }),
            "invalid_request",
            "`message`",
        ),
        (
            json!({ "tool": "message", "action": "delete", "args": { "messageId": "x".repeat(300) } }),
            "invalid_request",
            "messageId",
        ),
        (json!({ "tool": "message" }), "invalid_request", "`target` is required"),
        (json!({ "tool": "web_fetch", "args": { "url": "http://127.0.0.1/" } }), "forbidden", "blocked"),
        (
            json!({ "tool": "web_fetch", "args": { "url": "http://x.test/", "headers": { "a": "b" } } }),
            "invalid_request",
            "headers",
        ),
        (json!({ "tool": "sessions_history", "args": { "sessionKey": "agent:nobody:x" } }), "not_found", "agent"),
        (json!({ "tool": "session_status" }), "not_found", "nobody has spoken"),
    ];
    for (body, code, told) in faults {
        let message = refusal(&invoke(&rig, body.clone()).await, 400, "tool_error", code);
        assert!(message.contains(told), "{body}: {message}");
    }

    // There is no such tool, or not here: both look alike.
    for tool in ["nope", "sessions_send", "exec", "../message"] {
        let message = refusal(&invoke(&rig, json!({ "tool": tool })).await, 404, "not_found", "not_found");
        assert_eq!(message, format!("Tool not available: {tool}"));
    }

    request(rig.at, "POST", PATH, &[], "{}").await.error(401, "unauthorized");
    // A wrong method is said before anybody is asked who they are.
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        let answer = request(rig.at, method, PATH, &[], "").await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
    }
    rig.change(|settings| settings.tools_invoke_enabled = false);
    invoke(&rig, json!({ "tool": "agents_list" })).await.error(404, "not_found");
    rig.stop().await;
}

/// What the gateway cannot do now is not the client's fault, and may be tried again.
#[actix_web::test]
async fn a_gateway_that_cannot_do_it_now_says_so() {
    let rig = Rig::new().await;
    rig.channels.add("default", true);
    let send = json!({ "tool": "message", "args": { "to": "peer:1", "message": "hi" } });
    *rig.store.full.lock().unwrap() = Some(StoreError::Unavailable { reason: "the disk is full".into() });
    let answer = invoke(&rig, send).await;
    refusal(&answer, 503, "tool_error", "store_unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    rig.stop().await;
}

#[actix_web::test]
async fn bodies_up_to_two_mebibytes_are_read_and_no_larger_one() {
    let rig = Rig::new().await;
    let body = |bytes: usize| {
        let frame = json!({ "tool": "agents_list", "x": "" }).to_string().len();
        json!({ "tool": "agents_list", "x": "y".repeat(bytes - frame) }).to_string()
    };
    assert_eq!(post(rig.at, PATH, &body(2 * 1024 * 1024)).await.status, 200);
    post(rig.at, PATH, &body(2 * 1024 * 1024 + 1)).await.error(413, "too_large");
    // Without a declared length it shows only on the way; what is beyond the bound is not kept.
    let headers = [("authorization", &*format!("Bearer {TOKEN}")), ("transfer-encoding", "chunked")];
    let mut chunked = head(rig.at, "POST", PATH, &headers, "").into_bytes();
    for _ in 0..64 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&[b'x'; 0x10000]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    raw(rig.at, &chunked).await.error(413, "too_large");
    rig.stop().await;
}

#[actix_web::test]
async fn a_guesser_is_told_to_wait() {
    let rig = Rig::with(callboard_actors::core::Clock::system(), |settings| settings.failed_auth_burst = 2).await;
    for status in [401, 401, 429] {
        let answer = request(rig.at, "POST", PATH, &[("authorization", "Bearer wrong")], "{}").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("retry-after").is_some(), status == 429);
    }
    rig.stop().await;
}

#[actix_web::test]
async fn one_policy_with_more_kept_from_http() {
    let rig = Rig::new().await;
    let status = async |tool: &str| invoke(&rig, json!({ "tool": tool, "dryRun": true })).await.status;
    let set = |policy: ToolPolicy| rig.policy.turn(|now| *now = policy);
    for tool in HTTP_DENIED {
        assert_eq!(status(tool).await, 404, "{tool}");
    }
    set(ToolPolicy { http_allow: ToolNames::new(["sessions_send"]), ..ToolPolicy::default() });
    assert_eq!(status("sessions_send").await, 400, "it is there, and its arguments are missing");
    set(ToolPolicy { http_deny: ToolNames::new(["agents_list"]), ..ToolPolicy::default() });
    assert_eq!(status("agents_list").await, 404);
    set(ToolPolicy { deny: ToolNames::new(["agents_*"]), http_allow: ToolNames::new(["*"]), ..ToolPolicy::default() });
    assert_eq!(status("agents_list").await, 404);
    set(ToolPolicy { allow: Some(ToolNames::new(["group:web"])), ..ToolPolicy::default() });
    assert_eq!((status("agents_list").await, status("web_fetch").await), (404, 400));
    rig.stop().await;
}

#[actix_web::test]
async fn arguments_may_stand_beside_the_tool() {
    let rig = Rig::new().await;
    rig.channels.add("default", true);
    let cases = [
        (json!({ "args": { "to": "peer:1" }, "action": "send" }), json!({ "to": "peer:1", "action": "send" })),
        // What stands among the arguments wins; what the tool does not take is left out.
        (
            json!({ "args": { "to": "peer:1" }, "to": "peer:2", "text": "x", "other": 1 }),
            json!({ "to": "peer:1", "text": "x" }),
        ),
        (json!({ "to": "peer:2", "args": null }), json!({ "to": "peer:2" })),
    ];
    for (body, args) in cases {
        let mut body = body;
        body["tool"] = json!("message");
        body["dryRun"] = json!(true);
        let answer = invoke(&rig, body.clone()).await.json();
        assert_eq!(answer["result"]["details"], json!({ "dryRun": true, "tool": "message", "args": args }), "{body}");
    }
    // A tool without an action is not given one.
    let answer = invoke(&rig, json!({ "tool": "agents_list", "action": "json" })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(rig.store.outbox.lock().unwrap().is_empty(), "a dry run does nothing");
    rig.stop().await;
}

#[actix_web::test]
async fn a_message_is_durable_before_it_is_answered() {
    let rig = Rig::new().await;
    rig.channels.add("default", true);
    rig.channels.add("second", true);
    let send = |args: Value| json!({ "tool": "message", "action": "send", "args": args });
    let answer = invoke(&rig, send(json!({ "target": "peer:7", "message": "one. two.", "idempotencyKey": "k" }))).await;
    let details = answer.json()["result"]["details"].clone();
    assert_eq!((&details["state"], &details["accountId"]), (&json!("queued"), &json!("default")));
    let rows = rig.store.outbox.lock().unwrap().clone();
    assert_eq!(rows.iter().map(|row| row.outbound.text.as_str()).collect::<Vec<_>>(), ["one.", "two."]);
    assert_eq!(details["messageId"], rows[0].id.to_string());
    assert_eq!(*rig.switchboard.woken.lock().unwrap(), ["socket-chat:default"]);
    // The same key sends nothing twice, by whichever way it comes.
    let again = invoke(&rig, send(json!({ "to": "peer:7", "text": "one. two.", "idempotencyKey": "k" }))).await.json();
    assert_eq!(again["result"]["details"]["messageId"], rows[0].id.to_string());
    assert_eq!(rig.store.outbox.lock().unwrap().len(), 2);

    rig.channels.set_link("default", LinkStatus::plain(LinkState::Up));
    *rig.store.sent.lock().unwrap() = OutboxEnd::Sent;
    let sent = invoke(&rig, send(json!({ "to": "peer:7", "text": "three" }))).await.json();
    assert_eq!(sent["result"]["details"]["state"], "sent");
    *rig.store.sent.lock().unwrap() = OutboxEnd::Dead;
    refusal(&invoke(&rig, send(json!({ "to": "peer:7", "text": "four" }))).await, 400, "tool_error", "refused");

    let cases = [
        (json!({ "to": "peer:7" }), "invalid_request", "`message`"),
        (json!({ "to": "peer:7", "media": "file:///etc/passwd" }), "invalid_request", "`media`"),
        (json!({ "to": "nobody", "text": "x" }), "invalid_target", "peer:<id>"),
        (json!({ "to": "peer:7", "text": "x", "channel": "pigeon" }), "not_found", "pigeon"),
        (json!({ "to": "peer:7", "text": "x", "accountId": "third" }), "not_found", "third"),
        (json!({ "to": "peer:7", "text": "word. ".repeat(2_000) }), "invalid_request", "2000 messages"),
    ];
    let before = rig.store.outbox.lock().unwrap().len();
    for (args, code, told) in cases {
        let message = refusal(&invoke(&rig, send(args.clone())).await, 400, "tool_error", code);
        assert!(message.contains(told), "{args}: {message}");
    }
    assert_eq!(rig.store.outbox.lock().unwrap().len(), before, "what is refused is refused as a whole");
    rig.stop().await;
}

#[actix_web::test]
async fn headers_say_which_conversation_it_is_for() {
    let rig = Rig::new().await;
    rig.channels.add("default", true);
    rig.channels.add("second", true);
    let body = json!({ "tool": "message", "args": { "to": "peer:7", "text": "x" } }).to_string();
    let bearer = format!("Bearer {TOKEN}");
    for name in ["callboard", "clawdbot", "moltbot", "openclaw"] {
        let (channel, account) = (format!("x-{name}-message-channel"), format!("x-{name}-account-id"));
        let headers = [("authorization", &*bearer), (&*channel, "Socket-Chat"), (&*account, "second")];
        let answer = request(rig.at, "POST", PATH, &headers, &body).await.json();
        assert_eq!(answer["result"]["details"]["accountId"], "second", "{answer}");
    }
    // Its own integration named again is the same conversation; beside another one, its login is not meant.
    let named = json!({ "tool": "message", "args": { "to": "peer:7", "text": "x", "channel": "Socket-chat" } }).to_string();
    let headers =
        [("authorization", &*bearer), ("x-callboard-message-channel", "socket-chat"), ("x-callboard-account-id", "second")];
    let answer = request(rig.at, "POST", PATH, &headers, &named).await.json();
    assert_eq!(answer["result"]["details"]["accountId"], "second", "{answer}");
    let named = named.replace("Socket-chat", "socket-chat");
    let headers = [("authorization", &*bearer), ("x-callboard-message-channel", "other"), ("x-callboard-account-id", "second")];
    let answer = request(rig.at, "POST", PATH, &headers, &named).await.json();
    assert_eq!(answer["result"]["details"]["accountId"], "default", "{answer}");
    let headers = [("authorization", &*bearer), ("x-callboard-agent-id", "nobody")];
    request(rig.at, "POST", PATH, &headers, &body).await.error(400, "invalid_request");
    rig.stop().await;
}

#[actix_web::test]
async fn sessions_are_listed_and_shown() {
    let rig = Rig::new().await;
    let now_ms = rig.clock.now_ms();
    let rows = [
        row("agent:main:main", now_ms),
        row("agent:main:socket-chat:group:9", now_ms - 3_600_000),
        row("agent:main:cron:nightly", now_ms - 7_200_000),
    ];
    rig.store.sessions.lock().unwrap().extend(rows);
    let keys = async |args: Value| {
        let body = invoke(&rig, json!({ "tool": "sessions_list", "args": args })).await.json();
        let sessions = body["result"]["details"]["sessions"].as_array().unwrap().clone();
        sessions.iter().map(|session| session["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys(json!({})).await, ["main", "group", "cron"]);
    assert_eq!(keys(json!({ "limit": 2 })).await, ["main", "group"]);
    assert_eq!(keys(json!({ "activeMinutes": 90 })).await, ["main", "group"]);
    assert_eq!(keys(json!({ "kinds": ["cron", "hook"] })).await, ["cron"]);
    refusal(
        &invoke(&rig, json!({ "tool": "sessions_list", "args": { "limit": 0 } })).await,
        400,
        "tool_error",
        "invalid_request",
    );

    for key in [None, Some("main"), Some("agent:main:main")] {
        let body = json!({ "tool": "session_status", "sessionKey": key });
        let details = invoke(&rig, body).await.json()["result"]["details"].clone();
        assert_eq!((&details["key"], &details["totalTokens"]), (&json!("agent:main:main"), &json!(7)));
        assert_eq!(details["settings"], json!({ "label": "mine" }));
    }
    rig.stop().await;
}

#[actix_web::test]
async fn history_is_shown_newest_within_its_bound() {
    let rig = Rig::new().await;
    let line = |role, text: String| Entry { role, text, media: Vec::new(), run: RunId::new(), at_ms: 7, rounds: Vec::new() };
    let lines = [line(Role::User, "q".into()), line(Role::Tool, "t".into()), line(Role::Assistant, "a".into())];
    rig.store.lines.lock().unwrap().extend(lines);
    let history = async |args: Value| {
        let body = invoke(&rig, json!({ "tool": "sessions_history", "args": args })).await.json();
        body["result"]["details"]["messages"].as_array().unwrap_or_else(|| panic!("{body}")).clone()
    };
    let texts = |messages: &[Value]| -> Vec<String> {
        messages.iter().map(|message| message["content"][0]["text"].as_str().unwrap().to_owned()).collect()
    };
    let shown = history(json!({ "sessionKey": "main" })).await;
    assert_eq!(shown[0], json!({ "role": "user", "content": [{ "type": "text", "text": "q" }], "timestamp": 7 }));
    assert_eq!(texts(&shown), ["q", "a"]);
    assert_eq!(texts(&history(json!({ "sessionKey": "main", "includeTools": true })).await), ["q", "t", "a"]);
    assert_eq!(texts(&history(json!({ "sessionKey": "main", "limit": 1 })).await), ["a"]);
    let long = [line(Role::User, "u".repeat(200 * 1024)), line(Role::Assistant, "v".repeat(100 * 1024))];
    rig.store.lines.lock().unwrap().extend(long);
    let lens: Vec<_> = texts(&history(json!({ "sessionKey": "main" })).await).iter().map(String::len).collect();
    assert_eq!(lens, [156 * 1024, 100 * 1024]);
    rig.stop().await;
}

#[actix_web::test]
async fn another_session_is_asked_where_that_is_allowed() {
    let rig = Rig::new().await;
    let allowed = ToolPolicy { http_allow: ToolNames::new(["sessions_send"]), ..ToolPolicy::default() };
    rig.policy.turn(|now| *now = allowed);
    let send = json!({ "tool": "sessions_send", "args": { "sessionKey": "work", "message": "hello there" } });
    let details = invoke(&rig, send.clone()).await.json()["result"]["details"].clone();
    assert_eq!((&details["reply"], &details["sessionKey"]), (&json!("hello there"), &json!("agent:main:work")));
    assert_eq!(rig.switchboard.asked.lock().unwrap()[0].session.as_str(), "agent:main:work");
    rig.play(|_| vec![Delta::Failed(TurnFailure { code: Code::ProviderAuth, message: "no key".into() })]);
    assert_eq!(refusal(&invoke(&rig, send.clone()).await, 400, "tool_error", "provider_auth"), "no key");
    *rig.switchboard.play.lock().unwrap() = Box::new(|_| Err(AskError::Overloaded));
    refusal(&invoke(&rig, send).await, 429, "tool_error", "overloaded");
    rig.stop().await;
}

#[actix_web::test]
async fn a_session_that_does_not_answer_is_not_waited_for() {
    let mut rig = Rig::new().await;
    let allowed = ToolPolicy { http_allow: ToolNames::new(["*"]), ..ToolPolicy::default() };
    rig.policy.turn(|now| *now = allowed);
    rig.play(|_| vec![]);
    let args = json!({ "sessionKey": "work", "message": "x", "timeoutSeconds": 1 });
    refusal(&invoke(&rig, json!({ "tool": "sessions_send", "args": args })).await, 400, "tool_error", "timeout");
    tokio::time::timeout(std::time::Duration::from_secs(10), rig.gone.recv()).await.expect("its turn is ended");
    rig.stop().await;
}

#[actix_web::test]
async fn a_channel_has_to_be_named_where_there_are_several() {
    let rig = Rig::new().await;
    let send = json!({ "tool": "message", "args": { "to": "peer:1", "text": "x" } });
    let message = refusal(&invoke(&rig, send.clone()).await, 400, "tool_error", "invalid_request");
    assert!(message.contains("no channel is configured"), "{message}");
    rig.channels.add("default", true);
    // The built-in way of control clients is none of them.
    let mut other: Account = rig.channels.accounts.lock().unwrap()[0].clone();
    other.key = callboard_actors::channel::webchat::default_account();
    rig.channels.accounts.lock().unwrap().push(other.clone());
    assert_eq!(invoke(&rig, send.clone()).await.status, 200);
    other.key = callboard_actors::message::AccountKey::new("pigeon", "default");
    rig.channels.accounts.lock().unwrap().push(other);
    let message = refusal(&invoke(&rig, send).await, 400, "tool_error", "invalid_request");
    assert!(message.contains("socket-chat, pigeon"), "{message}");
    rig.channels.accounts.lock().unwrap().clear();
    rig.channels.add("off", false);
    let send = json!({ "tool": "message", "args": { "to": "peer:1", "text": "x" } });
    refusal(&invoke(&rig, send).await, 400, "tool_error", "conflict");
    assert_eq!(get(rig.at, "/healthz").await.status, 200);
    rig.stop().await;
}
