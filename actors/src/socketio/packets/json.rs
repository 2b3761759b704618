//! Packets as JSON: `<kind>[<attachments>-][<namespace>,][<id>][<data>]`, attachments behind it as messages of bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::packet::{Found, kind};

/// How many attachments one packet may have.
pub(super) const ATTACHMENTS_MAX: usize = 64;
/// The longest namespace, bytes.
const NAMESPACE_BYTES_MAX: usize = 256;

/// A packet with how many attachments are still to come.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) found: Found,
    pub(super) attachments: usize,
}

/// Reads a packet without its attachments.
///
/// # Errors
/// Says what is wrong with it; repeats nothing of its data.
pub(super) fn read(text: &str) -> Result<Head, String> {
    let mut chars = text.chars();
    let kind = chars.next().and_then(|kind| kind.to_digit(10)).ok_or("a packet that does not begin with its kind")?;
    let kind = u64::from(kind);
    let mut rest = chars.as_str();
    let mut attachments = 0;
    if matches!(kind, kind::BINARY_EVENT | kind::BINARY_ACK) {
        let (count, behind) = rest.split_once('-').ok_or("a binary packet without a number of attachments")?;
        attachments = count.parse().map_err(|_| "a binary packet whose number of attachments is none")?;
        if attachments > ATTACHMENTS_MAX {
            return Err(format!("a packet with {attachments} attachments; {ATTACHMENTS_MAX} are taken"));
        }
        rest = behind;
    }
    let mut namespace = "/";
    if rest.starts_with('/') {
        // A namespace may be the whole rest, without a comma: so the end of one is written by some.
        let (found, behind) = rest.split_once(',').unwrap_or((rest, ""));
        (namespace, rest) = (found.split('?').next().unwrap_or(found), behind);
        if namespace.len() > NAMESPACE_BYTES_MAX {
            return Err("a packet whose namespace is too long".to_owned());
        }
    }
    // The data of the other kinds may be a number itself.
    let digits = match kind {
        kind::EVENT | kind::ACK | kind::BINARY_EVENT | kind::BINARY_ACK => {
            rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len())
        }
        _ => 0,
    };
    let (id, data) = rest.split_at(digits);
    let id = match id {
        "" => None,
        id => Some(id.parse().map_err(|_| "a packet whose id is too large")?),
    };
    let data = match data {
        "" => None,
        data => Some(serde_json::from_str(data).map_err(|error| format!("a packet whose data is no JSON: {error}"))?),
    };
    Ok(Head { found: Found { kind, namespace: namespace.to_owned(), id, data }, attachments })
}

/// Puts attachments where their placeholders stand; null where there is none of that number.
pub(super) fn attach(data: &mut Value, attachments: &[Bytes]) {
    match data {
        Value::Array(list) => list.iter_mut().for_each(|value| attach(value, attachments)),
        Value::Object(map) if map.get("_placeholder") == Some(&Value::Bool(true)) => {
            let number = map.get("num").and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
            *data = number.and_then(|number| attachments.get(number)).map_or(Value::Null, |bytes| bytes_as_json(bytes));
        }
        Value::Object(map) => map.values_mut().for_each(|value| attach(value, attachments)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Returns bytes as events have them.
pub(super) fn bytes_as_json(bytes: &[u8]) -> Value {
    json!({ "$bytes": STANDARD.encode(bytes) })
}

/// Writes a packet.
pub(super) fn write(found: &Found) -> String {
    let mut text = found.kind.to_string();
    if found.namespace != "/" {
        text.push_str(&found.namespace);
        text.push(',');
    }
    if let Some(id) = found.id {
        text.push_str(&id.to_string());
    }
    if let Some(data) = &found.data {
        text.push_str(&data.to_string());
    }
    text
}
