//! Backends that fail in every way they can, in every style, through the whole gateway: no hang, no silence, no double answer.

use serde_json::{Value, json};

use crate::harness::control::ControlClient;
use crate::harness::eventually;
use crate::harness::gateway::Gateway;
use crate::harness::llm::{Llm, STYLES, Style, Turn};

/// Short enough for a test; only backends that fall silent for ever have it.
const SHORT_MS: u64 = 300;

/// How a turn has to come out.
enum Told {
    /// With this answer.
    Answer(&'static str),
    /// With these words in its reason.
    Reason(&'static str),
}

/// One fault.
struct Case {
    name: &'static str,
    turns: Vec<Turn>,
    /// What has been said before the end.
    said: &'static str,
    told: Told,
    /// How often the backend is asked in all.
    asked: usize,
    /// Settings of the provider over the usual ones.
    over: Value,
}

impl Case {
    fn new(name: &'static str, turns: Vec<Turn>, told: Told) -> Self {
        let asked = turns.len();
        let said = match told {
            Told::Answer(text) => text,
            Told::Reason(_) => "",
        };
        Self { name, turns, said, told, asked, over: json!({}) }
    }

    fn said(self, said: &'static str) -> Self {
        Self { said, ..self }
    }

    fn limited(self, key: &str) -> Self {
        Self { over: json!({ key: SHORT_MS }), ..self }
    }
}

fn thrice(turn: &Turn) -> Vec<Turn> {
    vec![turn.clone(), turn.clone(), turn.clone()]
}

fn cases() -> Vec<Case> {
    use Told::{Answer, Reason};
    let limit = |wait| Turn::Status(429, wait, "slow down");
    let broken = Turn::Status(500, None, "oops");
    vec![
        Case::new("well", vec![Turn::Say("all is well")], Answer("all is well")),
        Case::new("limited-wait", vec![limit(Some("0")), Turn::Say("at last")], Answer("at last")),
        Case::new("limited-long", vec![limit(Some("86400"))], Reason("limits the rate: slow down")),
        Case::new("limited", thrice(&limit(None)), Reason("limits the rate: slow down")),
        Case::new("broken", thrice(&broken), Reason("failed with status 500: oops")),
        Case::new("broken-once", vec![broken, Turn::Say("mended")], Answer("mended")),
        Case::new("refused", vec![Turn::Status(400, None, "no")], Reason("refused the request with status 400: no")),
        Case::new("void-key", vec![Turn::Status(401, None, "void")], Reason("refused the key: void")),
        Case::new("cut", vec![Turn::Cut("half")], Reason("broke off in the middle")).said("half"),
        Case::new("cut-once", vec![Turn::Cut(""), Turn::Say("whole")], Answer("whole")),
        Case::new("no-head", vec![Turn::Silence], Reason("sent no token within 300ms")).limited("firstTokenTimeoutMs"),
        Case::new("no-token", vec![Turn::Stall("")], Reason("sent no token within 300ms")).limited("firstTokenTimeoutMs"),
        Case::new("stall", vec![Turn::Stall("half")], Reason("fell silent for 300ms")).said("half").limited("tokenTimeoutMs"),
        Case::new("bad-json", vec![Turn::BadJson("half")], Reason("sent something that is no")).said("half"),
        Case::new("bad-json-first", thrice(&Turn::BadJson("")), Reason("sent something that is no")),
        Case::new("wrong-order", thrice(&Turn::WrongOrder), Reason("out of order")),
        Case::new("html", thrice(&Turn::Html), Reason("a web page")),
        Case::new("huge-line", vec![Turn::HugeLine("half")], Reason("more than 1048576 bytes")).said("half"),
        Case::new("late", vec![Turn::Late("slept well")], Answer("slept well")),
    ]
}

/// Starts a gateway with a provider and an agent of the same name for each backend.
async fn gateway_of(backends: &[(String, Llm, Value)]) -> Gateway {
    let providers: serde_json::Map<String, Value> =
        backends.iter().map(|(name, llm, over)| (name.clone(), llm.provider(over.clone()))).collect();
    let agents: Vec<Value> = backends.iter().map(|(name, ..)| json!({ "id": name, "model": format!("{name}/m") })).collect();
    Gateway::start(json!({ "models": { "providers": providers }, "agents": { "list": agents } })).await
}

fn order(agent: &str) -> Value {
    json!({ "message": "hello", "idempotencyKey": agent, "sessionKey": format!("agent:{agent}:main"), "timeout": 60 })
}

/// Waits for the end of an agent's turn: its phases, the last text that was streamed, and the answer or the error.
async fn end_of(client: &mut ControlClient, agent: &str, id: &str) -> (Vec<String>, String, Result<Value, Value>) {
    client.answer(id).await.expect("accepted");
    let (mut phases, mut said) = (Vec::new(), String::new());
    loop {
        let own = |frame: &Value| frame["event"] == "agent" && frame["payload"]["runId"] == agent;
        let frame = client.until(own).await;
        let data = &frame["payload"]["data"];
        if let Some(text) = data["text"].as_str() {
            text.clone_into(&mut said);
        }
        if let Some(phase) = data["phase"].as_str() {
            phases.push(phase.to_owned());
            if phase != "start" {
                break;
            }
        }
    }
    (phases, said, client.answer(id).await)
}

async fn every_fault_in(style: Style) {
    let cases = cases();
    let start = |case: &Case| (case.name.to_owned(), Llm::start(style, case.turns.clone()), case.over.clone());
    let backends: Vec<_> = cases.iter().map(start).collect();
    let gateway = gateway_of(&backends).await;
    let mut client = ControlClient::connect(&gateway).await;
    let mut ids = Vec::new();
    for case in &cases {
        ids.push(client.send("agent", order(case.name)).await);
    }
    for ((case, id), (_, backend, _)) in cases.iter().zip(&ids).zip(&backends) {
        let what = format!("{} in {style:?}", case.name);
        if matches!(case.turns[0], Turn::Late(_)) {
            eventually("the late backend is asked", || !backend.asked().is_empty()).await;
            backend.let_go();
        }
        let (phases, said, answer) = end_of(&mut client, case.name, id).await;
        match (&case.told, &answer) {
            (Told::Answer(text), Ok(answer)) => {
                assert_eq!(answer["result"]["payloads"], json!([{ "text": text, "mediaUrl": null }]), "{what}");
                assert_eq!(phases, ["start", "end"], "{what}");
            }
            (Told::Reason(words), Err(error)) => {
                let reason = error["message"].as_str().expect("a reason");
                assert!(reason.contains(&format!("provider {} ", case.name)) && reason.contains(words), "{what}: {reason}");
                assert_eq!(phases, ["start", "error"], "{what}");
            }
            _ => panic!("{what}: {answer:?}"),
        }
        assert_eq!(said, case.said, "{what}");
        let asked = backend.asked();
        assert_eq!(asked.len(), case.asked, "{what}");
        assert!(asked.iter().all(|asked| asked.body["model"] == "m" && asked.body["stream"] == true), "{what}");
    }
    assert!(!gateway.log().contains("sk-of-the-tests"), "a key in the log");
}

#[tokio::test]
async fn every_fault_of_chat_completions_ends_in_an_honest_message() {
    every_fault_in(Style::Completions).await;
}

#[tokio::test]
async fn every_fault_of_responses_ends_in_an_honest_message() {
    every_fault_in(Style::Responses).await;
}

#[tokio::test]
async fn every_fault_of_messages_ends_in_an_honest_message() {
    every_fault_in(Style::Messages).await;
}

#[tokio::test]
async fn tokens_are_counted_alike_in_every_style() {
    let start = |style: &Style| (style.api().to_owned(), Llm::start(*style, [Turn::Say("counted")]), json!({}));
    let backends: Vec<_> = STYLES.iter().map(start).collect();
    let gateway = gateway_of(&backends).await;
    let mut client = ControlClient::connect(&gateway).await;
    for (agent, ..) in &backends {
        let id = client.send("agent", order(agent)).await;
        let (_, _, answer) = end_of(&mut client, agent, &id).await;
        let answer = answer.expect("an answer");
        let expected = json!({ "input": 10, "output": 7, "cacheRead": 5, "cacheWrite": 0, "total": 22 });
        assert_eq!(answer["result"]["meta"]["agentMeta"]["usage"], expected, "{agent}");
    }
}

#[tokio::test]
async fn another_model_steps_in_and_the_one_that_failed_rests() {
    let busy = Turn::Status(503, None, "busy");
    let one = Llm::start(Style::Messages, [busy]);
    let two = Llm::start(Style::Responses, [Turn::Status(401, None, "void")]);
    let three = Llm::start(Style::Completions, [Turn::Say("I step in"), Turn::Say("once more")]);
    let gateway = Gateway::start(json!({
        "models": { "providers": {
            "one": one.provider(json!({})), "two": two.provider(json!({})), "three": three.provider(json!({})),
        } },
        "agents": { "defaults": { "model": { "primary": "one/m", "fallbacks": ["two/m", "three"] } } },
    }))
    .await;
    let mut client = ControlClient::connect(&gateway).await;
    for (key, text) in [("k1", "I step in"), ("k2", "once more")] {
        let order = json!({ "message": "hello", "idempotencyKey": key, "sessionKey": "main", "timeout": 60 });
        let id = client.send("agent", order).await;
        client.answer(&id).await.expect("accepted");
        let answer = client.answer(&id).await.expect("an answer");
        assert_eq!(answer["result"]["payloads"][0]["text"], json!(text), "{answer}");
        let meta = &answer["result"]["meta"]["agentMeta"];
        assert_eq!((&meta["provider"], &meta["model"]), (&json!("three"), &json!("m")), "the one that answered");
    }
    assert_eq!((one.asked().len(), two.asked().len(), three.asked().len()), (1, 1, 2));

    let status = client.call("models.status", json!({})).await.expect("a status");
    let resting =
        |provider: &Value| provider["models"].as_array().expect("models").iter().all(|model| model["rest"].is_object());
    let named = |name: &str| status["providers"].as_array().expect("providers").iter().find(|p| p["provider"] == name).cloned();
    for (name, rests) in [("one", true), ("two", true), ("three", false)] {
        assert_eq!(named(name).as_ref().map(resting), Some(rests), "{status}");
    }
    let rest = &named("two").expect("it")["keys"][0]["rest"];
    assert_eq!((&rest["code"], &rest["failures"]), (&json!("provider_auth"), &json!(1)), "{status}");
    let list = client.call("models.list", json!({})).await.expect("a list");
    let rests = list["models"].as_array().expect("models").iter().filter(|model| model["rest"].is_object()).count();
    assert_eq!(rests, 2, "{list}");
    let usage = client.call("usage.status", json!({})).await.expect("a status");
    assert_eq!(usage["providers"].as_array().map(Vec::len), Some(2), "{usage}");
    let admin = gateway.get("/admin/models").await;
    assert_eq!(admin["providers"].as_array().map(Vec::len), status["providers"].as_array().map(Vec::len), "{admin}");
}

#[tokio::test]
async fn what_turns_cost_is_summed_for_the_session_and_the_day() {
    let llm = Llm::start(Style::Messages, [Turn::Say("one"), Turn::Say("two")]);
    let model = json!({ "id": "m", "cost": { "input": 1, "output": 2, "cacheRead": 0.1 } });
    let provider = llm.provider(json!({ "models": [model] }));
    let gateway = Gateway::start(json!({ "models": { "providers": { "one": provider } } })).await;
    let mut client = ControlClient::connect(&gateway).await;
    for key in ["k1", "k2"] {
        let order = json!({ "message": "hello", "idempotencyKey": key, "sessionKey": "main", "timeout": 60 });
        let id = client.send("agent", order).await;
        client.answer(&id).await.expect("accepted");
        client.answer(&id).await.expect("an answer");
    }
    let cost = client.call("usage.cost", json!({ "days": 2 })).await.expect("costs");
    let totals = &cost["totals"];
    let tokens =
        ["input", "output", "cacheRead", "cacheWrite", "totalTokens", "missingCostEntries"].map(|name| totals[name].as_u64());
    assert_eq!(tokens, [20, 14, 10, 0, 44, 0].map(Some), "{cost}");
    assert_eq!((totals["totalCost"].as_f64(), &cost["days"]), (Some(0.000_049), &json!(2)), "{cost}");
    let list = client.call("sessions.list", json!({})).await.expect("a list");
    let row = &list["sessions"][0];
    let own = ["inputTokens", "outputTokens", "cacheRead", "cacheWrite", "totalTokens"].map(|name| row[name].as_u64());
    assert_eq!((own, row["estimatedCostUsd"].as_f64()), ([20, 14, 10, 0, 44].map(Some), Some(0.000_049)), "{list}");
    let usage = client.call("sessions.usage", json!({ "key": "main" })).await.expect("a session");
    assert_eq!((&usage["sessions"][0]["usage"], usage["sessions"].as_array().map(Vec::len)), (totals, Some(1)), "{usage}");
    assert_eq!((&usage["totals"], &usage["aggregates"]["byAgent"][0]["totals"]), (totals, totals), "{usage}");
}

#[tokio::test]
async fn a_name_means_the_same_to_the_settings_a_client_and_a_turn() {
    let providers = json!({ "one": { "baseUrl": "http://127.0.0.1:9/v1", "models": ["m"] }, "two": { "api": "echo" } });
    let model = json!({ "agents": { "defaults": { "model": "two" } }, "models": { "providers": providers } });
    let gateway = Gateway::start(model).await;
    let mut client = ControlClient::connect(&gateway).await;
    let list = client.call("sessions.list", json!({})).await.expect("a list");
    assert_eq!((&list["defaults"]["modelProvider"], &list["defaults"]["model"]), (&json!("two"), &json!("two")), "{list}");
    let patch = |model: &str| json!({ "key": "main", "model": model });
    let error = client.call("sessions.patch", patch("one/n")).await.expect_err("it is not listed");
    let reason =
        "invalid model: no model \"one/n\" is configured; ask for one of one/m, two, echo, or add it under models.providers";
    assert_eq!(error["message"], json!(reason));
    client.call("sessions.patch", patch("echo")).await.expect("it needs no settings");
    let order = json!({ "message": "hello", "idempotencyKey": "k", "sessionKey": "main", "timeout": 60 });
    let id = client.send("agent", order).await;
    client.answer(&id).await.expect("accepted");
    let answer = client.answer(&id).await.expect("an answer");
    assert_eq!(answer["result"]["payloads"][0]["text"], json!("hello"), "{answer}");
}

#[tokio::test]
async fn another_key_is_taken_when_one_is_refused() {
    for style in STYLES {
        let limited = Turn::Status(429, Some("3600"), "enough");
        let llm = Llm::start(style, [Turn::Status(401, None, "void"), limited, Turn::Say("let in"), Turn::Say("let in")]);
        let keys = json!({ "apiKey": "sk-one", "apiKeys": ["sk-two", "sk-three"] });
        let gateway = Gateway::start(json!({ "models": { "providers": { "many": llm.provider(keys) } } })).await;
        let mut client = ControlClient::connect(&gateway).await;
        for key in ["k1", "k2"] {
            let id = client.send("agent", json!({ "message": "hello", "idempotencyKey": key, "timeout": 60 })).await;
            client.answer(&id).await.expect("accepted");
            let answer = client.answer(&id).await.expect("an answer");
            assert_eq!(answer["result"]["payloads"][0]["text"], json!("let in"), "{style:?}: {answer}");
        }
        let keys: Vec<_> = llm.asked().into_iter().map(|asked| asked.key).collect();
        assert_eq!(keys, ["sk-one", "sk-two", "sk-three", "sk-three"], "{style:?}");
    }
}
