//! Entries of the lists of people.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Deserialize;

/// How long the server's own ids are, characters.
const ID_CHARS: usize = 17;
/// What may stand before an id, in any case.
const PREFIXES: [&str; 2] = ["rocketchat:", "user:"];

/// One entry as it stands in the file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Entry {
    /// An id, a name, or `*`.
    Text(String),
    /// An id of digits.
    Number(i64),
}

/// Returns entries as policy compares them: `*`, lower-cased ids, and `@name` for names whose id is not known yet. An entry that
/// could be either is both, unless it has the form of the server's own ids.
pub(super) fn list(entries: &[Entry]) -> Vec<String> {
    let mut seen = HashSet::new();
    entries.iter().flat_map(forms).filter(|form| seen.insert(form.clone())).collect()
}

fn forms(entry: &Entry) -> Vec<String> {
    let text = match entry {
        Entry::Text(text) => text.trim().to_owned(),
        Entry::Number(number) => number.to_string(),
    };
    if let Some(id) = PREFIXES.iter().find_map(|prefix| without(&text, prefix)) {
        return if id.is_empty() { Vec::new() } else { vec![id.to_lowercase()] };
    }
    let lower = text.to_lowercase();
    match lower.strip_prefix('@') {
        Some("") => Vec::new(),
        Some(_) => vec![lower],
        None if lower.is_empty() => Vec::new(),
        None if lower == "*" || is_id(&lower) => vec![lower],
        None => vec![format!("@{lower}"), lower],
    }
}

fn is_id(text: &str) -> bool {
    text.len() == ID_CHARS && text.bytes().all(|mark| mark.is_ascii_alphanumeric())
}

fn without<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| tail.trim())
}
