//! Between our types and columns.

use callboard_actors::ports::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// Writes a value as the JSON of a body column.
pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Corrupt { reason: format!("a value cannot be written as json: {error}") })
}

/// Reads a body column. An empty one is a row whose payload is gone, which is never handed out.
pub(super) fn from_json<T: DeserializeOwned>(body: Option<&str>) -> Result<T, StoreError> {
    let body = body.ok_or_else(|| StoreError::Corrupt { reason: "an open row has no body".into() })?;
    serde_json::from_str(body).map_err(|error| StoreError::Corrupt { reason: format!("a row's body cannot be read: {error}") })
}

/// Returns the columns' form of a time of ours, RFC 3339; a time that no calendar holds is shown as 1970.
pub(super) fn rfc3339(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

/// Reads an id from its 16 bytes.
pub(super) fn uuid(bytes: [u8; 16]) -> Uuid {
    Uuid::from_bytes(bytes)
}

/// Returns a list's bound as SQL takes it.
pub(super) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
