//! From messages to packets and back, whichever parser.

use bytes::Bytes;

use super::json::{self, Head};
use super::msgpack;
use super::packet::Packet;
use super::weight::{self, VALUE_BYTES, VALUES_MAX};
use crate::socketio::Parser;
use crate::socketio::frames::Message;

/// Reads packets; a packet of JSON may come as several messages.
#[derive(Debug)]
pub(in crate::socketio) struct Decoder {
    parser: Parser,
    /// The largest sum of a packet's attachments, bytes.
    bytes_max: usize,
    partial: Option<Partial>,
}

/// A packet with how much it weighs in a queue, bytes.
#[derive(Debug, PartialEq)]
pub(in crate::socketio) struct Weighed {
    pub(in crate::socketio) packet: Packet,
    pub(in crate::socketio) weight: usize,
}

/// A packet whose attachments are not all there.
#[derive(Debug)]
struct Partial {
    head: Head,
    attachments: Vec<Bytes>,
    bytes: usize,
    weight: usize,
}

impl Decoder {
    /// Returns a decoder that has read nothing.
    pub(in crate::socketio) const fn new(parser: Parser, bytes_max: usize) -> Self {
        Self { parser, bytes_max, partial: None }
    }

    /// Reads a message; returns the packet that it completes.
    ///
    /// # Errors
    /// Says what is wrong with it. A packet that waited for attachments is forgotten.
    pub(in crate::socketio) fn read(&mut self, message: Message) -> Result<Option<Weighed>, String> {
        match (self.parser, message, self.partial.take()) {
            (Parser::Msgpack, Message::Binary(bytes), _) => {
                let weight = weighed(weight::of_msgpack(&bytes), bytes.len())?;
                Ok(Some(Weighed { packet: msgpack::read(&bytes)?.into_packet()?, weight }))
            }
            (Parser::Msgpack, Message::Text(_), _) => Err("a text, where MessagePack is spoken".to_owned()),
            (Parser::Json, Message::Text(text), None) => self.begin(&text),
            (Parser::Json, Message::Binary(bytes), Some(partial)) => self.go_on(partial, bytes),
            (Parser::Json, Message::Text(_), Some(_)) => Err("a packet before the attachments of the last".to_owned()),
            (Parser::Json, Message::Binary(_), None) => Err("an attachment that no packet waits for".to_owned()),
        }
    }

    /// Returns whether a packet waits for its attachments.
    pub(in crate::socketio) const fn is_waiting(&self) -> bool {
        self.partial.is_some()
    }

    /// Forgets a packet that waits for its attachments.
    pub(in crate::socketio) fn forget(&mut self) {
        self.partial = None;
    }

    fn begin(&mut self, text: &str) -> Result<Option<Weighed>, String> {
        let weight = weighed(weight::of_json(text), text.len())?;
        let head = json::read(text)?;
        if head.attachments == 0 {
            return Ok(Some(Weighed { packet: head.found.into_packet()?, weight }));
        }
        self.partial = Some(Partial { head, attachments: Vec::new(), bytes: text.len(), weight });
        Ok(None)
    }

    fn go_on(&mut self, mut partial: Partial, bytes: Bytes) -> Result<Option<Weighed>, String> {
        partial.bytes = partial.bytes.saturating_add(bytes.len());
        partial.weight = partial.weight.saturating_add(bytes.len());
        if partial.bytes > self.bytes_max {
            return Err(format!("a packet of more than {} bytes", self.bytes_max));
        }
        partial.attachments.push(bytes);
        if partial.attachments.len() < partial.head.attachments {
            self.partial = Some(partial);
            return Ok(None);
        }
        let Partial { head, attachments, weight, .. } = partial;
        let mut found = head.found;
        if let Some(data) = &mut found.data {
            json::attach(data, attachments)?;
        }
        Ok(Some(Weighed { packet: found.into_packet()?, weight }))
    }
}

/// Returns how much a packet of so many values and bytes weighs.
fn weighed(values: usize, bytes: usize) -> Result<usize, String> {
    if values > VALUES_MAX {
        return Err(format!("a packet of more than {VALUES_MAX} values"));
    }
    Ok(bytes.saturating_add(values.saturating_mul(VALUE_BYTES)))
}

/// Writes a packet: one message, with JSON another one for each of its arguments of bytes.
///
/// # Errors
/// It cannot be written.
pub(in crate::socketio) fn encode(parser: Parser, packet: Packet) -> Result<Vec<Message>, String> {
    let found = packet.into_found();
    match parser {
        Parser::Json => json::write(found),
        Parser::Msgpack => msgpack::write(found).map(|bytes| vec![Message::Binary(Bytes::from(bytes))]),
    }
}
