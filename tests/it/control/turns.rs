//! Turns that control clients order, and the sessions they stand in.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::harness::control::ControlClient;
use crate::harness::gateway::{Gateway, merge};
use crate::harness::rig::{Rig, all_said};
use crate::harness::socket_platform::direct;
use crate::harness::until;

/// Says two words; lingers a moment; waits for ever in the middle of a sentence when asked to be slow; echoes all else.
const SCRIPT: &str = "
steps:
  - when: { contains: slow }
    times: 1000
    do:
      - text: 'I am th'
      - waitMs: 600000
      - text: 'inking'
  - when: { contains: words }
    times: 1000
    do:
      - text: 'two '
      - text: 'words'
  - when: { contains: linger }
    times: 1000
    do:
      - waitMs: 200
      - echo
  - times: 1000
    do: [echo]
";

async fn scripted() -> Gateway {
    let mut gateway = Gateway::prepare(json!({}));
    gateway.play(SCRIPT);
    gateway.again().await;
    gateway
}

fn text_of(frame: &Value) -> &str {
    frame["payload"]["message"]["content"][0]["text"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn one_agent_call_is_told_in_the_order_of_the_protocol() {
    let gateway = scripted().await;
    let mut client = ControlClient::connect(&gateway).await;
    let order = json!({ "message": "words please", "idempotencyKey": "k1", "sessionKey": "main", "timeout": 60 });
    let id = client.send("agent", order.clone()).await;
    let mut seen = Vec::new();
    let done = loop {
        let own = |frame: &Value| frame["id"] == id.as_str() || frame["payload"]["runId"] == "k1";
        let frame = client.until(own).await;
        if frame["type"] == "res" && frame["payload"]["status"] != "accepted" {
            break frame;
        }
        let payload = &frame["payload"];
        seen.push(match frame["event"].as_str() {
            None => "accepted".to_owned(),
            Some("agent") if payload["stream"] == "lifecycle" => payload["data"]["phase"].as_str().expect("a phase").to_owned(),
            Some("agent") => payload["stream"].as_str().expect("a stream").to_owned(),
            Some(_) => format!("chat {}", payload["state"].as_str().expect("a state")),
        });
        if frame["type"] == "event" {
            assert_eq!(payload["sessionKey"], "main", "events carry the key as the client spelled it: {frame}");
        }
    };
    let place = |name: &str| seen.iter().position(|seen| seen == name).unwrap_or_else(|| panic!("no {name} in {seen:?}"));
    assert_eq!(seen.first().map(String::as_str), Some("accepted"), "{seen:?}");
    assert!(place("start") < place("assistant") && place("assistant") < place("end"), "{seen:?}");
    assert_eq!(seen.last().map(String::as_str), Some("chat final"), "{seen:?}");
    let payload = &done["payload"];
    assert_eq!((&payload["status"], &payload["summary"]), (&json!("ok"), &json!("completed")), "{done}");
    assert_eq!(payload["result"]["payloads"], json!([{ "text": "two words", "mediaUrl": null }]));
    assert_eq!(payload["result"]["meta"]["aborted"], json!(false));
    assert_eq!(payload["result"]["meta"]["agentMeta"]["provider"], json!("play"), "{done}");
    // The same key again is answered with what is stored, once.
    let again = client.call("agent", order).await.expect("it is known");
    assert_eq!(again["result"]["payloads"][0]["text"], json!("two words"), "{again}");
    let waited = client.call("agent.wait", json!({ "runId": "k1" })).await.expect("it is over");
    assert_eq!(waited["status"], json!("ok"), "{waited}");
    let unknown = client.call("agent.wait", json!({ "runId": "nobody", "timeoutMs": 10 })).await.expect("a timeout");
    assert_eq!(unknown, json!({ "runId": "nobody", "status": "timeout" }));
}

#[tokio::test]
async fn a_key_is_one_turn_over_a_restart_of_the_process() {
    let mut gateway = scripted().await;
    let mut client = ControlClient::connect(&gateway).await;
    let order = json!({ "message": "words", "idempotencyKey": "k1" });
    let id = client.send("agent", order.clone()).await;
    assert_eq!(client.answer(&id).await.expect("accepted")["status"], "accepted");
    assert_eq!(client.answer(&id).await.expect("done")["status"], "ok");
    let said = json!({ "sessionKey": "main", "message": "hello", "idempotencyKey": "k2" });
    assert_eq!(client.call("chat.send", said.clone()).await.expect("started")["status"], "started");
    client.until(|frame| frame["payload"]["runId"] == "k2" && frame["payload"]["state"] == "final").await;
    gateway.kill();
    gateway.again().await;
    let mut client = ControlClient::connect(&gateway).await;
    let again = client.call("agent", order).await.expect("it is known");
    assert_eq!(again["result"]["payloads"][0]["text"], json!("two words"), "{again}");
    assert_eq!(client.call("chat.send", said).await.expect("it is known")["status"], "ok");
    let history = client.call("chat.history", json!({ "sessionKey": "main" })).await.expect("lines");
    let told: Vec<(&str, &str)> = history["messages"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|line| (line["role"].as_str().expect("a role"), line["content"][0]["text"].as_str().expect("a text")))
        .collect();
    assert_eq!(told, [("user", "words"), ("assistant", "two words"), ("user", "hello"), ("assistant", "hello")]);
}

#[tokio::test]
async fn a_busy_session_takes_more_and_abort_ends_what_runs_and_what_waits() {
    let gateway = scripted().await;
    let mut client = ControlClient::connect(&gateway).await;
    let slow = json!({ "sessionKey": "main", "message": "slow", "idempotencyKey": "s1" });
    assert_eq!(client.call("chat.send", slow.clone()).await.expect("started"), json!({ "runId": "s1", "status": "started" }));
    client.until(|frame| frame["event"] == "chat" && text_of(frame) == "I am th").await;
    assert_eq!(client.call("chat.send", slow.clone()).await.expect("known")["status"], "in_flight");
    let next = json!({ "sessionKey": "main", "message": "more", "idempotencyKey": "s2" });
    assert_eq!(client.call("chat.send", next).await.expect("queued")["status"], "started");
    let error = client.call("chat.abort", json!({ "sessionKey": "other", "runId": "s1" })).await.expect_err("not there");
    assert_eq!(error["message"], json!("runId does not match sessionKey"));
    let aborted = client.call("chat.abort", json!({ "sessionKey": "main" })).await.expect("aborted");
    let mut runs: Vec<&str> = aborted["runIds"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    runs.sort_unstable();
    assert_eq!((&aborted["aborted"], runs), (&json!(true), vec!["s1", "s2"]));
    for run in ["s1", "s2"] {
        let event = client.until(|frame| frame["payload"]["runId"] == run && frame["payload"]["state"] == "aborted").await;
        assert_eq!(event["payload"]["stopReason"], json!("rpc"), "{event}");
    }
    assert_eq!(client.call("chat.send", slow).await.expect("over")["status"], "ok");
    // A stop word, said while a turn runs.
    let order = json!({ "sessionKey": "main", "message": "slow again", "idempotencyKey": "s3" });
    client.call("chat.send", order).await.expect("started");
    client.until(|frame| frame["event"] == "chat" && frame["payload"]["runId"] == "s3").await;
    let word = json!({ "sessionKey": "main", "message": " Stop ", "idempotencyKey": "s4" });
    assert_eq!(client.call("chat.send", word).await.expect("stopped")["runIds"], json!(["s3"]));
    let event = client.until(|frame| frame["payload"]["runId"] == "s3" && frame["payload"]["state"] == "aborted").await;
    assert_eq!(event["payload"]["stopReason"], json!("stop"));
    let nothing = client.call("chat.abort", json!({ "sessionKey": "main", "runId": "s1" })).await.expect("nothing runs");
    assert_eq!(nothing, json!({ "ok": true, "aborted": false, "runIds": [] }));
}

#[tokio::test]
async fn wrong_orders_are_refused_with_their_reasons() {
    let gateway = Gateway::start(json!({})).await;
    let mut client = ControlClient::connect(&gateway).await;
    let wrong = [
        ("agent", json!({ "message": "x" }), "invalid agent params: must have required property 'idempotencyKey'"),
        (
            "agent",
            json!({ "message": "x", "idempotencyKey": "k", "agentId": "zz" }),
            "invalid agent params: unknown agent id \"zz\"",
        ),
        (
            "agent",
            json!({ "message": "x", "idempotencyKey": "k", "agentId": "main", "sessionKey": "agent:zz:main" }),
            "invalid agent params: unknown agent id \"zz\"",
        ),
        (
            "agent",
            json!({ "message": "x", "idempotencyKey": "k", "deliver": true, "channel": "zzz" }),
            "invalid agent params: unknown channel: zzz",
        ),
        (
            "agent",
            json!({ "message": "x", "idempotencyKey": "k", "thinking": "hard" }),
            "invalid agent params: invalid thinkingLevel (use off|minimal|low|medium|high)",
        ),
        (
            "agent",
            json!({ "message": "x", "idempotencyKey": "k", "attachments": [{ "fileName": "a.png", "content": "?" }] }),
            "Error: attachment a.png: invalid base64 content",
        ),
        ("chat.send", json!({ "sessionKey": "main", "message": " ", "idempotencyKey": "k" }), "message or attachment required"),
        ("chat.inject", json!({ "sessionKey": "nobody", "message": "x" }), "session not found"),
        ("sessions.resolve", json!({ "key": "nobody" }), "No session found: nobody"),
        ("sessions.resolve", json!({ "label": "none" }), "No session found with label: none"),
        (
            "agent",
            json!({ "message": "x", "idempotencyKey": "k", "deliver": true, "to": "wxid_ann" }),
            "invalid agent params: `to` alone says nothing before there is a last channel: name a channel",
        ),
        (
            "agent",
            json!({ "message": "x", "idempotencyKey": "k", "sessionId": "018f2a63-8c4b-7d6e-9f00-0123456789ab" }),
            "invalid agent params: No session found: 018f2a63-8c4b-7d6e-9f00-0123456789ab",
        ),
        ("sessions.patch", json!({ "key": "agent:zz:main", "label": "x" }), "unknown agent id \"zz\""),
        ("sessions.reset", json!({ "key": "agent:zz:main" }), "unknown agent id \"zz\""),
        ("sessions.delete", json!({ "key": "main" }), "Cannot delete the main session (agent:main:main)."),
        (
            "sessions.patch",
            json!({ "key": "main", "thinkingLevel": "x" }),
            "invalid thinkingLevel (use off|minimal|low|medium|high)",
        ),
    ];
    for (method, params, reason) in wrong {
        let error = client.call(method, params.clone()).await.expect_err("it is wrong");
        assert_eq!(error["message"], json!(reason), "{method} {params}");
    }
    let error = client.call("sessions.patch", json!({ "key": "main", "model": "no/such" })).await.expect_err("unknown");
    assert!(
        error["message"].as_str().is_some_and(|text| text.starts_with("invalid model: no model \"no/such\" is configured")),
        "{error}"
    );
}

#[tokio::test]
async fn sessions_are_listed_changed_and_archived() {
    let gateway = scripted().await;
    let mut client = ControlClient::connect(&gateway).await;
    for (session, run) in [("main", "a"), ("work", "b"), ("work", "c"), ("work", "d")] {
        let said = json!({ "sessionKey": session, "message": format!("hello {run}"), "idempotencyKey": run });
        client.call("chat.send", said).await.expect("started");
        client.until(|frame| frame["payload"]["runId"] == run && frame["payload"]["state"] == "final").await;
    }
    let patch = json!({ "key": "work", "label": "Desk", "thinkingLevel": "high", "responseUsage": "on" });
    let patched = client.call("sessions.patch", patch).await.expect("patched");
    assert_eq!(patched["entry"]["responseUsage"], json!("tokens"), "{patched}");
    let error = client.call("sessions.patch", json!({ "key": "main", "label": "Desk" })).await.expect_err("it is taken");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("agent:main:work")), "{error}");
    let list = json!({ "search": "desk", "includeDerivedTitles": true, "includeLastMessage": true });
    let list = client.call("sessions.list", list).await.expect("a list");
    let row = &list["sessions"][0];
    assert_eq!((&list["count"], &row["key"], &row["kind"]), (&json!(1), &json!("agent:main:work"), &json!("direct")), "{list}");
    assert_eq!((&row["derivedTitle"], &row["lastMessagePreview"]), (&json!("hello b"), &json!("hello d")), "{list}");
    let found = client.call("sessions.resolve", json!({ "label": "Desk" })).await.expect("it is there");
    assert_eq!(found["key"], json!("agent:main:work"));
    let injected = client.call("chat.inject", json!({ "sessionKey": "work", "message": "note", "label": "me" })).await;
    let run = format!("inject-{}", injected.expect("written")["messageId"].as_str().expect("an id"));
    let event = client.until(|frame| frame["payload"]["runId"] == run.as_str()).await;
    assert_eq!((text_of(&event), &event["payload"]["seq"]), ("[me]\n\nnote", &json!(0)));
    let preview = client.call("sessions.preview", json!({ "keys": ["work", "none"], "limit": 1 })).await.expect("previews");
    assert_eq!(preview["previews"][0]["items"], json!([{ "role": "assistant", "text": "[me] note" }]), "{preview}");
    assert_eq!(preview["previews"][1]["status"], json!("missing"));

    let compacted = client.call("sessions.compact", json!({ "key": "work", "maxLines": 2 })).await.expect("compacted");
    assert_eq!((&compacted["compacted"], &compacted["kept"]), (&json!(true), &json!(2)), "{compacted}");
    assert_eq!(archived(&compacted["archived"], ".jsonl.bak."), 7);

    // A turn that runs is ended first.
    let slow = json!({ "sessionKey": "work", "message": "slow", "idempotencyKey": "e" });
    client.call("chat.send", slow).await.expect("started");
    client.until(|frame| frame["event"] == "chat" && text_of(frame) == "I am th").await;
    let reset = client.call("sessions.reset", json!({ "key": "work" })).await.expect("reset");
    client.until(|frame| frame["payload"]["runId"] == "e" && frame["payload"]["state"] == "aborted").await;
    assert_ne!(reset["entry"]["sessionId"], row["sessionId"]);
    assert_eq!((&reset["entry"]["label"], &reset["entry"]["totalTokens"]), (&json!("Desk"), &json!(0)), "{reset}");
    assert!(archived(&reset["archived"][0], ".jsonl.reset.") >= 3);
    let history = client.call("chat.history", json!({ "sessionKey": "work" })).await.expect("lines");
    assert_eq!((&history["messages"], &history["thinkingLevel"]), (&json!([]), &json!("high")), "{history}");

    let said = json!({ "sessionKey": "work", "message": "bye", "idempotencyKey": "f" });
    client.call("chat.send", said).await.expect("started");
    client.until(|frame| frame["payload"]["runId"] == "f" && frame["payload"]["state"] == "final").await;
    let deleted = client.call("sessions.delete", json!({ "key": "work" })).await.expect("deleted");
    assert_eq!(deleted["deleted"], json!(true));
    assert_eq!(archived(&deleted["archived"][0], ".jsonl.deleted."), 2);
    let again = client.call("sessions.delete", json!({ "key": "work" })).await.expect("nothing is there");
    assert_eq!((&again["deleted"], &again["archived"]), (&json!(false), &json!([])));
}

#[tokio::test]
async fn a_conversation_is_summed_up_by_hand_in_order_with_its_turns() {
    let gateway = scripted().await;
    let mut client = ControlClient::connect(&gateway).await;
    let unknown = client.call("sessions.compact", json!({ "key": "work" })).await.expect("nothing is there");
    assert_eq!((&unknown["compacted"], &unknown["reason"]), (&json!(false), &json!("no sessionId")), "{unknown}");
    for run in ["a", "b"] {
        let said = json!({ "sessionKey": "work", "message": format!("hello {run}"), "idempotencyKey": run });
        client.call("chat.send", said).await.expect("started");
        client.until(|frame| frame["payload"]["runId"] == run && frame["payload"]["state"] == "final").await;
    }
    let compacted =
        client.call("sessions.compact", json!({ "key": "work", "instructions": "names" })).await.expect("compacted");
    assert_eq!((&compacted["compacted"], &compacted["kept"]), (&json!(true), &json!(2)), "{compacted}");
    let again = client.call("sessions.compact", json!({ "key": "work" })).await.expect("an answer");
    let nothing = json!("There is nothing to compact yet.");
    assert_eq!((&again["compacted"], &again["reason"]), (&json!(false), &nothing), "{again}");
    let list = client.call("sessions.list", json!({ "search": "work" })).await.expect("a list");
    assert_eq!(list["sessions"][0]["compactionCount"], json!(1), "{list}");
    let history = client.call("chat.history", json!({ "sessionKey": "work" })).await.expect("lines");
    let roles: Vec<_> = history["messages"].as_array().expect("lines").iter().map(|line| line["role"].clone()).collect();
    assert_eq!(json!(roles), json!(["user", "assistant", "user", "assistant", "system"]), "every line stays: {history}");
}

#[tokio::test]
async fn a_compaction_leaves_the_turn_that_runs() {
    let gateway = scripted().await;
    let mut client = ControlClient::connect(&gateway).await;
    for run in ["a", "b"] {
        let said = json!({ "sessionKey": "work", "message": "hello", "idempotencyKey": run });
        client.call("chat.send", said).await.expect("started");
        client.until(|frame| frame["payload"]["runId"] == run && frame["payload"]["state"] == "final").await;
    }
    let slow = json!({ "sessionKey": "work", "message": "slow", "idempotencyKey": "s" });
    client.call("chat.send", slow).await.expect("started");
    client.until(|frame| frame["event"] == "chat" && text_of(frame) == "I am th").await;
    let next = json!({ "sessionKey": "work", "message": "more", "idempotencyKey": "n" });
    client.call("chat.send", next).await.expect("started");
    let compacted = client.call("sessions.compact", json!({ "key": "work", "maxLines": 1 })).await.expect("compacted");
    assert_eq!((&compacted["compacted"], &compacted["kept"]), (&json!(true), &json!(1)), "{compacted}");
    let stopped = client.call("chat.abort", json!({ "sessionKey": "work", "runId": "s" })).await.expect("it runs still");
    assert_eq!(stopped["runIds"], json!(["s"]), "{stopped}");
    client.until(|frame| frame["payload"]["runId"] == "n" && frame["payload"]["state"] == "final").await;
}

#[tokio::test]
async fn a_turn_that_failed_or_is_forgotten_is_not_told_as_done_after_a_restart() {
    let script = "
steps:
  - when: { contains: fail }
    times: 1000
    do:
      - text: 'half'
      - error: { code: refused }
  - times: 1000
    do: [echo]
";
    let mut gateway = Gateway::prepare(json!({}));
    gateway.play(script);
    gateway.again().await;
    let mut client = ControlClient::connect(&gateway).await;
    let failing = json!({ "message": "fail", "idempotencyKey": "f" });
    let whole = json!({ "message": "hello", "idempotencyKey": "w" });
    for (order, ends_well) in [(&failing, false), (&whole, true)] {
        let id = client.send("agent", order.clone()).await;
        client.answer(&id).await.expect("accepted");
        assert_eq!(client.answer(&id).await.is_ok(), ends_well, "{order}");
    }
    gateway.kill();
    gateway.again().await;
    let mut client = ControlClient::connect(&gateway).await;
    let again = client.call("agent", whole).await.expect("its answer stands there");
    assert_eq!(again["result"]["payloads"][0]["text"], json!("hello"), "{again}");
    let error = client.call("agent", failing).await.expect_err("it failed");
    assert_eq!(error["code"], json!("UNAVAILABLE"), "{error}");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("no longer known")), "{error}");
}

