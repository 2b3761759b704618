//! Keeps secrets out of what is printed.

use serde_json::Value;

use super::{KeyPath, Segment};

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";

/// Ends of key names, lower-cased, whose values are secrets wherever they stand. By name, so that a key which this version does
/// not know yet is hidden too.
const SECRET_ENDINGS: [&str; 11] = [
    "token",
    "password",
    "passwd",
    "passphrase",
    "apikey",
    "secret",
    "credential",
    "credentials",
    "privatekey",
    "authorization",
    "cookie",
];
/// Key names that end like a secret and are none.
const PLAIN_NAMES: [&str; 2] = ["maxtoken", "mintoken"];
/// Groups that hold other programs' keys under any name.
const SECRET_GROUPS: [&str; 3] = ["vars", "env", "headers"];

/// Returns whether the values under this key are secrets.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let ends = || SECRET_ENDINGS.iter().any(|ending| plain.ends_with(ending));
    SECRET_GROUPS.contains(&name) || (!PLAIN_NAMES.contains(&plain.as_str()) && ends())
}

/// Returns whether everything at a path is a secret.
pub(super) fn is_secret_path(path: &KeyPath) -> bool {
    path.segments().iter().any(|segment| matches!(segment, Segment::Key(key) if is_secret(key)))
}

/// Returns the value with every secret in it replaced; `path` says where it stands.
#[must_use]
pub fn redact(value: &Value, path: &KeyPath) -> Value {
    walk(value, is_secret_path(path))
}

fn walk(value: &Value, secret: bool) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(key, child)| (key.clone(), walk(child, secret || is_secret(key)))).collect(),
        Value::Array(items) => items.iter().map(|item| walk(item, secret)).collect(),
        Value::String(_) | Value::Number(_) if secret => Value::String(REDACTED.to_owned()),
        Value::String(text) => Value::String(super::hidden_url::redact(text)),
        plain => plain.clone(),
    }
}
