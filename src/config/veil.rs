//! What is shown of a configuration to whoever asks from outside: everything but its secrets.

use std::borrow::Cow;

use serde_json::Value;

use super::check::SHOWN_CHARS_MAX;
use super::secret::{REDACTED, is_secret, is_secret_path};
use super::{ConfigError, KeyPath, hidden_url, substitute};

/// A shorter secret or variable would hide ordinary words; the log has the same bound.
const KNOWN_BYTES_MIN: usize = 6;

/// Hides the values of secret keys, the secrets inside addresses, what looks like a key, and the known secrets and variables
/// wherever else they stand. A value that only names a variable, `${NAME}`, is shown as it is: the name is no secret.
#[derive(Clone, Default)]
pub(super) struct Veil {
    /// What is known word for word, the longest first, with what is shown for it.
    known: Vec<(String, String)>,
    /// Every secret.
    secrets: Vec<String>,
}

impl Veil {
    /// Knows the secrets of trees and the values of the variables in them, by name.
    pub(super) fn of(trees: &[&Value], variables: &[(String, String)]) -> Self {
        let mut secrets = Vec::new();
        trees.iter().for_each(|tree| collect(tree, false, &mut |secret| secrets.push(secret.to_owned())));
        secrets.sort();
        secrets.dedup();
        let mut known = Vec::new();
        secrets.iter().for_each(|secret| add(secret, REDACTED, &mut known));
        for (name, value) in variables {
            add(value, &format!("${{{name}}}"), &mut known);
        }
        known.sort_by(|(one, _), (other, _)| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        known.dedup_by(|(one, _), (other, _)| one == other);
        Self { known, secrets }
    }

    /// Returns every secret that it knows.
    pub(super) fn secrets(&self) -> &[String] {
        &self.secrets
    }

    /// Returns a value as it may be shown; `path` says where it stands.
    pub(super) fn value(&self, value: &Value, path: &KeyPath) -> Value {
        self.walk(value, is_secret_path(path))
    }

    /// Returns a text that belongs to no key as it may be shown.
    pub(super) fn text(&self, text: &str) -> String {
        let text = self.known(text);
        let text = hidden_url::redact(&text);
        crate::logs::hide_what_looks_secret(&text).unwrap_or(text)
    }

    /// Returns a text of ours as it may be shown: only what is known word for word can be in it.
    pub(super) fn known<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for (known, shown) in &self.known {
            if text.contains(known.as_str()) {
                text = Cow::Owned(text.replace(known.as_str(), shown));
            }
        }
        text
    }

    /// Takes secrets and variables out of what is wrong.
    pub(super) fn error(&self, error: ConfigError) -> ConfigError {
        let ConfigError::Invalid(mut problems) = error else { return error };
        problems.iter_mut().for_each(|problem| problem.text = self.known(&problem.text).into_owned());
        ConfigError::Invalid(problems)
    }

    fn walk(&self, value: &Value, secret: bool) -> Value {
        match value {
            Value::Object(map) => {
                map.iter().map(|(key, below)| (key.clone(), self.walk(below, secret || is_secret(key)))).collect()
            }
            Value::Array(items) => items.iter().map(|item| self.walk(item, secret)).collect(),
            Value::String(text) if substitute::is_reference(text) => value.clone(),
            Value::String(_) | Value::Number(_) if secret => REDACTED.into(),
            Value::String(text) => self.text(text).into(),
            plain => plain.clone(),
        }
    }
}

/// Shows how many are known only.
impl std::fmt::Debug for Veil {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Veil({})", self.known.len())
    }
}

/// Calls with every secret text of a tree.
fn collect<'a>(value: &'a Value, secret: bool, found: &mut impl FnMut(&'a str)) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, below)| collect(below, secret || is_secret(key), found)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, secret, found)),
        Value::String(text) if substitute::is_reference(text) => {}
        Value::String(text) if secret => found(text),
        Value::String(text) => hidden_url::secrets(text).for_each(found),
        _ => {}
    }
}

/// Knows a text, the way it is written in JSON, and the piece of it that an error shows of a long one.
fn add(text: &str, shown: &str, known: &mut Vec<(String, String)>) {
    if text.trim().len() < KNOWN_BYTES_MIN {
        return;
    }
    let quoted = Value::from(text).to_string();
    let inside = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    let piece: String = inside.chars().take(SHOWN_CHARS_MAX - 1).collect();
    let forms = [text.trim().to_owned(), inside.to_owned(), piece];
    known.extend(forms.into_iter().map(|form| (form, shown.to_owned())));
}
