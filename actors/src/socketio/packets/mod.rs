//! Socket.IO 5: packets and the two parsers.
//!
//! - `packet`: what a packet says
//! - `decoder`, `encode`: from messages to packets and back, whichever parser
//! - `json`, `msgpack`: the parsers; `value`: MessagePack's values as JSON's; `binary`: bytes among them
//! - `weight`: how much a packet takes in memory, before it does

mod binary;
mod decoder;
mod json;
mod msgpack;
mod packet;
#[cfg(test)]
mod tests;
mod value;
mod weight;

pub use binary::{as_binary, binary};
pub(super) use decoder::{Decoder, Weighed, encode};
pub(super) use packet::{Body, Packet};