#[tokio::test]
async fn what_waits_can_be_aborted_by_its_name_after_a_restart() {
    let mut gateway = scripted().await;
    let mut client = ControlClient::connect(&gateway).await;
    let slow = json!({ "sessionKey": "main", "message": "slow", "idempotencyKey": "s1" });
    client.call("chat.send", slow).await.expect("started");
    client.until(|frame| frame["event"] == "chat" && text_of(frame) == "I am th").await;
    let next = json!({ "sessionKey": "main", "message": "more", "idempotencyKey": "s2" });
    client.call("chat.send", next).await.expect("queued");
    gateway.kill();
    gateway.again().await;
    let mut client = ControlClient::connect(&gateway).await;
    for run in ["s2", "s1"] {
        let stopped = client.call("chat.abort", json!({ "sessionKey": "main", "runId": run })).await.expect("aborted");
        assert_eq!(stopped["runIds"], json!([run]), "{stopped}");
    }
    let mut ended = Vec::new();
    while ended.len() < 2 {
        let event = client.until(|frame| frame["payload"]["state"] == "aborted").await;
        ended.push(event["payload"]["runId"].clone());
    }
    assert_eq!(ended, [json!("s1"), json!("s2")]);
    let nothing = client.call("chat.abort", json!({ "sessionKey": "main", "runId": "nobody" })).await.expect("nothing");
    assert_eq!(nothing["runIds"], json!([]));
}

