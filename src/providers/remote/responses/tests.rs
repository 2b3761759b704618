use std::collections::VecDeque;

use callboard_actors::agent::{Piece, Prompt};
use callboard_actors::message::{
    Entry, Media, Role, RunId, Sampling, ToolCall, ToolChoice, ToolResult, ToolRound, ToolSpec, ToolUse, Usage,
};
use serde_json::{Value, json};

use super::*;
use crate::providers::remote::doubles::{hello, seen};
use crate::providers::remote::settings::{Ability, AboutModel};
use crate::providers::remote::style::{Assemble, Bad, State};

fn sent(prompt: &Prompt, about: Option<&AboutModel>) -> Value {
    serde_json::from_slice(&body(prompt, about).unwrap()).unwrap()
}

#[test]
fn a_bare_question_says_no_more_than_it_has_to() {
    let expected = json!({ "model": "big", "input": [{ "role": "user", "content": "hello" }], "stream": true, "store": false });
    assert_eq!(sent(&hello(), None), expected);
}

#[test]
fn the_whole_conversation_is_sent() {
    let call = ToolCall { id: "c1".into(), name: "clock".into(), args: json!({ "zone": "utc" }) };
    let entry = Entry {
        role: Role::Assistant,
        text: "before".into(),
        media: Vec::new(),
        run: RunId::new(),
        at_ms: 0,
        rounds: Vec::new(),
    };
    let spec = ToolSpec { name: "clock".into(), description: None, parameters: None, strict: None };
    let schema = json!({ "name": "answer", "schema": {} });
    let prompt = Prompt {
        system: Some("Be kind.".into()),
        history: vec![entry],
        media: vec![Media::at_url("https://a/b.png", Some("image/png".into()))],
        thinking: Some("low".into()),
        rounds: vec![ToolRound { text: "hm".into(), calls: vec![(call, ToolResult::Failed("no tool".into()))] }],
        tools: ToolUse { specs: vec![spec.into()], choice: Some(ToolChoice::Named("clock".into())), parallel: Some(true) },
        sampling: Sampling {
            temperature: Some(0.5),
            max_tokens: Some(9),
            response_format: Some(json!({ "type": "json_schema", "json_schema": schema })),
            ..Sampling::default()
        },
        ..hello()
    };
    let expected = json!({
        "model": "big", "stream": true, "store": false, "instructions": "Be kind.",
        "input": [
            { "role": "assistant", "content": "before" },
            { "role": "user", "content": [
                { "type": "input_text", "text": "hello" },
                { "type": "input_image", "image_url": "https://a/b.png", "detail": "auto" },
            ] },
            { "role": "assistant", "content": "hm" },
            { "type": "function_call", "call_id": "c1", "name": "clock", "arguments": "{\"zone\":\"utc\"}" },
            { "type": "function_call_output", "call_id": "c1", "output": "error: no tool" },
        ],
        "tools": [{
            "type": "function", "name": "clock", "description": null,
            "parameters": { "type": "object", "properties": {} }, "strict": false,
        }],
        "tool_choice": { "type": "function", "name": "clock" },
        "parallel_tool_calls": true, "temperature": 0.5, "max_output_tokens": 9,
        "reasoning": { "effort": "low", "summary": "auto" },
        "text": { "format": { "type": "json_schema", "name": "answer", "schema": {} } },
    });
    assert_eq!(sent(&prompt, None), expected);
    let plain = AboutModel { images: Ability::Cannot, thinking: Ability::Cannot, ..AboutModel::named("big") };
    let sent = sent(&prompt, Some(&plain));
    assert_eq!(sent["input"][1]["content"], "hello\n[media] https://a/b.png (image/png)");
    assert_eq!(sent.get("reasoning"), None);
}

/// Returns the line of a turn that called a tool on its way.
fn with_a_round() -> Entry {
    let call = ToolCall { id: "c1".into(), name: "clock".into(), args: json!({}) };
    let rounds = vec![ToolRound { text: "Let me see. ".into(), calls: vec![(call, ToolResult::Done("noon".into()))] }];
    Entry {
        role: Role::Assistant,
        text: "Let me see. It is noon.".into(),
        media: Vec::new(),
        run: RunId::new(),
        at_ms: 0,
        rounds,
    }
}

#[test]
fn tools_of_an_earlier_turn_stand_before_its_answer() {
    let sent = sent(&Prompt { history: vec![with_a_round()], ..hello() }, None);
    let expected = json!([
        { "role": "assistant", "content": "Let me see. " },
        { "type": "function_call", "call_id": "c1", "name": "clock", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "c1", "output": "noon" },
        { "role": "assistant", "content": "It is noon." },
        { "role": "user", "content": "hello" },
    ]);
    assert_eq!(sent["input"], expected);
}

fn take(events: &[Value]) -> Result<(Vec<Piece>, Assembly), Bad> {
    let (mut assembly, mut pieces) = (Assembly::default(), VecDeque::new());
    for event in events {
        assembly.take(&event.to_string(), &mut pieces)?;
    }
    Ok((pieces.into(), assembly))
}

