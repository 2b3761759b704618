use std::collections::VecDeque;

use callboard_actors::agent::{Piece, Prompt, Thought};
use callboard_actors::message::{
    Entry, Media, Role, RunId, Said, Sampling, ToolCall, ToolChoice, ToolResult, ToolRound, ToolSpec, ToolUse, Usage,
};
use serde_json::{Value, json};

use super::*;
use crate::providers::remote::doubles::{hello, seen};
use crate::providers::remote::settings::{Ability, AboutModel};
use crate::providers::remote::style::{Assemble, Bad, State};

fn sent(prompt: &Prompt, about: Option<&AboutModel>) -> Value {
    serde_json::from_slice(&body(prompt, about).unwrap()).unwrap()
}

fn cached(text: &str) -> Value {
    json!({ "type": "text", "text": text, "cache_control": { "type": "ephemeral" } })
}

#[test]
fn a_bare_question_says_no_more_than_it_has_to() {
    let expected = json!({
        "model": "big", "stream": true, "max_tokens": 8192, "messages": [{ "role": "user", "content": [cached("hello")] }],
    });
    assert_eq!(sent(&hello(), None), expected);
}

#[test]
fn a_conversation_is_told_in_turns() {
    let entry = |role, text: &str| Entry {
        role,
        text: text.into(),
        media: Vec::new(),
        run: RunId::new(),
        at_ms: 0,
        rounds: Vec::new(),
    };
    let call = |id: &str, args| ToolCall { id: id.into(), name: "clock".into(), args };
    let media = |url: &str, mime: &str| Media::at_url(url, Some(mime.into()));
    let calls = vec![
        (call("c1", json!({ "zone": "utc" })), ToolResult::Done("noon".into())),
        (call("c2", json!("no json")), ToolResult::Failed("no tool".into())),
    ];
    let prompt = Prompt {
        system: Some("Be kind.".into()),
        history: vec![
            entry(Role::Assistant, "welcome"),
            entry(Role::System, "Be brief."),
            entry(Role::User, "a"),
            entry(Role::User, " "),
        ],
        media: vec![
            media("https://a/b.png", "image/png"),
            media("data:image/jpeg;base64,AAAA", "image/jpeg"),
            media("https://a/c.pdf", "application/pdf"),
        ],
        rounds: vec![ToolRound { text: String::new(), calls }],
        ..hello()
    };
    let sent = sent(&prompt, None);
    assert_eq!(sent["system"], json!([cached("Be kind.\n\nBe brief.")]));
    let expected = json!([
        { "role": "user", "content": [{ "type": "text", "text": "[the conversation begins]" }] },
        { "role": "assistant", "content": [{ "type": "text", "text": "welcome" }] },
        { "role": "user", "content": [
            { "type": "text", "text": "a" },
            { "type": "image", "source": { "type": "url", "url": "https://a/b.png" } },
            { "type": "image", "source": { "type": "base64", "media_type": "image/jpeg", "data": "AAAA" } },
            { "type": "text", "text": "hello\n[media] https://a/c.pdf (application/pdf)" },
        ] },
        { "role": "assistant", "content": [
            { "type": "tool_use", "id": "c1", "name": "clock", "input": { "zone": "utc" } },
            { "type": "tool_use", "id": "c2", "name": "clock", "input": { "arguments": "no json" } },
        ] },
        { "role": "user", "content": [
            { "type": "tool_result", "tool_use_id": "c1", "content": "noon" },
            { "type": "tool_result", "tool_use_id": "c2", "content": "no tool", "is_error": true,
              "cache_control": { "type": "ephemeral" } },
        ] },
    ]);
    assert_eq!(sent["messages"], expected);
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
    let spec = ToolSpec { name: "clock".into(), description: None, parameters: None, strict: None };
    let history = vec![with_a_round()];
    let tools = ToolUse { specs: vec![spec.into()], ..ToolUse::default() };
    let sent = sent(&Prompt { history, tools, ..hello() }, None);
    let expected = json!([
        { "role": "assistant", "content": [
            { "type": "text", "text": "Let me see. " },
            { "type": "tool_use", "id": "c1", "name": "clock", "input": {} },
        ] },
        { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "c1", "content": "noon" }] },
        { "role": "assistant", "content": [{ "type": "text", "text": "It is noon." }] },
    ]);
    assert_eq!(sent["messages"].as_array().unwrap()[1..4], *expected.as_array().unwrap());
}