#[tokio::test]
async fn an_order_changes_its_session_once_and_within_the_rules() {
    let gateway = scripted().await;
    let mut client = ControlClient::connect(&gateway).await;
    let order = |key: &str, label: &str, by: &str| json!({ "message": "hi", "sessionKey": "child", "idempotencyKey": key, "label": label, "spawnedBy": by });
    client.call("agent", order("a", "  Desk ", "agent:main:main")).await.expect("accepted");
    let error = client.call("agent", order("b", "Desk", "agent:main:other")).await.expect_err("it has a maker");
    assert_eq!(error["message"], json!("spawnedBy cannot be changed once set"), "{error}");
    client.call("agent", order("a", "Chair", "agent:main:main")).await.expect("the same again");
    let list = client.call("sessions.list", json!({ "spawnedBy": "agent:main:main" })).await.expect("a list");
    assert_eq!((&list["count"], &list["sessions"][0]["label"]), (&json!(1), &json!("Desk")), "{list}");
}

#[tokio::test]
async fn a_long_session_has_a_last_message_and_no_title() {
    let gateway = scripted().await;
    let mut client = ControlClient::connect(&gateway).await;
    let said = json!({ "sessionKey": "main", "message": "hello", "idempotencyKey": "a" });
    client.call("chat.send", said).await.expect("started");
    client.until(|frame| frame["payload"]["runId"] == "a" && frame["payload"]["state"] == "final").await;
    for number in 0..99 {
        let line = json!({ "sessionKey": "main", "message": format!("note {number}") });
        client.call("chat.inject", line).await.expect("written");
        if number == 97 {
            let list = client.call("sessions.list", json!({ "includeDerivedTitles": true })).await.expect("a list");
            assert_eq!(list["sessions"][0]["derivedTitle"], json!("hello"), "{list}");
        }
    }
    let said = json!({ "sessionKey": "main", "message": "later", "idempotencyKey": "b" });
    client.call("chat.send", said).await.expect("started");
    client.until(|frame| frame["payload"]["runId"] == "b" && frame["payload"]["state"] == "final").await;
    for titles in [true, false] {
        let wanted = json!({ "includeDerivedTitles": titles, "includeLastMessage": true });
        let list = client.call("sessions.list", wanted).await.expect("a list");
        let row = &list["sessions"][0];
        assert_eq!((&row["derivedTitle"], &row["lastMessagePreview"]), (&Value::Null, &json!("later")), "{list}");
    }
}

