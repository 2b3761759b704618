//! The request's body.

use std::borrow::Cow;

use callboard_actors::agent::Prompt;
use callboard_actors::message::{Sampling, ToolCall, ToolChoice, ToolRound, ToolSpec, ToolUse};
use serde::Serialize;
use serde_json::{Value, json};

use crate::providers::remote::picture::Sorted;
use crate::providers::remote::prompt::{Told, effort, result_text, role_name, told};
use crate::providers::remote::settings::AboutModel;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(flatten)]
    tools: Option<Tools<'a>>,
    #[serde(flatten)]
    sampling: Chosen<'a>,
}

/// Left out whole where there are none: backends refuse a choice among nothing.
#[derive(Serialize)]
struct Tools<'a> {
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: &'a ToolSpec,
}

/// What is not set is not sent: backends refuse what their model does not know.
#[derive(Serialize)]
struct Chosen<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'a str>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    /// Null for calls without a word, as the backends themselves have it.
    content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<Part<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: String },
    ImageUrl { image_url: Image<'a> },
}

#[derive(Serialize)]
struct Image<'a> {
    url: Cow<'a, str>,
}

#[derive(Serialize)]
struct Call<'a> {
    id: &'a str,
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: String,
}

/// Returns the body that asks a prompt.
pub(in super::super) fn body(prompt: &Prompt, about: Option<&AboutModel>) -> serde_json::Result<Vec<u8>> {
    let system = prompt.system.iter().map(|system| line("system", system.into()));
    let messages = system.chain(told(prompt, about).flat_map(messages)).collect();
    serde_json::to_vec(&Body {
        model: &prompt.model,
        messages,
        stream: true,
        stream_options: StreamOptions { include_usage: true },
        tools: tools(&prompt.tools),
        sampling: chosen(&prompt.sampling, effort(prompt, about)),
    })
}

fn tools(tools: &ToolUse) -> Option<Tools<'_>> {
    if tools.specs.is_empty() {
        return None;
    }
    let tool_choice = tools.choice.as_ref().map(|choice| match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::Never => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => json!({ "type": "function", "function": { "name": name } }),
    });
    let specs = tools.specs.iter().map(|function| Tool { r#type: "function", function }).collect();
    Some(Tools { tools: specs, tool_choice, parallel_tool_calls: tools.parallel })
}

fn chosen<'a>(sampling: &'a Sampling, reasoning_effort: Option<&'a str>) -> Chosen<'a> {
    Chosen {
        temperature: sampling.temperature,
        top_p: sampling.top_p,
        max_tokens: sampling.max_tokens,
        max_completion_tokens: sampling.max_completion_tokens,
        stop: &sampling.stop,
        response_format: sampling.response_format.as_ref(),
        seed: sampling.seed,
        reasoning_effort,
    }
}

fn messages(told: Told<'_>) -> Vec<Message<'_>> {
    match told {
        Told::Line(role, words) => vec![line(role_name(role), words)],
        Told::Round(made) => round(made.made).chain(made.behind().map(now)).collect(),
        Told::Now(said) => vec![now(said)],
    }
}

fn line<'a>(role: &'static str, words: Cow<'a, str>) -> Message<'a> {
    Message { role, content: Some(Content::Text(words)), tool_calls: Vec::new(), tool_call_id: None }
}

/// What is said now: images as parts of their own.
fn now(Sorted { text, pictures }: Sorted<'_>) -> Message<'_> {
    if pictures.is_empty() {
        return line("user", text.into());
    }
    let text = (!text.is_empty()).then_some(Part::Text { text });
    let images = pictures.into_iter().map(|image| Part::ImageUrl { image_url: Image { url: image } });
    let parts = text.into_iter().chain(images).collect();
    Message { content: Some(Content::Parts(parts)), ..line("user", "".into()) }
}

fn round(round: &ToolRound) -> impl Iterator<Item = Message<'_>> {
    let calls = round.calls.iter().map(|(call, _)| made(call)).collect();
    let content = (!round.text.is_empty()).then(|| Content::Text(round.text.as_str().into()));
    let asked = Message { role: "assistant", content, tool_calls: calls, tool_call_id: None };
    let results = round.calls.iter();
    let results = results.map(|(call, result)| Message { tool_call_id: Some(&call.id), ..line("tool", result_text(result)) });
    std::iter::once(asked).chain(results)
}

fn made(call: &ToolCall) -> Call<'_> {
    Call { id: &call.id, r#type: "function", function: Function { name: &call.name, arguments: call.args_text() } }
}
