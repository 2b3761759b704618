//! What a server answers, cut to what a turn can bear.

use callboard_actors::ports::{McpAnswer, McpVerdict};
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::{Value, json};

/// How many bytes of text are kept of an answer.
pub(super) const TEXT_BYTES_MAX: usize = 256 * 1024;
/// How many bytes of structured content are kept; more of it is left out whole, since a part of it would be no JSON.
const STRUCTURED_BYTES_MAX: usize = 256 * 1024;

/// Reads an answer. Pictures and sound are told and left out: a turn cannot look at them yet.
pub(super) fn answer(result: CallToolResult) -> McpAnswer {
    let verdict = if result.is_error == Some(true) { McpVerdict::Failed } else { McpVerdict::Done };
    let mut text = String::new();
    let mut kinds = Vec::with_capacity(result.content.len().min(64));
    for block in result.content {
        let (kind, part) = part(block);
        if kinds.len() < 64 {
            kinds.push(kind);
        }
        if !part.is_empty() && text.len() <= TEXT_BYTES_MAX {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&part);
        }
    }
    let structured = result.structured_content.filter(|value| value.to_string().len() <= STRUCTURED_BYTES_MAX);
    if text.is_empty()
        && let Some(structured) = &structured
    {
        text = structured.to_string();
    }
    let truncated = text.len() > TEXT_BYTES_MAX;
    let mut text = cut(text);
    if text.is_empty() {
        "(no text)".clone_into(&mut text);
    }
    let details = json!({ "content": kinds, "structuredContent": structured.unwrap_or(Value::Null), "truncated": truncated });
    McpAnswer { text, details, verdict }
}

fn part(block: ContentBlock) -> (&'static str, String) {
    match block {
        ContentBlock::Text(text) => ("text", text.text),
        ContentBlock::Image(image) => ("image", format!("[a picture, {}: left out]", short(&image.mime_type))),
        ContentBlock::Audio(audio) => ("audio", format!("[sound, {}: left out]", short(&audio.mime_type))),
        ContentBlock::ResourceLink(link) => ("resource_link", format!("[{}: {}]", short(&link.name), short(&link.uri))),
        ContentBlock::Resource(resource) => match resource.resource {
            ResourceContents::TextResourceContents { text, .. } => ("resource", text),
            ResourceContents::BlobResourceContents { uri, .. } => ("resource", format!("[{}: no text, left out]", short(&uri))),
            _ => ("resource", String::new()),
        },
        _ => ("other", String::new()),
    }
}

fn short(text: &str) -> String {
    text.chars().take(512).collect()
}

/// Cuts a text to its bound, whole characters only, and says so.
fn cut(mut text: String) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text;
    }
    text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    text.push_str("\n[cut: the answer was longer]");
    text
}
