//! Tools, called over HTTP on a real gateway.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::control::ControlClient;
use crate::harness::gateway::{Gateway, TOKEN};
use crate::harness::rig::{Rig, said};
use crate::harness::{eventually, until};

async fn invoke(rig: &Rig, status: u16, body: Value) -> Value {
    rig.gateway.expect(status, Method::POST, "/tools/invoke", Some(body)).await
}

#[tokio::test]
async fn a_message_reaches_its_platform_once() {
    let rig = Rig::start(json!({})).await;
    let send = json!({
        "tool": "message", "action": "send",
        "args": { "target": "wxid_ann", "message": "by a tool", "idempotencyKey": "one" }
    });
    let first = invoke(&rig, 200, send.clone()).await;
    let again = invoke(&rig, 200, send.clone()).await;
    let id = |answer: &Value| answer["result"]["details"]["messageId"].clone();
    let is_duplicate = |answer: &Value| answer["result"]["details"]["duplicate"].as_bool().expect("it says so");
    assert_eq!(id(&first), id(&again));
    assert_eq!([&first, &again].map(is_duplicate), [false, true]);
    rig.platform.wait_for_sent(1).await;
    // The same key is another one for another target, in another conversation, and for a client of admin HTTP.
    let mut elsewhere = send.clone();
    elsewhere["args"]["target"] = "wxid_bob".into();
    assert!(!is_duplicate(&invoke(&rig, 200, elsewhere).await));
    rig.platform.wait_for_sent(2).await;
    let mut otherwise = send;
    otherwise["sessionKey"] = "work".into();
    assert!(!is_duplicate(&invoke(&rig, 200, otherwise).await));
    rig.platform.wait_for_sent(3).await;
    let by_hand = json!({ "channel": "socket-chat", "to": "wxid_ann", "text": "by hand", "idempotencyKey": "one" });
    rig.gateway.expect(202, Method::POST, "/admin/messages", Some(by_hand)).await;
    let sent = rig.platform.wait_for_sent(4).await;
    let wanted = ["wxid_ann: by a tool", "wxid_bob: by a tool", "wxid_ann: by a tool", "wxid_ann: by hand"];
    assert_eq!(sent.iter().map(said).collect::<Vec<_>>(), wanted);
}

#[tokio::test]
async fn the_policy_of_the_file_holds_and_follows_it() {
    let settings = json!({ "gateway": { "tools": { "allow": ["sessions_send"], "deny": ["agents_list"] } } });
    let rig = Rig::with(json!({}), settings).await;
    let ask = json!({ "tool": "sessions_send", "args": { "sessionKey": "work", "message": "hello" } });
    let answer = invoke(&rig, 200, ask.clone()).await;
    assert_eq!(answer["result"]["details"]["reply"], "hello");
    invoke(&rig, 404, json!({ "tool": "agents_list" })).await;
    invoke(&rig, 404, json!({ "tool": "exec", "args": { "command": "id" } })).await;
    let seen = until("the session is known", async || {
        let list = invoke(&rig, 200, json!({ "tool": "sessions_list" })).await;
        let sessions = list["result"]["details"]["sessions"].as_array().expect("a list").clone();
        sessions.into_iter().find(|session| session["key"] == "agent:main:work")
    });
    assert_eq!(seen.await["kind"], "other");
    let history = json!({ "tool": "sessions_history", "args": { "sessionKey": "work" } });
    let history = invoke(&rig, 200, history).await;
    let messages = history["result"]["details"]["messages"].as_array().expect("a list").clone();
    assert_eq!(messages.iter().map(|line| line["role"].as_str().expect("a role")).collect::<Vec<_>>(), ["user", "assistant"]);

    // `tools.deny` is for everybody and wins over what HTTP is allowed.
    rig.gateway.change(json!({ "tools": { "deny": ["group:sessions"] } }));
    rig.gateway.signal(nix::sys::signal::Signal::SIGHUP);
    until("the sessions of the agent", async || {
        let (status, _) = rig.gateway.request(Method::POST, "/tools/invoke", Some(ask.clone())).await;
        (status == 404).then_some(())
    })
    .await;
}

/// Nothing of the gateway's own network can be read through it.
#[tokio::test]
async fn the_gateway_does_not_read_itself() {
    let rig = Rig::start(json!({})).await;
    let port = rig.gateway.port();
    for host in ["127.0.0.1", "localhost", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "0"] {
        let body = json!({ "tool": "web_fetch", "args": { "url": format!("http://{host}:{port}/healthz") } });
        let answer = invoke(&rig, 400, body).await;
        assert_eq!((&answer["error"]["type"], &answer["error"]["code"]), (&json!("tool_error"), &json!("forbidden")), "{host}");
    }
}

