//! The content of an item: a text, or parts of text, pictures and files, in the spelling of OpenResponses and in that of OpenAI.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callboard_actors::message::Media;
use serde_json::Value;

use crate::http::error::ApiError;
use crate::http::fields::kind;
use crate::http::openai::content::Content;

/// How many characters of a file an agent reads; what is longer is cut there and says so.
const FILE_CHARS_MAX: usize = 200_000;
/// How many bytes of a file's name are kept.
const NAME_BYTES_MAX: usize = 255;
/// Files that are read, by their type.
const READABLE: [&str; 5] = ["text/plain", "text/markdown", "text/html", "text/csv", "application/json"];

/// What an item says, and the files that came with it, each as a block of text.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) content: Content,
    pub(super) files: Vec<String>,
}

/// Reads a content; `at` names it.
///
/// # Errors
/// Names the part that cannot be used.
pub(super) fn read(content: &Value, at: &str) -> Result<Read, ApiError> {
    let mut read = Read::default();
    match content {
        Value::String(text) => text.clone_into(&mut read.content.text),
        Value::Array(parts) => {
            for (index, part) in parts.iter().enumerate() {
                read.add(part, &format!("{at}[{index}]"))?;
            }
        }
        other => return Err(ApiError::field(at, format!("`{at}` must be a string or a list of parts, not {}", kind(other)))),
    }
    Ok(read)
}

impl Read {
    /// Returns all of it as one content, the files behind what is said: what came of a call is one message.
    pub(super) fn joined(self) -> Content {
        let Self { mut content, files } = self;
        for file in files {
            if !content.text.is_empty() {
                content.text.push('\n');
            }
            content.text.push_str(&file);
        }
        content
    }

    fn add(&mut self, part: &Value, at: &str) -> Result<(), ApiError> {
        match part.get("type").and_then(Value::as_str) {
            Some("input_text" | "output_text" | "text") => {
                let text = part.get("text").and_then(Value::as_str);
                let text = text.ok_or_else(|| wrong(at, "text", "must be a string"))?;
                if !self.content.text.is_empty() && !text.is_empty() {
                    self.content.text.push('\n');
                }
                self.content.text.push_str(text);
            }
            Some("refusal") => {}
            Some("input_image") => self.content.images.push(picture(part, at)?),
            Some("input_file") => self.files.push(file(part, at)?),
            _ => {
                let text = "is not known: there are `input_text`, `output_text`, `input_image` and `input_file`";
                return Err(wrong(at, "type", text));
            }
        }
        Ok(())
    }
}

fn wrong(at: &str, field: &str, text: &str) -> ApiError {
    let param = format!("{at}.{field}");
    ApiError::field(param.clone(), format!("`{param}` {text}"))
}

fn text_at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// Reads a picture's address: `{source: {type: "url", url}}` or `{image_url}`.
fn picture(part: &Value, at: &str) -> Result<Media, ApiError> {
    let url = text_at(part, "/source/url").or(text_at(part, "/image_url")).or(text_at(part, "/image_url/url"));
    match url {
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => Ok(Media::at_url(url, None)),
        _ => Err(wrong(at, "source", "must be an http or https URL: pictures inside a request are not taken")),
    }
}

/// Reads a file that came inside the request: `{source: {type: "base64", media_type, data, filename}}`, or `{file_data, filename}`
/// with a `data:` address.
fn file(part: &Value, at: &str) -> Result<String, ApiError> {
    let (mime, data, name) = if let Some(address) = text_at(part, "/file_data") {
        let (head, data) = address.split_once(',').unwrap_or(("", address));
        let mime = head.strip_prefix("data:").and_then(|head| head.split(';').next()).unwrap_or("text/plain");
        (mime, Some(data), text_at(part, "/filename"))
    } else {
        let mime = text_at(part, "/source/media_type").unwrap_or_default();
        (mime, text_at(part, "/source/data"), text_at(part, "/source/filename"))
    };
    let data = data.ok_or_else(|| wrong(at, "source", "must hold the file as base64: files elsewhere are not fetched"))?;
    let mime = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !READABLE.contains(&mime.as_str()) {
        let text = format!("has a type that is not read: there are {}", READABLE.join(", "));
        return Err(wrong(at, "source", &text));
    }
    let bytes = STANDARD.decode(data.trim()).map_err(|_| wrong(at, "source", "is not valid base64"))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong(at, "source", "is not a text in UTF-8"))?;
    Ok(block(name.unwrap_or("file"), &text))
}

/// Returns a file as an agent reads it. Its name and text cannot end the block.
fn block(name: &str, text: &str) -> String {
    let name: String = name.get(..name.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default().to_owned();
    let name = name.replace(|mark: char| mark.is_control() || matches!(mark, '"' | '<' | '>'), "_");
    let text = text.replace("</file>", "<\\/file>");
    match text.char_indices().nth(FILE_CHARS_MAX) {
        Some((end, _)) => {
            let kept = text.get(..end).unwrap_or_default();
            format!("<file name=\"{name}\">\n{kept}\n[cut here: the file is longer]\n</file>")
        }
        None => format!("<file name=\"{name}\">\n{text}\n</file>"),
    }
}