#[test]
fn calls_thoughts_and_counts_are_put_together() {
    let call = |id: &str| json!({ "type": "function_call", "call_id": id, "name": "clock", "arguments": "" });
    let (pieces, mut assembly) = take(&[
        json!({ "type": "response.created", "response": {} }),
        json!({ "type": "response.a_kind_of_tomorrow", "delta": { "no": "text" } }),
        json!({ "type": "response.reasoning_summary_text.delta", "delta": "hm" }),
        json!({ "type": "response.output_text.delta", "delta": "so" }),
        json!({ "type": "response.output_item.added", "output_index": 1, "item": call("c1") }),
        json!({ "type": "response.output_item.added", "output_index": 2, "item": call("c2") }),
        json!({ "type": "response.function_call_arguments.delta", "output_index": 2, "delta": "{\"b\"" }),
        json!({ "type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{\"a\":1}" }),
        json!({ "type": "response.function_call_arguments.done", "output_index": 2, "arguments": "{\"b\":2}" }),
        json!({ "type": "response.completed", "response": {
            "status": "completed",
            "usage": { "input_tokens": 9, "output_tokens": 4, "input_tokens_details": { "cached_tokens": 3 } },
        } }),
    ])
    .unwrap();
    assert_eq!(pieces[..2], [Piece::Reasoning("hm".into()), Piece::Text("so".into())]);
    assert!(pieces[2..].iter().all(|piece| *piece == Piece::Thinking), "{pieces:?}");
    assert_eq!(assembly.state(), State::Over);
    let finish = assembly.finish();
    let made = |id: &str, args| ToolCall { id: id.into(), name: "clock".into(), args };
    assert_eq!(finish.calls, [made("c1", json!({ "a": 1 })), made("c2", json!({ "b": 2 }))]);
    assert_eq!(finish.ending.finish_reason, "tool_calls");
    assert_eq!(finish.ending.usage, Usage { cache_read: 3, ..Usage::tokens(6, 4) });
}

#[test]
fn an_answer_ends_as_it_says() {
    let cases = [
        (json!({ "status": "completed" }), "stop"),
        (json!({ "status": "incomplete", "incomplete_details": { "reason": "max_output_tokens" } }), "length"),
        (json!({ "status": "incomplete", "incomplete_details": { "reason": "content_filter" } }), "content_filter"),
    ];
    for (response, reason) in cases {
        let (_, mut assembly) = take(&[json!({ "type": "response.completed", "response": response })]).unwrap();
        assert_eq!(assembly.finish().ending.finish_reason, reason, "{response}");
    }
}

#[test]
fn what_cannot_be_taken_says_why() {
    let failed = json!({ "code": "server_error", "message": "it died" });
    let cases = [
        (
            json!({ "type": "response.failed", "response": { "status": "failed", "error": failed } }),
            Bad::Reported(failed.clone()),
        ),
        (json!({ "type": "error", "code": "x", "message": "no" }), Bad::Reported(json!({ "message": "no", "code": "x" }))),
        (json!({ "error": failed }), Bad::Reported(failed.clone())),
        (json!({ "type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{" }), Bad::OutOfOrder),
        (json!({ "type": "response.completed" }), Bad::Unreadable),
        (json!({}), Bad::Unreadable),
        (json!([1]), Bad::Unreadable),
    ];
    for (event, bad) in cases {
        assert_eq!(take(std::slice::from_ref(&event)).err(), Some(bad), "{event}");
    }
}

#[test]
fn a_response_in_one_piece_is_taken() {
    let (pieces, mut assembly) = take(&[json!({
        "object": "response", "status": "completed", "error": null, "incomplete_details": null,
        "output": [
            { "type": "reasoning", "summary": [] },
            { "type": "message", "content": [{ "type": "output_text", "text": "Hello" }] },
            { "type": "function_call", "call_id": "c1", "name": "clock", "arguments": "{}" },
        ],
        "usage": { "input_tokens": 1, "output_tokens": 2 },
    })])
    .unwrap();
    assert_eq!(pieces, [Piece::Text("Hello".into())]);
    let finish = assembly.finish();
    assert_eq!((finish.calls.len(), finish.ending.usage), (1, Usage::tokens(1, 2)));
}

#[test]
fn pictures_of_tools_follow_their_results() {
    let blind = AboutModel { images: Ability::Cannot, ..AboutModel::named("big") };
    let shown = sent(&seen(), None);
    let items = shown["input"].as_array().unwrap();
    let [.., result, pictures] = &items[..] else { panic!("{shown}") };
    assert_eq!(result, &json!({ "type": "function_call_output", "call_id": "c2", "output": "two" }));
    let picture = json!({ "type": "input_image", "image_url": "data:image/png;base64,YWJj", "detail": "auto" });
    assert_eq!((&pictures["role"], &pictures["content"][1]), (&json!("user"), &picture), "{pictures}");
    assert_eq!(sent(&seen(), Some(&blind))["input"].as_array().unwrap().len() + 1, items.len());
}
