//! Socket.IO 5: packets and the two parsers.
//!
//! - `packet`: what a packet says
//! - `decoder`, `encode`: from messages to packets and back, whichever parser
//! - `json`, `msgpack`: the parsers; `value`: MessagePack's values as JSON's

mod decoder;
mod json;
mod msgpack;
mod packet;
#[cfg(test)]
mod tests;
mod value;

pub(super) use decoder::{Decoder, encode};
pub(super) use packet::{Body, Packet};
