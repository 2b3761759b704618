//! The request's body.

use callboard_actors::agent::Prompt;
use callboard_actors::message::{Entry, Role, Said, Sampling, ToolChoice, ToolResult, ToolRound, ToolSpec, ToolUse};
use serde_json::{Map, Value, json};

use crate::providers::remote::completions::EFFORTS;
use crate::providers::remote::picture::{sort, with_links};
use crate::providers::remote::settings::{Ability, AboutModel};

/// Returns the body that asks a prompt.
pub(in super::super) fn body(prompt: &Prompt, about: Option<&AboutModel>) -> serde_json::Result<Vec<u8>> {
    let history = prompt.history.iter().flat_map(past);
    let before = prompt.before.iter().flat_map(said);
    let rounds = prompt.rounds.iter().flat_map(round);
    let input: Vec<Value> = history.chain(before).chain([now(prompt, about)]).chain(rounds).collect();
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
    put("model", json!(prompt.model));
    put("input", Value::Array(input));
    put("stream", json!(true));
    put("store", json!(false));
    if let Some(system) = &prompt.system {
        put("instructions", json!(system));
    }
    put_tools(&prompt.tools, &mut put);
    put_sampling(&prompt.sampling, &mut put);
    let thinking = prompt.thinking.as_deref().filter(|level| EFFORTS.contains(level));
    let thinking = thinking.filter(|_| about.is_none_or(|about| about.thinking == Ability::Can));
    if let Some(effort) = prompt.sampling.reasoning_effort.as_deref().or(thinking) {
        put("reasoning", json!({ "effort": effort, "summary": "auto" }));
    }
    serde_json::to_vec(&body)
}

fn put_tools(tools: &ToolUse, put: &mut impl FnMut(&str, Value)) {
    // Backends refuse a choice among nothing.
    if tools.specs.is_empty() {
        return;
    }
    put("tools", tools.specs.iter().map(tool).collect());
    if let Some(choice) = &tools.choice {
        put(
            "tool_choice",
            match choice {
                ToolChoice::Auto => json!("auto"),
                ToolChoice::Never => json!("none"),
                ToolChoice::Required => json!("required"),
                ToolChoice::Named(name) => json!({ "type": "function", "name": name }),
            },
        );
    }
    if let Some(parallel) = tools.parallel {
        put("parallel_tool_calls", json!(parallel));
    }
}

fn tool(spec: &ToolSpec) -> Value {
    let none = || json!({ "type": "object", "properties": {} });
    json!({
        "type": "function",
        "name": spec.name,
        "description": spec.description,
        "parameters": spec.parameters.clone().unwrap_or_else(none),
        // The protocol takes every schema as a strict one where nothing is said.
        "strict": spec.strict.unwrap_or(false),
    })
}

/// Stop texts and seeds are unknown to the protocol.
fn put_sampling(sampling: &Sampling, put: &mut impl FnMut(&str, Value)) {
    if let Some(temperature) = sampling.temperature {
        put("temperature", json!(temperature));
    }
    if let Some(top_p) = sampling.top_p {
        put("top_p", json!(top_p));
    }
    if let Some(tokens) = sampling.max_completion_tokens.or(sampling.max_tokens) {
        put("max_output_tokens", json!(tokens));
    }
    if let Some(format) = &sampling.response_format {
        put("text", json!({ "format": flat(format) }));
    }
}

/// The schema of an answer stands one level higher here than in chat completions.
fn flat(format: &Value) -> Value {
    let Some(schema) = format.get("json_schema").and_then(Value::as_object) else { return format.clone() };
    let mut flat = schema.clone();
    flat.insert("type".into(), json!("json_schema"));
    Value::Object(flat)
}

fn line(role: Role, text: &str) -> Value {
    let role = match role {
        Role::System => "system",
        Role::Assistant => "assistant",
        // A result stands there without its call, which the protocol does not allow.
        Role::User | Role::Tool => "user",
    };
    json!({ "role": role, "content": text })
}

/// An earlier line. Its picture is only named: a link that has expired since would make the backend refuse the whole session.
/// The tools that were called on the way to an answer stand before it.
fn past(entry: &Entry) -> impl Iterator<Item = Value> {
    let text = entry.last_words();
    // After a turn that ended with its tools there is nothing more.
    let is_said = entry.rounds.is_empty() || !text.is_empty();
    entry.rounds.iter().flat_map(round).chain(is_said.then(|| line(entry.role, &with_links(text, &entry.media))))
}

fn said(said: &Said) -> Vec<Value> {
    match said {
        Said::Line { role, text } => vec![line(*role, text)],
        Said::Round(calls) => round(calls).collect(),
    }
}

fn now(prompt: &Prompt, about: Option<&AboutModel>) -> Value {
    let sorted = sort(&prompt.text, &prompt.media, about);
    if sorted.pictures.is_empty() {
        return line(Role::User, &sorted.text);
    }
    let text = (!sorted.text.is_empty()).then(|| json!({ "type": "input_text", "text": sorted.text }));
    let picture = |url: &str| json!({ "type": "input_image", "image_url": url, "detail": "auto" });
    let parts: Vec<_> = text.into_iter().chain(sorted.pictures.iter().map(|media| picture(&media.url))).collect();
    json!({ "role": "user", "content": parts })
}

fn round(round: &ToolRound) -> impl Iterator<Item = Value> {
    let text = (!round.text.is_empty()).then(|| line(Role::Assistant, &round.text));
    let calls = round.calls.iter().map(
        |(call, _)| json!({ "type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.args_text() }),
    );
    let results = round.calls.iter().map(|(call, result)| {
        let output = match result {
            ToolResult::Done(text) => text.clone(),
            ToolResult::Failed(reason) => format!("error: {reason}"),
        };
        json!({ "type": "function_call_output", "call_id": call.id, "output": output })
    });
    text.into_iter().chain(calls).chain(results)
}
