//! Bytes among the values of JSON, which has none: `{"$bytes": "<base64>"}`, both ways.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The one key of an object that stands for bytes.
const KEY: &str = "$bytes";

/// Returns bytes as arguments have them.
#[must_use]
pub fn binary(bytes: &[u8]) -> Value {
    json!({ KEY: STANDARD.encode(bytes) })
}

/// Returns the bytes that an argument stands for; `None` for anything else.
#[must_use]
pub fn as_binary(value: &Value) -> Option<Vec<u8>> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    STANDARD.decode(map.get(KEY)?.as_str()?).ok()
}