/// The protocol refuses calls in a request that tells of no tools.
#[test]
fn calls_stand_beside_their_tools_where_none_are_offered() {
    let rounds = with_a_round().rounds;
    let prompts = [
        Prompt { history: vec![with_a_round()], ..hello() },
        Prompt { before: vec![Said::Round(rounds[0].clone())], ..hello() },
        Prompt { rounds, ..hello() },
    ];
    for prompt in prompts {
        let sent = sent(&prompt, None);
        let said = sent["messages"].as_array().unwrap().iter().flat_map(|message| message["content"].as_array().unwrap());
        let calls: Vec<_> = said.filter(|part| part["type"] == "tool_use").map(|part| part["name"].clone()).collect();
        assert_eq!(calls, ["clock"], "{sent}");
        let tool = json!({ "name": "clock", "input_schema": { "type": "object", "properties": {} } });
        assert_eq!((&sent["tools"], &sent["tool_choice"]), (&json!([tool]), &json!({ "type": "none" })));
    }
}

#[test]
fn a_model_that_takes_no_images_is_told_of_them() {
    let about = AboutModel { images: Ability::Cannot, ..AboutModel::named("big") };
    let inline = Media::at_url("data:image/png;base64,AAAA", Some("image/png".into()));
    let sent = sent(&Prompt { media: vec![inline], ..hello() }, Some(&about));
    assert_eq!(sent["messages"][0]["content"], json!([cached("hello\n[media] (image/png)")]));
}

#[test]
fn tools_are_offered_as_the_asker_says() {
    let spec = ToolSpec { name: "clock".into(), description: Some("tells".into()), parameters: None, strict: Some(true) };
    let cases = [
        (None, None, json!({ "type": "auto" })),
        (Some(ToolChoice::Auto), Some(false), json!({ "type": "auto", "disable_parallel_tool_use": true })),
        (Some(ToolChoice::Never), Some(true), json!({ "type": "none" })),
        (Some(ToolChoice::Required), None, json!({ "type": "any" })),
        (
            Some(ToolChoice::Named("clock".into())),
            Some(true),
            json!({ "type": "tool", "name": "clock", "disable_parallel_tool_use": false }),
        ),
    ];
    for (choice, parallel, expected) in cases {
        let tools = ToolUse { specs: vec![spec.clone().into()], choice: choice.clone(), parallel };
        let sent = sent(&Prompt { tools, ..hello() }, None);
        assert_eq!(sent["tool_choice"], expected, "{choice:?}");
        let schema = json!({ "type": "object", "properties": {} });
        assert_eq!(sent["tools"], json!([{ "name": "clock", "description": "tells", "input_schema": schema }]));
    }
}

#[test]
fn thinking_has_a_budget_within_what_the_model_writes() {
    let model = |most| AboutModel { output_tokens_max: most, ..AboutModel::named("big") };
    let cases = [
        ("low", model(None), None, Some(2_048), 10_240),
        ("high", model(Some(64_000)), Some(1_000), Some(16_384), 17_384),
        ("high", model(Some(4_096)), None, Some(3_072), 4_096),
        ("high", model(Some(1_500)), None, None, 1_500),
        ("off", model(None), Some(7), None, 7),
        ("low", AboutModel { thinking: Ability::Cannot, ..model(None) }, None, None, 8_192),
    ];
    for (level, about, asked, budget, most) in cases {
        let sampling = Sampling { max_tokens: asked, temperature: Some(1.5), ..Sampling::default() };
        let sent = sent(&Prompt { thinking: Some(level.into()), sampling, ..hello() }, Some(&about));
        assert_eq!(sent["thinking"]["budget_tokens"].as_u64(), budget, "{level} {about:?}");
        assert_eq!(sent["max_tokens"], json!(most), "{level} {about:?}");
        assert_eq!(sent.get("temperature"), budget.is_none().then_some(&json!(1.0)), "{level}");
    }
}

