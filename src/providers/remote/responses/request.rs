//! The request's body.

use callboard_actors::agent::Prompt;
use callboard_actors::message::{Role, Sampling, ToolChoice, ToolRound, ToolSpec, ToolUse};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::providers::remote::picture::Sorted;
use crate::providers::remote::prompt::{Body, Parameters, Told, effort, parameters, result_text, role_name, told};
use crate::providers::remote::settings::AboutModel;

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    name: &'a str,
    description: Option<&'a str>,
    parameters: Parameters<'a>,
    strict: bool,
}

/// Returns the body that asks a prompt.
pub(in super::super) fn body(prompt: &Prompt, about: Option<&AboutModel>) -> serde_json::Result<Vec<u8>> {
    let mut rest = Map::new();
    let mut put = |name: &str, value: Value| drop(rest.insert(name.to_owned(), value));
    put("model", json!(prompt.model));
    put("input", told(prompt, about).flat_map(items).collect());
    put("stream", json!(true));
    put("store", json!(false));
    if let Some(system) = &prompt.system {
        put("instructions", json!(system));
    }
    put_choice(&prompt.tools, &mut put);
    put_sampling(&prompt.sampling, &mut put);
    if let Some(effort) = effort(prompt, about) {
        put("reasoning", json!({ "effort": effort, "summary": "auto" }));
    }
    serde_json::to_vec(&Body { rest, tools: prompt.tools.specs.iter().map(|spec| tool(spec)).collect() })
}

fn put_choice(tools: &ToolUse, put: &mut impl FnMut(&str, Value)) {
    // Backends refuse a choice among nothing.
    if tools.specs.is_empty() {
        return;
    }
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

fn tool(spec: &ToolSpec) -> Tool<'_> {
    Tool {
        r#type: "function",
        name: &spec.name,
        description: spec.description.as_deref(),
        parameters: parameters(spec),
        // The protocol takes every schema as a strict one where nothing is said.
        strict: spec.strict.unwrap_or(false),
    }
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

fn items(told: Told<'_>) -> Vec<Value> {
    match told {
        Told::Line(role, words) => vec![line(role, &words)],
        Told::Round(made) => round(made.made).chain(made.behind().map(now)).collect(),
        Told::Now(said) => vec![now(said)],
    }
}

fn line(role: Role, words: &str) -> Value {
    json!({ "role": role_name(role), "content": words })
}

/// What is said now: images as parts of their own.
fn now(Sorted { text, pictures }: Sorted<'_>) -> Value {
    if pictures.is_empty() {
        return line(Role::User, &text);
    }
    let text = (!text.is_empty()).then(|| json!({ "type": "input_text", "text": text }));
    let picture = |url: &str| json!({ "type": "input_image", "image_url": url, "detail": "auto" });
    let parts: Vec<_> = text.into_iter().chain(pictures.iter().map(|url| picture(url))).collect();
    json!({ "role": "user", "content": parts })
}

fn round(round: &ToolRound) -> impl Iterator<Item = Value> {
    let text = (!round.text.is_empty()).then(|| line(Role::Assistant, &round.text));
    let calls = round.calls.iter().map(
        |(call, _)| json!({ "type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.args_text() }),
    );
    let results = round
        .calls
        .iter()
        .map(|(call, result)| json!({ "type": "function_call_output", "call_id": call.id, "output": result_text(result) }));
    text.into_iter().chain(calls).chain(results)
}
