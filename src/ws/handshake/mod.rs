//! From the first frame of a connection to a decision: who it is, and what it may. No socket here.
//!
//! The order of what is looked at is part of the protocol (its reference, §2): the frame, the method, the parameters, the
//! protocol's number, the role, the device's proof, the credential, the pairing.
//!
//! # Layout
//!
//! - [`Handshake`]: the decision
//! - `connect`, `protocol`: the frame, read
//! - `identity`, `credential`: what the client proves
//! - [`Admitted`], [`Refusal`]: the two ends

mod admit;
mod admitted;
mod connect;
mod credential;
mod identity;
mod protocol;
mod refusal;

#[cfg(test)]
mod tests;

pub use admit::{Handshake, Knock};
pub use admitted::{Admitted, IssuedAuth, Method};
pub(super) use connect::ConnectParams;
pub use refusal::Refusal;