/// The protocol wants a turn with thoughts to begin with a signed one of the same model.
#[test]
fn a_model_thinks_on_behind_a_tool_where_its_own_thoughts_go_back_with_it() {
    let call = |id: &str| ToolCall { id: id.into(), name: "clock".into(), args: json!({}) };
    let round = |id: &str| ToolRound { text: "so".into(), calls: vec![(call(id), ToolResult::Done("noon".into()))] };
    let thought = |model: &str| Thought { model: model.into(), block: json!({ "type": "thinking", "signature": "s" }) };
    let cases = [
        (vec![], false),
        (vec![(0, vec![thought("big")])], true),
        (vec![(0, vec![thought("big")]), (1, vec![thought("big"), thought("big")])], true),
        (vec![(1, vec![thought("big")])], false),
        (vec![(0, vec![])], false),
        (vec![(0, vec![thought("other")])], false),
        (vec![(0, vec![thought("big")]), (1, vec![thought("other")])], false),
    ];
    for (thoughts, thinks) in cases {
        let thoughts: std::collections::BTreeMap<_, _> = thoughts.into_iter().collect();
        let rounds = vec![round("c1"), round("c2")];
        let prompt = Prompt { thinking: Some("high".into()), rounds, thoughts: thoughts.clone(), ..hello() };
        let sent = sent(&prompt, None);
        assert_eq!(sent.get("thinking").is_some(), thinks, "{thoughts:?}");
        for place in 0..2 {
            let said = sent["messages"][1 + 2 * place]["content"].as_array().unwrap();
            let kinds: Vec<_> = said.iter().map(|part| part["type"].as_str().unwrap()).collect();
            let count = if thinks { thoughts.get(&place).map_or(0, Vec::len) } else { 0 };
            assert_eq!(kinds, [vec!["thinking"; count], vec!["text", "tool_use"]].concat(), "{thoughts:?}");
        }
    }
}

fn take(events: &[Value]) -> Result<(Vec<Piece>, Assembly), Bad> {
    let (mut assembly, mut pieces) = (Assembly::of("big"), VecDeque::new());
    for event in events {
        assembly.take(&event.to_string(), &mut pieces)?;
    }
    Ok((pieces.into(), assembly))
}

fn start() -> Value {
    let usage =
        json!({ "input_tokens": 9, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 2, "output_tokens": 1 });
    json!({ "type": "message_start", "message": { "usage": usage } })
}

fn begin(index: u64, block: Value) -> Value {
    json!({ "type": "content_block_start", "index": index, "content_block": block })
}

fn fill(index: u64, delta: Value) -> Value {
    json!({ "type": "content_block_delta", "index": index, "delta": delta })
}

#[test]
fn calls_thoughts_and_counts_are_put_together() {
    let tool = |id: &str| json!({ "type": "tool_use", "id": id, "name": "clock", "input": {} });
    let json_part = |text: &str| json!({ "type": "input_json_delta", "partial_json": text });
    let (pieces, mut assembly) = take(&[
        start(),
        json!({ "type": "ping" }),
        json!({ "type": "a_kind_of_tomorrow", "delta": 7 }),
        begin(0, json!({ "type": "thinking", "thinking": "" })),
        fill(0, json!({ "type": "thinking_delta", "thinking": "hm" })),
        fill(0, json!({ "type": "signature_delta", "signature": "x" })),
        json!({ "type": "content_block_stop", "index": 0 }),
        begin(1, json!({ "type": "text", "text": "" })),
        fill(1, json!({ "type": "text_delta", "text": "so" })),
        begin(2, tool("c1")),
        begin(3, tool("c2")),
        fill(3, json_part("{\"b\":")),
        fill(2, json_part("")),
        fill(3, json_part("2}")),
        json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" }, "usage": { "output_tokens": 40 } }),
        json!({ "type": "message_stop" }),
    ])
    .unwrap();
    let told: Vec<_> = pieces.into_iter().filter(|piece| *piece != Piece::Thinking).collect();
    let thought = Thought { model: "big".into(), block: json!({ "type": "thinking", "thinking": "hm", "signature": "x" }) };
    assert_eq!(told, [Piece::Reasoning("hm".into()), Piece::Thought(thought), Piece::Text("so".into())]);
    assert_eq!(assembly.state(), State::Over);
    let finish = assembly.finish();
    let made = |id: &str, args| ToolCall { id: id.into(), name: "clock".into(), args };
    assert_eq!(finish.calls, [made("c1", json!({})), made("c2", json!({ "b": 2 }))]);
    assert_eq!(finish.ending.finish_reason, "tool_calls");
    assert_eq!(finish.ending.usage, Usage { cache_read: 3, cache_write: 2, ..Usage::tokens(9, 40) });
}

#[test]
fn an_answer_ends_as_it_says() {
    let cases = [("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"), ("refusal", "content_filter")];
    for (stop, reason) in cases {
        let (_, mut assembly) = take(&[start(), json!({ "type": "message_delta", "delta": { "stop_reason": stop } })]).unwrap();
        assert_eq!(assembly.state(), State::Whole, "only the farewell is missing");
        assert_eq!(assembly.finish().ending.finish_reason, reason);
    }
}

