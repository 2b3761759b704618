//! DDP: frames, and the socket that carries them.

mod frame;
mod wire;

pub(super) use frame::{Answer, Frame, Stream, call, connect, ping, pong, resume, subscribe, unsubscribe};
pub(super) use wire::{Wire, WireError};