const TO_MAIN: &str = "agent:main:main";

/// Everybody's messages come into the main session.
async fn shared() -> Rig {
    Rig::scripted(json!({}), json!({ "session": { "dmScope": "main" } }), SCRIPT).await
}

#[tokio::test]
async fn a_reset_leaves_the_messages_of_peers_that_wait() {
    let rig = shared().await;
    let mut client = ControlClient::connect(&rig.gateway).await;
    rig.platform.publish(direct("m1", "wxid_ann", "slow")).await;
    client.until(|frame| frame["event"] == "chat" && text_of(frame) == "I am th").await;
    rig.platform.publish(direct("m2", "wxid_bob", "linger")).await;
    rig.platform.publish(direct("m3", "wxid_cid", "linger too")).await;
    rig.acknowledged(3).await;
    let reset = client.call("sessions.reset", json!({ "key": "main" })).await.expect("reset");
    assert_eq!(reset["ok"], json!(true));
    rig.platform.wait_for_all(["wxid_bob: linger", "wxid_cid: linger too"].map(str::to_owned).into_iter()).await;
    assert_eq!(all_said(&rig.platform), ["wxid_bob: linger", "wxid_cid: linger too"], "the one that ran is ended");
}

#[tokio::test]
async fn an_answer_goes_where_its_order_says() {
    let rig = shared().await;
    let mut client = ControlClient::connect(&rig.gateway).await;
    rig.platform.publish(direct("m1", "wxid_ann", "hello")).await;
    rig.platform.wait_for_sent(1).await;
    let ways = [
        ("k1", json!({}), Some("wxid_ann: k1")),
        ("k2", json!({ "channel": "webchat", "to": "wxid_ann" }), None),
        ("k3", json!({ "channel": "whatsapp", "to": "wxid_ann" }), None),
        ("k4", json!({ "to": "wxid_bob" }), Some("wxid_bob: k4")),
        ("k5", json!({ "channel": "last", "replyTo": "wxid_cid" }), Some("wxid_cid: k5")),
        ("k6", json!({ "channel": " ", "accountId": "default", "to": "wxid_dan" }), Some("wxid_dan: k6")),
        ("k7", json!({ "channel": "last" }), Some("wxid_dan: k7")),
    ];
    let mut wanted = vec!["wxid_ann: hello".to_owned()];
    for (key, way, said) in ways {
        let mut order = json!({ "message": key, "idempotencyKey": key, "sessionKey": TO_MAIN, "deliver": true });
        merge(&mut order, way);
        let id = client.send("agent", order).await;
        assert_eq!(client.answer(&id).await.expect("accepted")["status"], "accepted");
        client.answer(&id).await.expect("done");
        wanted.extend(said.map(str::to_owned));
        rig.platform.wait_for_sent(wanted.len()).await;
    }
    wanted.sort();
    assert_eq!(all_said(&rig.platform), wanted);
    for account in ["nobody", "side"] {
        let order =
            json!({ "message": "x", "idempotencyKey": account, "deliver": true, "accountId": account, "to": "wxid_ann" });
        let error = client.call("agent", order).await.expect_err("there is no such account");
        assert_eq!(error["message"], json!(format!("invalid agent params: unknown account of socket-chat: {account}")));
    }
}

