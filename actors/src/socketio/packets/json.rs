//! Packets as JSON: `<kind>[<attachments>-][<namespace>,][<id>][<data>]`, attachments behind it as messages of bytes.

use bytes::Bytes;
use serde_json::{Value, json};

use super::binary::{as_binary, binary};
use super::packet::{Found, kind};
use crate::socketio::frames::Message;

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
///
/// # Errors
/// One stands in two places: then a few bytes of placeholders would become any number of them.
pub(super) fn attach(data: &mut Value, attachments: Vec<Bytes>) -> Result<(), String> {
    let mut attachments: Vec<Option<Bytes>> = attachments.into_iter().map(Some).collect();
    put(data, &mut attachments)
}

fn put(data: &mut Value, attachments: &mut [Option<Bytes>]) -> Result<(), String> {
    match data {
        Value::Array(list) => list.iter_mut().try_for_each(|value| put(value, attachments)),
        Value::Object(map) if map.get("_placeholder") == Some(&Value::Bool(true)) => {
            let number = map.get("num").and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
            *data = match number.and_then(|number| attachments.get_mut(number)) {
                Some(attachment) => binary(&attachment.take().ok_or("an attachment that stands in two places")?),
                None => Value::Null,
            };
            Ok(())
        }
        Value::Object(map) => map.values_mut().try_for_each(|value| put(value, attachments)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// Takes bytes out of arguments and leaves placeholders.
fn take(data: &mut Value, attachments: &mut Vec<Message>) {
    if let Some(bytes) = as_binary(data) {
        *data = json!({ "_placeholder": true, "num": attachments.len() });
        return attachments.push(Message::Binary(Bytes::from(bytes)));
    }
    match data {
        Value::Array(list) => list.iter_mut().for_each(|value| take(value, attachments)),
        Value::Object(map) => map.values_mut().for_each(|value| take(value, attachments)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Writes a packet, its attachments behind it.
///
/// # Errors
/// It has too many attachments.
pub(super) fn write(mut found: Found) -> Result<Vec<Message>, String> {
    let mut attachments = Vec::new();
    let with_bytes = match found.kind {
        kind::EVENT => Some(kind::BINARY_EVENT),
        kind::ACK => Some(kind::BINARY_ACK),
        _ => None,
    };
    if let (Some(_), Some(data)) = (with_bytes, &mut found.data) {
        take(data, &mut attachments);
    }
    if attachments.len() > ATTACHMENTS_MAX {
        return Err(format!("{} arguments of bytes; {ATTACHMENTS_MAX} are sent at a time", attachments.len()));
    }
    let mut text = match with_bytes.filter(|_| !attachments.is_empty()) {
        Some(kind) => format!("{kind}{}-", attachments.len()),
        None => found.kind.to_string(),
    };
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
    attachments.insert(0, Message::Text(text));
    Ok(attachments)
}
