//! The devices that were let in.
//!
//! A device is a key pair; it proves itself by a signature before anything here is asked. Being paired gives it a role with
//! scopes, and a token with which it comes back without the secret that operators share.
//!
//! # Problems solved here
//!
//! - Nobody passes on what they do not have: who approves or rotates has every scope of it ([`DeviceBook::approve`]).
//! - A token is good for one device and one role, is kept as a hash only, and is void in the moment of its rotation or
//!   revocation, for connections that are open too ([`Closing`]).
//! - What an operator approves is what was shown: a wider request is another request.
//! - Requests and devices are bounded; nothing a stranger sends grows without end.
//!
//! # Layout
//!
//! - [`DeviceBook`]: the book, written through to the store; `entry`, `decisions`, `tokens`: what is done with it
//! - `record`: a device as it is kept; `token`: a token as it is made and kept
//! - `shown`: lists and answers in the protocol's form

mod book;
mod decisions;
mod entry;
mod error;
mod record;
mod shown;
mod token;
mod tokens;

#[cfg(test)]
mod tests;

pub use book::{DEVICES_MAX, DeviceBook, PENDING_MAX, PENDING_TTL_MS, Tell};
pub use entry::{Entry, Issued, Lacking, ShownToken, Visit, Welcome};
pub use error::DeviceError;
pub use shown::{
    DeviceApproved, DeviceCard, DevicePairs, DeviceRejected, PairedDevice, PairingDecision, PairingResolved, PendingDevice,
    TokenRevoked, TokenRotated, TokenSummary,
};
pub use token::TokenForm;
pub use tokens::Closing;