#[tokio::test]
async fn what_is_sent_stands_in_its_session_with_its_media() {
    let rig = shared().await;
    let mut client = ControlClient::connect(&rig.gateway).await;
    let media = "https://cdn.example.org/a.jpg";
    for key in ["agent:", "agent:zz:main", "a\u{1}b"] {
        let message = json!({ "to": "wxid_ann", "message": "lost", "idempotencyKey": "k0", "sessionKey": key });
        client.call("send", message).await.expect_err("no such session");
    }
    let message = json!({ "to": "wxid_ann", "message": "", "mediaUrl": media, "idempotencyKey": "k1", "sessionKey": "desk" });
    client.call("send", message).await.expect("sent");
    rig.platform.wait_for_sent(1).await;
    assert_eq!(all_said(&rig.platform), [format!("wxid_ann: {media}")], "nothing was sent before its session was known");
    // It is written behind the answer.
    let line = until("the line of what was sent", async || {
        let lines = client.call("chat.history", json!({ "sessionKey": "desk" })).await.expect("lines");
        lines["messages"].get(0).cloned()
    })
    .await;
    assert_eq!(line["content"][1]["url"], json!(media), "{line}");
}

/// Returns how many lines an archive has, which has to be a private file of this kind.
fn archived(path: &Value, kind: &str) -> usize {
    let path = path.as_str().expect("a path");
    assert!(path.contains(kind), "{path}");
    assert_eq!(std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(path).expect("it is there");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    lines.len()
}
