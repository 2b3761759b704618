//! Values as the two wires write them: dates are `{"$date": ms}` over DDP and ISO 8601 over REST.

use serde_json::{Map, Value, json};

/// What ids are made of: letters and digits that nobody mistakes for each other.
const ALPHABET: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz";
/// How long an id is, characters.
const ID_CHARS: usize = 17;
/// How long a login token is, characters.
const TOKEN_CHARS: usize = 43;

/// Returns a date, ms since 1970, as documents hold it.
pub fn date(ms: i64) -> Value {
    json!({ "$date": ms })
}

/// Returns a date as REST writes it.
pub fn iso(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).expect("a time of our days");
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Returns the ms since 1970 of a date as REST writes it.
pub fn from_iso(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(|time| time.as_millisecond())
}

/// Returns a value with its dates as REST writes them.
pub fn to_rest(value: &Value) -> Value {
    match value {
        Value::Object(fields) => match fields.get("$date").and_then(Value::as_i64) {
            Some(ms) if fields.len() == 1 => iso(ms).into(),
            _ => Value::Object(fields.iter().map(|(name, value)| (name.clone(), to_rest(value))).collect::<Map<_, _>>()),
        },
        Value::Array(items) => items.iter().map(to_rest).collect(),
        other => other.clone(),
    }
}

/// Returns a new id.
pub fn new_id() -> String {
    random(ID_CHARS)
}

/// Returns a new login token.
pub fn new_token() -> String {
    random(TOKEN_CHARS)
}

fn random(chars: usize) -> String {
    (0..chars).map(|_| char::from(ALPHABET[rand::random_range(0..ALPHABET.len())])).collect()
}

/// Returns the lower-case hexadecimal SHA-256 that clients send in place of a password.
pub fn digest(password: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, password.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
