//! From messages to packets and back, whichever parser.

use bytes::Bytes;

use super::json::{self, Head};
use super::msgpack;
use super::packet::Packet;
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

/// A packet whose attachments are not all there.
#[derive(Debug)]
struct Partial {
    head: Head,
    attachments: Vec<Bytes>,
    bytes: usize,
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
    pub(in crate::socketio) fn read(&mut self, message: Message) -> Result<Option<Packet>, String> {
        match (self.parser, message, self.partial.take()) {
            (Parser::Msgpack, Message::Binary(bytes), _) => msgpack::read(&bytes)?.into_packet().map(Some),
            (Parser::Msgpack, Message::Text(_), _) => Err("a text, where MessagePack is spoken".to_owned()),
            (Parser::Json, Message::Text(text), None) => self.begin(&text),
            (Parser::Json, Message::Binary(bytes), Some(partial)) => self.go_on(partial, bytes),
            (Parser::Json, Message::Text(_), Some(_)) => Err("a packet before the attachments of the last".to_owned()),
            (Parser::Json, Message::Binary(_), None) => Err("an attachment that no packet waits for".to_owned()),
        }
    }

    fn begin(&mut self, text: &str) -> Result<Option<Packet>, String> {
        let head = json::read(text)?;
        if head.attachments == 0 {
            return head.found.into_packet().map(Some);
        }
        self.partial = Some(Partial { head, attachments: Vec::new(), bytes: text.len() });
        Ok(None)
    }

    fn go_on(&mut self, mut partial: Partial, bytes: Bytes) -> Result<Option<Packet>, String> {
        partial.bytes = partial.bytes.saturating_add(bytes.len());
        if partial.bytes > self.bytes_max {
            return Err(format!("a packet of more than {} bytes", self.bytes_max));
        }
        partial.attachments.push(bytes);
        if partial.attachments.len() < partial.head.attachments {
            self.partial = Some(partial);
            return Ok(None);
        }
        let mut found = partial.head.found;
        if let Some(data) = &mut found.data {
            json::attach(data, &partial.attachments);
        }
        found.into_packet().map(Some)
    }
}

/// Writes a packet.
///
/// # Errors
/// It cannot be written.
pub(in crate::socketio) fn encode(parser: Parser, packet: Packet) -> Result<Message, String> {
    let found = packet.into_found();
    match parser {
        Parser::Json => Ok(Message::Text(json::write(&found))),
        Parser::Msgpack => msgpack::write(found).map(|bytes| Message::Binary(Bytes::from(bytes))),
    }
}