/// A client that may says it, and the gateway drains, tells everybody and is there again in the same process.
#[tokio::test]
async fn the_gateway_restarts_itself_when_a_tool_asks_for_it() {
    let mut gateway = Gateway::start(json!({})).await;
    let restart = json!({ "tool": "gateway", "action": "restart", "delayMs": 0 });
    gateway.expect(404, Method::POST, "/tools/invoke", Some(restart.clone())).await;
    gateway.change(json!({ "gateway": { "tools": { "allow": ["gateway"] } } }));
    gateway.signal(nix::sys::signal::Signal::SIGHUP);
    let ask = |body: Value| {
        let gateway = &gateway;
        async move { gateway.request(Method::POST, "/tools/invoke", Some(body)).await }
    };
    let status = until("the new policy, and all links", async || {
        let (status, answer) = ask(json!({ "tool": "gateway", "action": "status" })).await;
        (status == 200 && answer["result"]["details"]["ready"] == true).then_some(answer)
    });
    assert_eq!(status.await["result"]["details"]["mcp"], json!([]));

    let (_, shown) = ask(json!({ "tool": "gateway", "action": "config.get" })).await;
    let config = shown["result"]["details"].clone();
    assert!(!shown.to_string().contains(TOKEN) && config["hash"].is_string(), "{shown}");
    let patch = json!({ "tool": "gateway", "action": "config.patch", "raw": "{ session: { historyEntriesMax: 7 } }", "baseHash": config["hash"] });
    let (status, written) = ask(patch.clone()).await;
    assert_eq!((status.as_u16(), &written["result"]["details"]["changed"]), (200, &json!(true)), "{written}");
    let (status, stale) = ask(patch).await;
    assert_eq!((status.as_u16(), &stale["error"]["code"]), (400, &json!("conflict")), "{stale}");
    assert_eq!(gateway.settings()["session"]["historyEntriesMax"], 7);

    let pid = gateway.pid();
    let mut client = ControlClient::connect(&gateway).await;
    let (status, ticket) = ask(restart).await;
    assert_eq!((status.as_u16(), &ticket["result"]["details"]["pid"]), (200, &json!(pid)), "{ticket}");
    client.event("shutdown").await;
    gateway.logged(&["gateway.restarting", "tool gateway"]).await;
    eventually("the next life", || gateway.log().matches("\"event\":\"gateway.listening\"").count() == 2).await;
    gateway.ready("gateway").await;
    assert!(gateway.lives() && gateway.pid() == pid);
}

#[tokio::test]
async fn files_are_for_clients_only_where_they_are_allowed() {
    let rig = Rig::with(json!({}), json!({ "gateway": { "tools": { "allow": ["read", "ls"] } } })).await;
    let workspace = rig.gateway.home().join("callboard");
    std::fs::create_dir_all(&workspace).expect("the workspace");
    std::fs::write(workspace.join("note.txt"), "a note").expect("a note");
    let read = invoke(&rig, 200, json!({ "tool": "read", "args": { "path": "note.txt" } })).await;
    assert_eq!(read["result"]["content"][0]["text"], "a note");
    let out = invoke(&rig, 400, json!({ "tool": "read", "args": { "path": "../.callboard/callboard.json" } })).await;
    assert_eq!(out["error"]["code"], "forbidden");
    for tool in ["write", "edit"] {
        invoke(&rig, 404, json!({ "tool": tool, "args": { "path": "note.txt", "content": "x" } })).await;
    }
}

/// What a sub-agent found comes to the session that asked as a message, also over a crash in between.
#[tokio::test]
async fn a_sub_agents_result_is_announced_to_whoever_asked() {
    let settings = json!({ "gateway": { "tools": { "allow": ["sessions_spawn"] } } });
    let script = r#"
steps:
  - { when: { contains: "has finished" }, do: [{ text: "noted" }] }
  - { when: { equals: count }, do: [{ waitMs: 300 }, { text: "there are 12" }] }
  - { when: { equals: fail }, do: [error: { code: provider_auth, message: no such key }] }
  - do: [echo]
"#;
    let mut rig = Rig::scripted(json!({}), settings, script).await;
    for task in ["count", "fail"] {
        let spawn = json!({ "tool": "sessions_spawn", "args": { "task": task }, "sessionKey": "asker" });
        let answer = invoke(&rig, 200, spawn).await;
        let child = answer["result"]["details"]["childSessionKey"].as_str().expect("a key").to_owned();
        assert!(child.starts_with("agent:main:subagent:"), "{child}");
        // In its name no others are begun.
        invoke(&rig, 404, json!({ "tool": "sessions_spawn", "args": { "task": "more" }, "sessionKey": child })).await;
    }
    rig.gateway.kill();
    rig.gateway.again().await;
    let lines = until("both announcements and their answers", async || {
        let history = json!({ "tool": "sessions_history", "args": { "sessionKey": "asker" } });
        let (status, history) = rig.gateway.request(Method::POST, "/tools/invoke", Some(history)).await;
        let lines = history["result"]["details"]["messages"].as_array().cloned().unwrap_or_default();
        (status == 200 && lines.len() >= 4).then_some(lines)
    })
    .await;
    let text = json!(lines).to_string();
    assert_eq!((lines.len(), text.matches("noted").count()), (4, 2), "{text}");
    assert!(text.contains("there are 12") && text.contains("provider_auth"), "{text}");
}

