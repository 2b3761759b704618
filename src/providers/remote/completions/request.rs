//! The request's body.

use callboard_actors::agent::Prompt;
use callboard_actors::message::{
    Entry, Media, Role, Said, Sampling, ToolCall, ToolChoice, ToolResult, ToolRound, ToolSpec, ToolUse,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::providers::remote::picture::{sort, with_links};
use crate::providers::remote::settings::{Ability, AboutModel};

/// The levels of thinking that the protocol has a name for; with any other the backend decides.
pub(in super::super) const EFFORTS: [&str; 4] = ["minimal", "low", "medium", "high"];

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
    Borrowed(&'a str),
    Owned(String),
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
    url: &'a str,
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
    let system = prompt.system.iter().map(|system| plain("system", Content::Borrowed(system)));
    let history = prompt.history.iter().flat_map(past);
    let before = prompt.before.iter().flat_map(said);
    let rounds = prompt.rounds.iter().flat_map(round);
    let messages = system.chain(history).chain(before).chain([now(&prompt.text, &prompt.media, about)]).chain(rounds).collect();
    let thinking = prompt.thinking.as_deref().filter(|_| about.is_none_or(|about| about.thinking == Ability::Can));
    serde_json::to_vec(&Body {
        model: &prompt.model,
        messages,
        stream: true,
        stream_options: StreamOptions { include_usage: true },
        tools: tools(&prompt.tools),
        sampling: chosen(&prompt.sampling, thinking),
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

/// The asker's own word for how much to think is sent as it is, before that of the session.
fn chosen<'a>(sampling: &'a Sampling, thinking: Option<&'a str>) -> Chosen<'a> {
    let thinking = thinking.filter(|level| EFFORTS.contains(level));
    Chosen {
        temperature: sampling.temperature,
        top_p: sampling.top_p,
        max_tokens: sampling.max_tokens,
        max_completion_tokens: sampling.max_completion_tokens,
        stop: &sampling.stop,
        response_format: sampling.response_format.as_ref(),
        seed: sampling.seed,
        reasoning_effort: sampling.reasoning_effort.as_deref().or(thinking),
    }
}

fn plain<'a>(role: &'static str, content: Content<'a>) -> Message<'a> {
    Message { role, content: Some(content), tool_calls: Vec::new(), tool_call_id: None }
}

/// What the asker tells of the conversation before.
fn said(said: &Said) -> Vec<Message<'_>> {
    match said {
        Said::Line { role, text } => vec![plain(role_name(*role), Content::Borrowed(text))],
        Said::Round(calls) => round(calls).collect(),
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::Assistant => "assistant",
        // A result stands there without its call, which the protocol does not allow.
        Role::User | Role::Tool => "user",
    }
}

/// An earlier line. Its picture is only named: a link that has expired since would make the backend refuse the whole session.
/// The tools that were called on the way to an answer stand before it.
fn past(entry: &Entry) -> impl Iterator<Item = Message<'_>> {
    let text = entry.last_words();
    let content = match &entry.media {
        Some(media) => Content::Owned(with_links(text, [media])),
        None => Content::Borrowed(text),
    };
    // After a turn that ended with its tools there is nothing more.
    let is_said = entry.rounds.is_empty() || !text.is_empty();
    entry.rounds.iter().flat_map(round).chain(is_said.then(|| plain(role_name(entry.role), content)))
}

/// What is said now: images as parts of their own, other files as lines of the text.
fn now<'a>(text: &'a str, media: &'a [Media], about: Option<&AboutModel>) -> Message<'a> {
    if media.is_empty() {
        return plain("user", Content::Borrowed(text));
    }
    let sorted = sort(text, media, about);
    if sorted.pictures.is_empty() {
        return plain("user", Content::Owned(sorted.text));
    }
    let text = (!sorted.text.is_empty()).then_some(Part::Text { text: sorted.text });
    let images = sorted.pictures.into_iter().map(|image| Part::ImageUrl { image_url: Image { url: &image.url } });
    plain("user", Content::Parts(text.into_iter().chain(images).collect()))
}

fn round(round: &ToolRound) -> impl Iterator<Item = Message<'_>> {
    let calls = round.calls.iter().map(|(call, _)| made(call)).collect();
    let content = (!round.text.is_empty()).then_some(Content::Borrowed(round.text.as_str()));
    let asked = Message { role: "assistant", content, tool_calls: calls, tool_call_id: None };
    let results = round.calls.iter().map(|(call, result)| {
        let content = match result {
            ToolResult::Done(text) => Content::Borrowed(text.as_str()),
            ToolResult::Failed(reason) => Content::Owned(format!("error: {reason}")),
        };
        Message { tool_call_id: Some(&call.id), ..plain("tool", content) }
    });
    std::iter::once(asked).chain(results)
}

fn made(call: &ToolCall) -> Call<'_> {
    Call { id: &call.id, r#type: "function", function: Function { name: &call.name, arguments: call.args_text() } }
}
