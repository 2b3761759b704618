//! Packets as MessagePack: one map a message, `{type, nsp, data?, id?}`. Bytes stand in the data itself.

use rmpv::Value as Pack;

use super::packet::Found;
use super::value::{from_json, to_json};

/// How deep a packet may be nested.
const DEPTH_MAX: usize = 128;

/// Reads a packet; keys that nobody knows do not count.
///
/// # Errors
/// Says what is wrong with it; repeats nothing of its data.
pub(super) fn read(mut bytes: &[u8]) -> Result<Found, String> {
    let value = rmpv::decode::read_value_with_max_depth(&mut bytes, DEPTH_MAX)
        .map_err(|error| format!("a packet that is no MessagePack: {error}"))?;
    if !bytes.is_empty() {
        return Err("a packet with something behind it".to_owned());
    }
    let Pack::Map(entries) = value else { return Err("a packet that is no map".to_owned()) };
    let (mut kind, mut namespace, mut id, mut data) = (None, None, None, None);
    for (key, value) in entries {
        match key.as_str() {
            Some("type") => kind = value.as_u64(),
            Some("nsp") => namespace = value.as_str().map(ToOwned::to_owned),
            Some("id") => id = id_of(&value)?,
            Some("data") => data = to_json(value),
            _ => {}
        }
    }
    let kind = kind.filter(|kind| *kind <= super::packet::kind::CONNECT_ERROR).ok_or("a packet without a known `type`")?;
    let namespace = namespace.ok_or("a packet without `nsp`")?;
    Ok(Found { kind, namespace, id, data })
}

/// Returns the id of a packet; nil and `undefined` are none.
fn id_of(value: &Pack) -> Result<Option<u64>, String> {
    match value {
        Pack::Nil | Pack::Ext(..) => Ok(None),
        value => value.as_u64().map(Some).ok_or_else(|| "a packet whose `id` is no number".to_owned()),
    }
}

/// Writes a packet. What is absent is left out: servers close on an `id` that is nil.
///
/// # Errors
/// It cannot be written.
pub(super) fn write(found: Found) -> Result<Vec<u8>, String> {
    let mut entries = vec![(Pack::from("type"), Pack::from(found.kind))];
    if let Some(data) = found.data {
        entries.push((Pack::from("data"), from_json(data)));
    }
    entries.push((Pack::from("nsp"), Pack::from(found.namespace)));
    if let Some(id) = found.id {
        entries.push((Pack::from("id"), Pack::from(id)));
    }
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &Pack::Map(entries)).map_err(|error| error.to_string())?;
    Ok(bytes)
}
