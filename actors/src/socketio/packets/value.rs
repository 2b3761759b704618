//! MessagePack's values as JSON's and back. Servers in JavaScript write some of theirs as extensions of type 0.

use rmpv::Value as Pack;
use serde_json::{Map, Number, Value};

use super::binary::{as_binary, binary};

/// The type under which servers in JavaScript write `undefined`, dates and buffers.
const JAVASCRIPT: i8 = 0;
/// The type of a point in time, as MessagePack itself has it.
const TIMESTAMP: i8 = -1;

/// Returns a value as JSON; `None` for JavaScript's `undefined`, which leaves no trace in an object and is null in a list.
pub(super) fn to_json(value: Pack) -> Option<Value> {
    Some(match value {
        Pack::Nil => Value::Null,
        Pack::Boolean(truth) => Value::Bool(truth),
        Pack::Integer(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::Null,
        },
        Pack::F32(number) => float(f64::from(number)),
        Pack::F64(number) => float(number),
        Pack::String(text) => Value::String(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        Pack::Binary(bytes) => binary(&bytes),
        Pack::Array(list) => Value::Array(list.into_iter().map(|value| to_json(value).unwrap_or_default()).collect()),
        Pack::Map(map) => {
            Value::Object(map.into_iter().filter_map(|(key, value)| Some((key_of(key)?, to_json(value)?))).collect())
        }
        Pack::Ext(kind, bytes) => return extension(kind, &bytes),
    })
}

fn float(number: f64) -> Value {
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// Returns the key of an entry; none where it is nothing that JSON could name.
fn key_of(key: Pack) -> Option<String> {
    match key {
        Pack::String(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        Pack::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

fn extension(kind: i8, bytes: &[u8]) -> Option<Value> {
    match (kind, bytes.len()) {
        (JAVASCRIPT, 1) if bytes == [0] => None,
        (JAVASCRIPT, 8) => Some(date(i64::from_be_bytes(bytes.try_into().ok()?))),
        (TIMESTAMP, _) => Some(timestamp(bytes).map_or(Value::Null, date)),
        _ => Some(binary(bytes)),
    }
}

/// Returns milliseconds since 1970 as JavaScript writes a date into JSON; null where it is none that can be written.
fn date(milliseconds: i64) -> Value {
    let at = jiff::Timestamp::from_millisecond(milliseconds).ok();
    at.map_or(Value::Null, |at| Value::String(format!("{at:.3}")))
}

/// Returns the milliseconds of MessagePack's own point in time, in each of its three lengths.
fn timestamp(bytes: &[u8]) -> Option<i64> {
    let (seconds, nanoseconds) = match bytes.len() {
        4 => (i64::from(u32::from_be_bytes(bytes.try_into().ok()?)), 0),
        8 => {
            let both = u64::from_be_bytes(bytes.try_into().ok()?);
            (i64::try_from(both & 0x3_ffff_ffff).ok()?, i64::try_from(both >> 34).ok()?)
        }
        12 => {
            let (nanoseconds, seconds) = bytes.split_at_checked(4)?;
            let nanoseconds = u32::from_be_bytes(nanoseconds.try_into().ok()?);
            (i64::from_be_bytes(seconds.try_into().ok()?), i64::from(nanoseconds))
        }
        _ => return None,
    };
    seconds.checked_mul(1000)?.checked_add(nanoseconds / 1_000_000)
}

/// Returns JSON as MessagePack; what stands for bytes as bytes.
pub(super) fn from_json(value: Value) -> Pack {
    if let Some(bytes) = as_binary(&value) {
        return Pack::Binary(bytes);
    }
    match value {
        Value::Null => Pack::Nil,
        Value::Bool(truth) => Pack::Boolean(truth),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Pack::from(number),
            (None, Some(number)) => Pack::from(number),
            (None, None) => number.as_f64().map_or(Pack::Nil, Pack::F64),
        },
        Value::String(text) => Pack::from(text),
        Value::Array(list) => Pack::Array(list.into_iter().map(from_json).collect()),
        Value::Object(map) => from_map(map),
    }
}

fn from_map(map: Map<String, Value>) -> Pack {
    Pack::Map(map.into_iter().map(|(key, value)| (Pack::from(key), from_json(value))).collect())
}
