//! A page as it came, and what can be read on it.

use encoding_rs::{Encoding, UTF_8};
use url::Url;

use super::html;

/// A page as it came.
pub(super) struct Page {
    /// Where it was found in the end.
    pub(super) url: Url,
    /// What the server said of it.
    pub(super) status: u16,
    /// Its type, with the parameters.
    pub(super) content_type: String,
    /// Its first bytes.
    pub(super) bytes: Vec<u8>,
    /// Whether there were more.
    pub(super) truncated: bool,
}

/// What can be read on a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Readable {
    pub(super) title: Option<String>,
    pub(super) text: String,
    pub(super) truncated: bool,
}

impl Page {
    /// Returns whether something of that type is a text.
    pub(super) fn is_readable(content_type: &str) -> bool {
        let kind = essence(content_type);
        kind.is_empty()
            || kind.starts_with("text/")
            || kind.ends_with("+xml")
            || kind.ends_with("+json")
            || matches!(kind.as_str(), "application/json" | "application/xml" | "application/javascript")
    }

    /// Returns the text, at most so many characters of it.
    pub(super) fn read(&self, chars_max: usize) -> Readable {
        let (whole, ..) = self.encoding().decode(&self.bytes);
        let (title, text) = match essence(&self.content_type).as_str() {
            "text/html" | "application/xhtml+xml" => html::read(&whole),
            _ => (None, whole.into_owned()),
        };
        match text.char_indices().nth(chars_max) {
            Some((end, _)) => Readable { title, text: text.get(..end).unwrap_or_default().to_owned(), truncated: true },
            None => Readable { title, text, truncated: self.truncated },
        }
    }

    fn encoding(&self) -> &'static Encoding {
        let parameters = self.content_type.split(';').skip(1);
        let label = parameters
            .filter_map(|parameter| parameter.split_once('='))
            .find_map(|(name, value)| name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"')));
        label.and_then(|label| Encoding::for_label(label.as_bytes())).unwrap_or(UTF_8)
    }
}

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