#[test]
fn what_cannot_be_taken_says_why() {
    let text = json!({ "type": "text_delta", "text": "x" });
    let block = json!({ "type": "text", "text": "" });
    let failed = json!({ "type": "overloaded_error", "message": "later" });
    let cases = [
        (vec![fill(0, text.clone())], Bad::OutOfOrder),
        (vec![begin(0, block.clone())], Bad::OutOfOrder),
        (vec![json!({ "type": "message_stop" })], Bad::OutOfOrder),
        (vec![json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" } })], Bad::OutOfOrder),
        (vec![start(), begin(0, block.clone()), begin(0, block.clone())], Bad::OutOfOrder),
        (vec![start(), begin(0, block), fill(0, json!({ "type": "input_json_delta", "partial_json": "{" }))], Bad::OutOfOrder),
        (vec![start(), json!({ "type": "error", "error": failed })], Bad::Reported(failed)),
        (vec![json!({})], Bad::Unreadable),
        (vec![json!("x")], Bad::Unreadable),
    ];
    for (events, bad) in cases {
        assert_eq!(take(&events).err(), Some(bad), "{events:?}");
    }
}

#[test]
fn thoughts_are_kept_where_they_are_signed_and_as_far_as_there_is_room() {
    let thought = |block| Piece::Thought(Thought { model: "big".into(), block });
    let stop = |index: u64| json!({ "type": "content_block_stop", "index": index });
    let hidden = json!({ "type": "redacted_thinking", "data": "zz" });
    let (pieces, _) = take(&[
        start(),
        begin(0, hidden.clone()),
        stop(0),
        begin(1, json!({ "type": "thinking", "thinking": "a" })),
        stop(1),
        begin(2, json!({ "type": "thinking", "thinking": "", "signature": "s" })),
        stop(2),
        stop(9),
    ])
    .unwrap();
    let kept: Vec<_> = pieces.into_iter().filter(|piece| *piece != Piece::Thinking).collect();
    let signed = json!({ "type": "thinking", "thinking": "", "signature": "s" });
    assert_eq!(kept, [thought(hidden.clone()), thought(signed.clone())]);
    let whole = json!({ "type": "message", "content": [signed.clone(), hidden.clone()] });
    assert_eq!(take(&[whole]).unwrap().0, [thought(signed), thought(hidden)]);

    let long = json!({ "type": "thinking_delta", "thinking": "x".repeat(1024 * 1024 / 2 + 1) });
    let begun = begin(0, json!({ "type": "thinking", "thinking": "" }));
    assert!(take(&[start(), begun.clone(), fill(0, long.clone())]).is_ok());
    assert_eq!(take(&[start(), begun, fill(0, long.clone()), fill(0, long)]).err(), Some(Bad::TooMuch));
}

#[test]
fn a_message_in_one_piece_is_taken() {
    let (pieces, mut assembly) = take(&[json!({
        "type": "message", "role": "assistant", "stop_reason": "tool_use",
        "content": [{ "type": "text", "text": "Hello" }, { "type": "tool_use", "id": "c1", "name": "clock", "input": { "a": 1 } }],
        "usage": { "input_tokens": 1, "output_tokens": 2 },
    })])
    .unwrap();
    assert_eq!(pieces, [Piece::Text("Hello".into())]);
    let finish = assembly.finish();
    assert_eq!(finish.calls, [ToolCall { id: "c1".into(), name: "clock".into(), args: json!({ "a": 1 }) }]);
    assert_eq!(finish.ending.usage, Usage::tokens(1, 2));
}

#[test]
fn pictures_of_a_tool_stand_in_its_result() {
    let expected = |content: Value| {
        let last =
            json!({ "type": "tool_result", "tool_use_id": "c2", "content": content, "cache_control": { "type": "ephemeral" } });
        json!([{ "type": "tool_result", "tool_use_id": "c1", "content": "one" }, last])
    };
    let source = json!({ "type": "base64", "media_type": "image/png", "data": "YWJj" });
    let shown = json!([{ "type": "text", "text": "two" }, { "type": "image", "source": source }]);
    let blind = AboutModel { images: Ability::Cannot, ..AboutModel::named("big") };
    for (about, content) in [(None, shown), (Some(&blind), json!("two"))] {
        let sent = sent(&seen(), about);
        assert_eq!(sent["messages"].as_array().unwrap().last().unwrap()["content"], expected(content));
    }
}
