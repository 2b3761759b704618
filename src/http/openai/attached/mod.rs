//! Pictures and files that came with a message: where each stood in the request, and where its bytes are.
//!
//! # Layout
//!
//! - [`Attached`]: one of them, as it was read; [`texts`]: files that are read to the model
//! - [`take`]: those of the question into the media room; `rules`: which are taken

mod fault;
mod rules;
mod take;
mod texts;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use callboard_actors::message::{Media, base64};
use serde_json::Value;

use super::request::ChatMessage;
use crate::http::error::ApiError;

pub use rules::{BodyRules, ByAddress, Kinds};
pub(super) use take::take;
pub(super) use texts::read as read_texts;

/// A picture or file of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attached {
    /// The field that holds it, for errors: `messages[2].content[1].image_url`.
    pub(super) at: String,
    /// Whether it is to be seen or to be read.
    pub(super) sort: Sort,
    /// Its type, as the client says it, in small letters and without parameters.
    pub(super) mime: Option<String>,
    /// Its name, as the client says it.
    pub(super) name: Option<String>,
    /// Where its bytes are.
    pub(super) source: Source,
}

/// Which rules hold for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A picture.
    Picture,
    /// A file.
    File,
}

/// Where the bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// On the web.
    Address(String),
    /// In the request, as base64. Shared, since a conversation that is gone on with is copied.
    Inline(Arc<str>),
    /// In the media room, or on the web for whoever can reach it.
    Taken(Media),
    /// A text, as a model reads it.
    Text(Arc<str>),
    /// Nowhere that it is read from: why.
    Odd(&'static str),
}

/// What an address may be.
const ADDRESS: &str = "must be an http or https URL, or a `data:` address with base64";

impl Attached {
    /// Returns what an address leads to: one of the web, or one that holds the bytes itself.
    pub(super) fn at_address(at: String, sort: Sort, address: &str, name: Option<&str>) -> Self {
        let is_web = |scheme: &str| address.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
        let (mime, source) = match base64::split_address(address) {
            Some((mime, data)) => (Some(mime), Source::Inline(data.into())),
            None if is_web("http://") || is_web("https://") => (None, Source::Address(address.to_owned())),
            None => (None, Source::Odd(ADDRESS)),
        };
        Self { at, sort, mime: mime.and_then(plain_mime), name: name.map(str::to_owned), source }
    }

    /// Returns a file that came as bare base64.
    pub(super) fn inline(at: String, sort: Sort, mime: Option<&str>, data: &str, name: Option<&str>) -> Self {
        let source = Source::Inline(data.into());
        Self { at, sort, mime: mime.and_then(plain_mime), name: name.map(str::to_owned), source }
    }

    /// Returns something that cannot be read.
    pub(super) fn odd(at: String, sort: Sort, why: &'static str) -> Self {
        Self { at, sort, mime: None, name: None, source: Source::Odd(why) }
    }

    /// Reads the fields of a file, in any of the spellings in use: `{source: {type, media_type, data | url, filename}}`,
    /// `{file_data, filename}` and `{file_url, filename}`. `at` names the part.
    pub(super) fn file(part: &Value, at: &str) -> Self {
        let text = |pointer: &str| part.pointer(pointer).and_then(Value::as_str);
        let name = text("/filename").or(text("/source/filename"));
        let place = |field: &str| format!("{at}.{field}");
        if let Some(data) = text("/file_data") {
            let whole = data.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("data:"));
            return match whole {
                true => Self::at_address(place("file_data"), Sort::File, data, name),
                false => Self::inline(place("file_data"), Sort::File, None, data, name),
            };
        }
        if let Some(url) = text("/file_url") {
            return Self::at_address(place("file_url"), Sort::File, url, name);
        }
        if part.get("file_id").is_some_and(|id| !id.is_null()) {
            return Self::odd(place("file_id"), Sort::File, "names a file that is not kept here: send it as `file_data`");
        }
        Self::of_source(part, at, Sort::File, name).unwrap_or_else(|| {
            Self::odd(place("source"), Sort::File, "must hold the file: as base64 in `data`, or by address in `url`")
        })
    }

    /// Reads `{source: {type: "base64", media_type, data}}` and `{source: {type: "url", url}}`.
    pub(super) fn of_source(part: &Value, at: &str, sort: Sort, name: Option<&str>) -> Option<Self> {
        let text = |pointer: &str| part.pointer(pointer).and_then(Value::as_str);
        let at = format!("{at}.source");
        let inline = |data| Self::inline(at.clone(), sort, text("/source/media_type"), data, name);
        let by_url = || text("/source/url").map(|url| Self::at_address(at.clone(), sort, url, name));
        text("/source/data").map(inline).or_else(by_url)
    }

    /// Returns the line by which a model is told of it where it is not shown; never its bytes.
    pub(super) fn line(&self) -> String {
        match &self.source {
            Source::Address(url) => url.clone(),
            Source::Text(text) => text.to_string(),
            Source::Taken(media) => media.line(),
            Source::Inline(_) | Source::Odd(_) => {
                let media = Media::in_hand(bytes::Bytes::new(), self.name.clone(), self.mime.clone());
                Media { size: None, data: None, ..media }.line()
            }
        }
    }

    /// Returns how many bytes of the request it holds by itself.
    pub(super) fn inline_bytes(&self) -> usize {
        if let Source::Inline(data) = &self.source { data.len() } else { 0 }
    }
}

/// Returns a type in small letters, without its parameters; `None` for an empty one.
fn plain_mime(mime: &str) -> Option<String> {
    let mime = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    (!mime.is_empty()).then_some(mime)
}

/// Names the fields of a request by the place of their messages.
///
/// # Errors
/// One of them holds nothing that can be read.
pub(super) fn place(messages: &mut [ChatMessage]) -> Result<(), ApiError> {
    for (index, message) in messages.iter_mut().enumerate() {
        for attached in &mut message.content.attached {
            attached.at = format!("messages[{index}].{}", attached.at);
        }
    }
    look(messages)
}

/// Looks whether everything that came with the messages can be read at all.
///
/// # Errors
/// Names the first that cannot.
pub(super) fn look(messages: &[ChatMessage]) -> Result<(), ApiError> {
    let all = messages.iter().flat_map(|message| &message.content.attached);
    for Attached { at, source, .. } in all {
        if let Source::Odd(why) = source {
            return Err(ApiError::field(at.clone(), format!("`{at}` {why}")));
        }
    }
    Ok(())
}
