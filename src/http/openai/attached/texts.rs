//! Files that are texts: read to the model as they are, in a block with their name, as the public gateway does it. They are part of
//! the instructions, so that they stand in no transcript.

use std::sync::Arc;

use callboard_actors::message::base64;

use super::fault::{base64 as no_base64, wrong, wrong_type};
use super::{Attached, BodyRules, Sort, Source};
use crate::http::error::ApiError;
use crate::http::openai::request::ChatMessage;

/// How many text files a request may have.
const TEXTS_MAX: usize = 32;
/// How many bytes of a file's name are kept.
const NAME_BYTES_MAX: usize = 255;

/// Types of text beside `text/*`.
const TEXT_TYPES: &[&str] = &["application/json", "application/xml", "application/yaml", "application/x-ndjson"];

/// Reads every text file that came inside the messages.
///
/// # Errors
/// Names the one that is no text, is of a type that is not read, or is too large; there are too many.
pub(in crate::http::openai) fn read(messages: &mut [ChatMessage], rules: &BodyRules) -> Result<(), ApiError> {
    let mut count = 0;
    for attached in messages.iter_mut().flat_map(|message| &mut message.content.attached) {
        let Attached { at, sort: Sort::File, mime, name, source } = attached else { continue };
        let Source::Inline(data) = source else { continue };
        let said = mime.clone().filter(|mime| mime != "application/octet-stream");
        let kind = said.or_else(|| by_ending(name.as_deref()).map(str::to_owned)).unwrap_or_else(|| "text/plain".to_owned());
        if !rules.files.have(&kind) {
            return Err(wrong_type(at, &kind, &rules.files));
        }
        if is_text(&kind) {
            count += 1;
            if count > TEXTS_MAX {
                return Err(wrong(at, &format!("is one text file too many: a request takes {TEXTS_MAX}")));
            }
            let max = usize::try_from(rules.files.bytes_max).unwrap_or(usize::MAX);
            let bytes = base64::decode(data, max).map_err(|fault| no_base64(at, &fault, &rules.files))?;
            *source = Source::Text(text(at, name.as_deref(), &bytes, rules.chars_max)?);
        }
        *mime = Some(kind);
    }
    Ok(())
}

/// Returns whether a type is one of text.
pub(super) fn is_text(mime: &str) -> bool {
    mime.starts_with("text/") || TEXT_TYPES.contains(&mime)
}

/// Returns the type of a file by its name's ending, of those that are read.
fn by_ending(name: Option<&str>) -> Option<&'static str> {
    let ending = name?.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match ending.as_str() {
        "txt" | "log" => "text/plain",
        "md" | "markdown" => "text/markdown",
        "html" | "htm" => "text/html",
        "csv" => "text/csv",
        "json" => "application/json",
        "pdf" => "application/pdf",
        _ => return None,
    })
}

/// Returns a file's text as a model reads it.
///
/// # Errors
/// It is no UTF-8.
pub(super) fn text(at: &str, name: Option<&str>, bytes: &[u8], chars_max: usize) -> Result<Arc<str>, ApiError> {
    let text = std::str::from_utf8(bytes).map_err(|_| wrong(at, "is not a text in UTF-8"))?;
    Ok(block(name.unwrap_or("file"), text, chars_max).into())
}

/// Returns a file as an agent reads it. Its name and text cannot end the block.
fn block(name: &str, text: &str, chars_max: usize) -> String {
    let name: String = name.get(..name.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default().to_owned();
    let name = name.replace(|mark: char| mark.is_control() || matches!(mark, '"' | '<' | '>'), "_");
    let text = text.replace("</file>", "<\\/file>");
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => {
            let kept = text.get(..end).unwrap_or_default();
            format!("<file name=\"{name}\">\n{kept}\n[cut here: the file is longer]\n</file>")
        }
        None => format!("<file name=\"{name}\">\n{text}\n</file>"),
    }
}
