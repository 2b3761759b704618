//! Chat completions of clients that have tools of their own, and what they say of the answer they want.

use callboard_actors::message::{
    Delta, Role, Said, Sampling, ToolCall, ToolChoice, ToolResult, ToolRound, ToolSchema, ToolSpec, ToolUse, TurnEnd, Usage,
};
use serde_json::{Value, json};

use super::client::post;
use super::doubles::Asked;
use super::rig::Rig;

const PATH: &str = "/v1/chat/completions";

fn call(id: &str, args: Value) -> ToolCall {
    ToolCall { id: id.into(), name: "clock".into(), args }
}

fn calls_end() -> Delta {
    let calls = vec![call("c1", json!({ "zone": "utc" })), call("c2", json!("{broken"))];
    Delta::End(TurnEnd { finish_reason: "tool_calls".into(), calls, usage: Usage::default() })
}

fn offer() -> Value {
    json!([{ "type": "function", "function": {
        "name": "clock", "description": "tells the time", "parameters": { "type": "object" }, "strict": true
    } }])
}

fn asking(more: Value) -> Value {
    let mut body = json!({ "messages": [{ "role": "user", "content": "x" }] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn asked(rig: &Rig, body: &Value) -> Asked {
    assert_eq!(post(rig.at, PATH, &body.to_string()).await.status, 200, "{body}");
    rig.switchboard.asked.lock().unwrap().pop().unwrap()
}

#[actix_web::test]
async fn tools_go_to_the_session_as_they_were_offered() {
    let rig = Rig::new().await;
    let spec = ToolSpec {
        name: "clock".into(),
        description: Some("tells the time".into()),
        parameters: ToolSchema::new(&json!({ "type": "object" })).ok(),
        strict: Some(true),
    };
    let choices = [
        (json!(null), None),
        (json!("auto"), Some(ToolChoice::Auto)),
        (json!("none"), Some(ToolChoice::Never)),
        (json!("required"), Some(ToolChoice::Required)),
        (json!({ "type": "function", "function": { "name": "clock" } }), Some(ToolChoice::Named("clock".into()))),
    ];
    for (wanted, choice) in choices {
        let body = asking(json!({ "tools": offer(), "tool_choice": wanted, "parallel_tool_calls": false }));
        let tools = ToolUse { specs: vec![spec.clone().into()], choice, parallel: Some(false) };
        assert_eq!(asked(&rig, &body).await.tools, tools, "{wanted}");
    }
    rig.stop().await;
}

#[actix_web::test]
async fn calls_come_back_in_a_whole_answer() {
    let rig = Rig::new().await;
    rig.play(|_| vec![calls_end()]);
    let body = asking(json!({ "tools": offer() }));
    let choice = post(rig.at, PATH, &body.to_string()).await.json()["choices"][0].clone();
    let calls = json!([
        { "id": "c1", "type": "function", "function": { "name": "clock", "arguments": "{\"zone\":\"utc\"}" } },
        { "id": "c2", "type": "function", "function": { "name": "clock", "arguments": "{broken" } },
    ]);
    let message = json!({ "role": "assistant", "content": null, "refusal": null, "tool_calls": calls });
    assert_eq!((&choice["message"], &choice["finish_reason"]), (&message, &json!("tool_calls")));
    rig.play(|_| vec![Delta::Text { text: "wait".into() }, calls_end()]);
    let choice = post(rig.at, PATH, &body.to_string()).await.json()["choices"][0].clone();
    assert_eq!(choice["message"]["content"], "wait");
    rig.stop().await;
}

#[actix_web::test]
async fn calls_come_back_in_a_stream() {
    let rig = Rig::new().await;
    rig.play(|_| vec![Delta::Text { text: "wait".into() }, calls_end()]);
    let body = asking(json!({ "tools": offer(), "stream": true }));
    let answer = post(rig.at, PATH, &body.to_string()).await;
    let events: Vec<Value> =
        answer.body.split("\n\n").filter_map(|event| serde_json::from_str(event.strip_prefix("data: ")?).ok()).collect();
    let choices: Vec<_> = events.iter().map(|event| &event["choices"][0]).collect();
    assert_eq!(choices[1]["delta"], json!({ "content": "wait" }));
    let function = |arguments: &str| json!({ "name": "clock", "arguments": arguments });
    let calls = json!([
        { "index": 0, "id": "c1", "type": "function", "function": function("{\"zone\":\"utc\"}") },
        { "index": 1, "id": "c2", "type": "function", "function": function("{broken") },
    ]);
    assert_eq!(*choices[2], json!({ "index": 0, "delta": { "tool_calls": calls }, "finish_reason": null }));
    assert_eq!(*choices[3], json!({ "index": 0, "delta": {}, "finish_reason": "tool_calls" }));
    assert_eq!(choices.len(), 4);
    rig.stop().await;
}

#[actix_web::test]
async fn results_go_to_the_session_beside_their_calls() {
    let rig = Rig::new().await;
    let made = |id: &str| json!({ "id": id, "type": "function", "function": { "name": "clock", "arguments": "{}" } });
    let round = |text: &str, results: &[(&str, &str)]| {
        let calls = results.iter().map(|(id, result)| (call(id, json!({})), ToolResult::Done((*result).into())));
        ToolRound { text: text.into(), calls: calls.collect() }
    };
    let messages = json!([
        { "role": "user", "content": "u1" },
        { "role": "assistant", "content": "", "tool_calls": [made("a"), made("b")] },
        { "role": "tool", "tool_call_id": "b", "content": [{ "type": "text", "text": "rb" }] },
        { "role": "tool", "tool_call_id": "a", "content": "ra" },
        { "role": "assistant", "content": "said" },
        { "role": "system", "content": "s" },
        { "role": "user", "content": "u2" },
        { "role": "assistant", "content": "one moment" },
        { "role": "assistant", "content": null, "tool_calls": [made("c")] },
        { "role": "tool", "tool_call_id": "c", "content": "rc" },
        { "role": "assistant", "tool_calls": [made("c")] },
        { "role": "tool", "tool_call_id": "c", "content": "rd" },
        { "role": "assistant", "content": "prefill" },
    ]);
    let got = asked(&rig, &json!({ "messages": messages, "tools": offer() })).await;
    let line = |role, text: &str| Said::Line { role, text: text.into() };
    let before = [line(Role::User, "u1"), Said::Round(round("", &[("a", "ra"), ("b", "rb")])), line(Role::Assistant, "said")];
    assert_eq!((got.system.as_deref(), &*got.text), (Some("s"), "u2"));
    assert_eq!(got.before, before);
    assert_eq!(got.rounds, [round("one moment", &[("c", "rc")]), round("", &[("c", "rd")])]);
    rig.stop().await;
}

#[actix_web::test]
async fn wishes_go_to_the_session() {
    let rig = Rig::new().await;
    let body = asking(json!({
        "temperature": 0.5, "top_p": 1, "max_tokens": 5, "max_completion_tokens": 6, "stop": ["a", "b"], "seed": -1,
        "response_format": { "type": "json_schema", "json_schema": { "name": "x" } }, "reasoning_effort": "high"
    }));
    let wishes = Sampling {
        temperature: Some(0.5),
        top_p: Some(1.0),
        max_tokens: Some(5),
        max_completion_tokens: Some(6),
        stop: vec!["a".into(), "b".into()],
        response_format: Some(json!({ "type": "json_schema", "json_schema": { "name": "x" } })),
        seed: Some(-1),
        reasoning_effort: Some("high".into()),
    };
    assert_eq!(asked(&rig, &body).await.sampling, wishes);
    let nulls = asking(json!({
        "temperature": null, "top_p": null, "max_tokens": null, "max_completion_tokens": null, "stop": null, "seed": null,
        "response_format": null, "reasoning_effort": null, "n": null, "tools": null, "parallel_tool_calls": null
    }));
    assert_eq!(asked(&rig, &nulls).await.sampling, Sampling::default());
    assert_eq!(asked(&rig, &asking(json!({ "stop": "end" }))).await.sampling.stop, ["end"]);
    rig.stop().await;
}

#[actix_web::test]
async fn wrong_tools_and_wishes_name_what_is_wrong() {
    let rig = Rig::new().await;
    let named = |name: &str| json!({ "type": "function", "function": { "name": name } });
    let many: Vec<_> = (0..129).map(|n| named(&format!("t{n}"))).collect();
    let called =
        json!({ "role": "assistant", "tool_calls": [{ "id": "a", "function": { "name": "clock", "arguments": "{}" } }] });
    let result = |id: &str| json!({ "role": "tool", "tool_call_id": id, "content": "x" });
    let user = json!({ "role": "user", "content": "x" });
    let cases = [
        (asking(json!({ "n": 2 })), "n"),
        (asking(json!({ "n": "1" })), "n"),
        (asking(json!({ "temperature": 2.5 })), "temperature"),
        (asking(json!({ "temperature": "hot" })), "temperature"),
        (asking(json!({ "top_p": -0.1 })), "top_p"),
        (asking(json!({ "max_tokens": 0 })), "max_tokens"),
        (asking(json!({ "max_completion_tokens": -1 })), "max_completion_tokens"),
        (asking(json!({ "stop": ["a", "b", "c", "d", "e"] })), "stop"),
        (asking(json!({ "stop": [1] })), "stop"),
        (asking(json!({ "stop": "" })), "stop"),
        (asking(json!({ "seed": 1.5 })), "seed"),
        (asking(json!({ "response_format": "json" })), "response_format"),
        (asking(json!({ "reasoning_effort": "a b" })), "reasoning_effort"),
        (asking(json!({ "tools": "x" })), "tools"),
        (asking(json!({ "tools": many })), "tools"),
        (asking(json!({ "tools": [1] })), "tools[0]"),
        (asking(json!({ "tools": [named("a"), { "type": "web_search" }] })), "tools[1].type"),
        (asking(json!({ "tools": [{ "type": "function" }] })), "tools[0].function"),
        (asking(json!({ "tools": [named("a b")] })), "tools[0].function.name"),
        (asking(json!({ "tools": [named("")] })), "tools[0].function.name"),
        (asking(json!({ "tools": [named("a"), named("a")] })), "tools[1].function.name"),
        (
            asking(json!({ "tools": [{ "type": "function", "function": { "name": "a", "parameters": [] } }] })),
            "tools[0].function.parameters",
        ),
        (asking(json!({ "tool_choice": "required" })), "tool_choice"),
        (asking(json!({ "tools": offer(), "tool_choice": named("zz") })), "tool_choice"),
        (asking(json!({ "tools": offer(), "tool_choice": "sometimes" })), "tool_choice"),
        (asking(json!({ "tools": offer(), "parallel_tool_calls": "yes" })), "parallel_tool_calls"),
        (asking(json!({ "functions": [{ "name": "a" }] })), "functions"),
        (json!({ "messages": [user, called] }), "messages[1].tool_calls[0]"),
        (json!({ "messages": [user, called, user] }), "messages[1].tool_calls[0]"),
        (json!({ "messages": [user, called, result("b")] }), "messages[2].tool_call_id"),
        (json!({ "messages": [user, called, result("a"), result("a")] }), "messages[3].tool_call_id"),
        (json!({ "messages": [called, result("a")] }), "messages"),
        (json!({ "messages": [user, { "role": "assistant", "tool_calls": [{ "id": "a" }] }] }), "messages[1]"),
    ];
    for (body, param) in cases {
        let error = post(rig.at, PATH, &body.to_string()).await.error(400, "invalid_request");
        assert_eq!((&error["param"], &error["type"]), (&json!(param), &json!("invalid_request_error")), "{body}");
    }
    assert!(rig.switchboard.asked.lock().unwrap().is_empty());
    rig.stop().await;
}
