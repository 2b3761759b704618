//! What bytes are, by themselves. What a sender says of them counts only where they are plain text, of which nobody can tell the kind.

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// Its MIME type.
    pub(super) mime: String,
    /// The ending that a file of it has; `None` where any will do.
    pub(super) ending: Option<&'static str>,
}

/// Types of text that a sender may claim, beside `text/*`.
const TEXT_TYPES: &[&str] =
    &["application/json", "application/xml", "application/yaml", "application/x-ndjson", "application/toml"];

/// Looks at the first bytes of a file.
pub(super) fn sniff(head: &[u8], claimed: Option<&str>) -> Kind {
    if let Some(kind) = infer::get(head) {
        return Kind { mime: kind.mime_type().to_owned(), ending: Some(kind.extension()) };
    }
    if !is_text(head) {
        return Kind { mime: "application/octet-stream".to_owned(), ending: None };
    }
    let claimed = claimed.map(|mime| mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let believed = claimed.filter(|mime| {
        let plain = mime.len() <= 64 && mime.bytes().all(|byte| byte.is_ascii_graphic());
        plain && (mime.starts_with("text/") || TEXT_TYPES.contains(&mime.as_str()))
    });
    Kind { mime: believed.unwrap_or_else(|| "text/plain".to_owned()), ending: None }
}

/// The head may end inside a character.
fn is_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    whole && !head.contains(&0)
}
