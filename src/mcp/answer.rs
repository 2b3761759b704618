//! What a server answers, cut to what a turn can bear.

use callboard_actors::message::{Media, base64};
use callboard_actors::ports::{McpAnswer, McpVerdict};
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::{Value, json};

/// How many bytes of text are kept of an answer.
pub(super) const TEXT_BYTES_MAX: usize = 256 * 1024;
/// How many bytes of structured content are kept; more of it is left out whole, since a part of it would be no JSON.
const STRUCTURED_BYTES_MAX: usize = 256 * 1024;

/// How many pictures and files of an answer are taken.
const MEDIA_MAX: usize = 10;
/// How many bytes one of them may have; the media room may take less.
const MEDIA_BYTES_MAX: usize = 16 << 20;

/// Reads an answer. Where a picture, sound or file stands in it, its text says so; its bytes go beside.
pub(super) fn answer(result: CallToolResult) -> McpAnswer {
    let verdict = if result.is_error == Some(true) { McpVerdict::Failed } else { McpVerdict::Done };
    let mut text = String::new();
    let mut kinds = Vec::with_capacity(result.content.len().min(64));
    let mut media = Vec::new();
    for block in result.content {
        let (kind, part) = part(block, &mut media);
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
    McpAnswer { text, details, media, verdict }
}

fn part(block: ContentBlock, media: &mut Vec<Media>) -> (&'static str, String) {
    match block {
        ContentBlock::Text(text) => ("text", text.text),
        ContentBlock::Image(image) => ("image", beside(media, "a picture", None, Some(&image.mime_type), &image.data)),
        ContentBlock::Audio(audio) => ("audio", beside(media, "sound", None, Some(&audio.mime_type), &audio.data)),
        ContentBlock::ResourceLink(link) => ("resource_link", format!("[{}: {}]", short(&link.name), short(&link.uri))),
        ContentBlock::Resource(resource) => match resource.resource {
            ResourceContents::TextResourceContents { text, .. } => ("resource", text),
            ResourceContents::BlobResourceContents { uri, mime_type, blob, .. } => {
                ("resource", beside(media, &short(&uri), uri.rsplit('/').next(), mime_type.as_deref(), &blob))
            }
            _ => ("resource", String::new()),
        },
        _ => ("other", String::new()),
    }
}

/// Puts bytes beside the text; returns what the text says of them.
fn beside(media: &mut Vec<Media>, what: &str, name: Option<&str>, mime: Option<&str>, data: &str) -> String {
    let about = mime.map(|mime| format!(", {}", short(mime))).unwrap_or_default();
    if media.len() >= MEDIA_MAX {
        return format!("[{what}{about}: left out, since an answer may have {MEDIA_MAX}]");
    }
    match base64::decode(data, MEDIA_BYTES_MAX) {
        Ok(bytes) => {
            media.push(Media::in_hand(bytes, name.map(short), mime.map(short)));
            format!("[{what}{about}: file {}]", media.len())
        }
        Err(fault) => format!("[{what}{about}: left out: {fault}]"),
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
