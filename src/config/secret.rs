//! Keeps secrets out of what is printed.

use serde_json::Value;

use super::{KeyPath, Segment};

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";

/// Ends of key names, lower-cased, whose values are secrets wherever they stand. By name, so that a key which this version does
/// not know yet is hidden too.
const SECRET_ENDINGS: [&str; 9] =
    ["token", "password", "passwd", "apikey", "secret", "credential", "credentials", "privatekey", "authorization"];
/// Key names that end like a secret and are none.
const PLAIN_NAMES: [&str; 2] = ["maxtoken", "mintoken"];

/// Returns whether the values under this key are secrets.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    !PLAIN_NAMES.contains(&name.as_str()) && SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Returns the value with every secret in it replaced; `path` says where it stands.
#[must_use]
pub fn redact(value: &Value, path: &KeyPath) -> Value {
    let secret_here =
        path.segments().iter().any(|segment| matches!(segment, Segment::Key(key) if is_secret(key) || key == "vars"));
    walk(value, if secret_here { Hide::All } else { Hide::Named })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hide {
    All,
    Named,
}

fn walk(value: &Value, hide: Hide) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(key, child)| (key.clone(), walk(child, below(key, hide)))).collect(),
        Value::Array(items) => items.iter().map(|item| walk(item, hide)).collect(),
        Value::String(text) => Value::String(if hide == Hide::All { REDACTED.to_owned() } else { without_url_password(text) }),
        Value::Number(_) if hide == Hide::All => Value::String(REDACTED.to_owned()),
        plain => plain.clone(),
    }
}

fn below(key: &str, hide: Hide) -> Hide {
    // `env.vars` holds other programs' keys under any name.
    if is_secret(key) || key == "vars" { Hide::All } else { hide }
}

/// Hides the password of `scheme://user:password@host`.
fn without_url_password(text: &str) -> String {
    match url::Url::parse(text) {
        Ok(mut url) if url.password().is_some() => match url.set_password(Some("redacted")) {
            Ok(()) => url.into(),
            Err(()) => REDACTED.to_owned(),
        },
        _ => text.to_owned(),
    }
}
