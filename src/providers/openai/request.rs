//! The request's body.

use callboard_actors::agent::{Prompt, ToolCall, ToolResult, ToolRound};
use callboard_actors::message::{Entry, Media, Role};
use serde::Serialize;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    stream_options: StreamOptions,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Content<'a>,
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
pub(super) fn body(prompt: &Prompt) -> serde_json::Result<Vec<u8>> {
    let system = prompt.system.iter().map(|system| plain("system", Content::Borrowed(system)));
    let history = prompt.history.iter().map(past);
    let rounds = prompt.rounds.iter().flat_map(round);
    let messages = system.chain(history).chain([now(&prompt.text, &prompt.media)]).chain(rounds).collect();
    let stream_options = StreamOptions { include_usage: true };
    serde_json::to_vec(&Body { model: &prompt.model, messages, stream: true, stream_options })
}

fn plain<'a>(role: &'static str, content: Content<'a>) -> Message<'a> {
    Message { role, content, tool_calls: Vec::new(), tool_call_id: None }
}

/// An earlier line. Its picture is only named: a link that has expired since would make the backend refuse the whole session.
fn past(entry: &Entry) -> Message<'_> {
    let role = match entry.role {
        Role::System => "system",
        Role::Assistant => "assistant",
        // A result stands in the transcript without its call, which the protocol does not allow.
        Role::User | Role::Tool => "user",
    };
    let content = match &entry.media {
        Some(media) => Content::Owned(with_links(&entry.text, [media])),
        None => Content::Borrowed(&entry.text),
    };
    plain(role, content)
}

/// What is said now: images as parts of their own, other files as lines of the text.
fn now<'a>(text: &'a str, media: &'a [Media]) -> Message<'a> {
    let (images, files): (Vec<_>, Vec<_>) = media.iter().partition(|media| is_image(media));
    if images.is_empty() {
        let content = if files.is_empty() { Content::Borrowed(text) } else { Content::Owned(with_links(text, files)) };
        return plain("user", content);
    }
    let text = with_links(text, files);
    let text = (!text.is_empty()).then_some(Part::Text { text });
    let images = images.into_iter().map(|image| Part::ImageUrl { image_url: Image { url: &image.url } });
    plain("user", Content::Parts(text.into_iter().chain(images).collect()))
}

fn round(round: &ToolRound) -> impl Iterator<Item = Message<'_>> {
    let calls = round.calls.iter().map(|(call, _)| made(call)).collect();
    let asked = Message { tool_calls: calls, ..plain("assistant", Content::Borrowed(&round.text)) };
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
    let arguments = match &call.args {
        // Arguments that were not JSON go back as they came.
        serde_json::Value::String(raw) => raw.clone(),
        args => args.to_string(),
    };
    Call { id: &call.id, r#type: "function", function: Function { name: &call.name, arguments } }
}

fn is_image(media: &Media) -> bool {
    media.mime.as_deref().is_some_and(|mime| mime.starts_with("image/"))
}

fn with_links<'a>(text: &str, media: impl IntoIterator<Item = &'a Media>) -> String {
    media.into_iter().fold(text.to_owned(), |mut text, media| {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str("[media] ");
        text.push_str(&media.url);
        if let Some(mime) = &media.mime {
            text.push_str(&format!(" ({mime})"));
        }
        text
    })
}
