//! Engine.IO 4: frames, the two transports that carry them, and the change from polling to WebSocket.
//!
//! - `frame`, `payload`: what a frame says; one a WebSocket message, several an HTTP body
//! - `websocket`, `http`, `polling`: the transports
//! - `probe`: WebSocket tried beside polling, until it takes over
//! - `engine`: one connection, whatever carries it, with its signs of life

mod engine;
mod frame;
mod http;
mod payload;
mod polling;
mod probe;
#[cfg(test)]
mod tests;
mod websocket;

pub(super) use engine::{Engine, Heard, Step};
pub(super) use frame::{Cut, Message};