const SIGHT: &str = r#"
steps:
  - { when: { contains: "has finished" }, do: [{ text: noted }] }
  - { when: { equals: list }, do: [{ tool: { name: sessions_list, args: {} } }, results] }
  - { when: { equals: read }, do: [{ tool: { name: sessions_history, args: { sessionKey: main } } }, results] }
  - { when: { equals: begin }, do: [{ tool: { name: sessions_spawn, args: { task: count } } }, results] }
  - { when: { equals: lend }, do: [{ tool: { name: sessions_spawn, args: { task: count, agentId: other } } }, results] }
  - do: [echo]
"#;

/// Whoever writes to an agent is not thereby whom its other sessions belong to, and no list of tools makes him so.
#[tokio::test]
async fn a_turn_sees_its_own_session_unless_the_settings_say_more() {
    let list = json!([{ "id": "main", "default": true }, { "id": "other" }]);
    let mut gateway = Gateway::prepare(json!({ "agents": { "list": list }, "tools": { "allow": ["*", "sessions_list"] } }));
    gateway.play(SIGHT);
    gateway.again().await;
    gateway.ready("gateway").await;
    let mut client = ControlClient::connect(&gateway).await;
    let mut ask = async |session: &str, message: &str| {
        let key = uuid::Uuid::new_v4().to_string();
        let order = json!({ "message": message, "sessionKey": session, "idempotencyKey": key });
        let id = client.send("agent", order).await;
        client.answer(&id).await.expect("accepted");
        let end = client.answer(&id).await.expect("an answer");
        end["result"]["payloads"][0]["text"].as_str().expect("a text").to_owned()
    };
    for session in ["main", "work"] {
        assert_eq!(ask(session, "hello").await, "hello");
    }
    let own = ask("work", "list").await;
    assert!(own.contains("agent:main:work") && !own.contains("agent:main:main"), "{own}");
    let refused = ask("work", "read").await;
    assert!(refused.contains("`tools.sessions.visibility`") && !refused.contains("hello"), "{refused}");
    let refused = ask("work", "lend").await;
    assert!(refused.contains("`agentId` is another agent"), "{refused}");
    // The main session is that of all direct chats together, and no more than they.
    let own = ask("main", "list").await;
    assert!(own.contains("agent:main:main") && !own.contains("agent:main:work"), "{own}");

    assert!(ask("work", "begin").await.contains("accepted"));
    until("the sub-agent's result", async || {
        let history = json!({ "tool": "sessions_history", "args": { "sessionKey": "work" } });
        let answer = gateway.expect(200, Method::POST, "/tools/invoke", Some(history)).await;
        answer.to_string().contains("noted").then_some(())
    })
    .await;
    let own = ask("work", "list").await;
    assert!(own.contains("agent:main:subagent:") && !own.contains("agent:main:main"), "{own}");

    gateway.change(json!({ "tools": { "sessions": { "visibility": "agent" } } }));
    gateway.signal(nix::sys::signal::Signal::SIGHUP);
    until("the new policy", async || ask("work", "list").await.contains("agent:main:main").then_some(())).await;

    let lend =
        json!({ "list": [{ "id": "main", "default": true, "subagents": { "allowAgents": ["other"] } }, { "id": "other" }] });
    gateway.change(json!({ "tools": { "sessions": { "visibility": "self" } }, "agents": lend }));
    gateway.signal(nix::sys::signal::Signal::SIGHUP);
    until("its own session alone", async || {
        let own = ask("work", "list").await;
        (own.contains("agent:main:work") && !own.contains("agent:main:subagent:") && !own.contains("agent:main:main"))
            .then_some(())
    })
    .await;
    let begun = ask("work", "lend").await;
    assert!(begun.contains("accepted") && begun.contains("agent:other:subagent:"), "{begun}");
}

#[tokio::test]
async fn of_many_sub_agents_begun_at_once_only_so_many_are() {
    let mut gateway = Gateway::prepare(json!({ "gateway": { "tools": { "allow": ["sessions_spawn"] } } }));
    gateway.play("steps:\n  - do: [{ waitMs: 60000 }, { text: late }]\n");
    gateway.again().await;
    gateway.ready("gateway").await;
    let spawn = || Some(json!({ "tool": "sessions_spawn", "args": { "task": "sleep" } }));
    let calls = (0..48).map(|_| gateway.request(Method::POST, "/tools/invoke", spawn()));
    let answers = futures_util::future::join_all(calls).await;
    let of = |wanted: u16| answers.iter().filter(|(status, _)| status.as_u16() == wanted).count();
    assert_eq!((of(200), of(429)), (32, 16));
}
