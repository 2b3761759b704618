//! The control plane over WebSocket: gateway-protocol §1 to §7.
//!
//! # Layout
//!
//! - `socket`: a connection's bytes, the one place that knows actix-web-actors; `line`: a second handle, to end it with;
//!   `gate`: what no client may send
//! - `handshake`: from the first frame to a decision
//! - `welcome`: what a client is told once it is in
//! - [`Control`]: everything that the methods are lent
//! - `table`, `params`: from a method's name to its handler, its scope and its types
//! - `methods`: one file a group
//! - `budget`: large messages, how many bytes of them may be on their way
//! - `snapshot`: the pictures of health and presence, made once for everybody
//! - `pulse`: the signs of life
//! - [`reference`]: the pages of the docs, made from the table

mod budget;
mod channels;
mod control;
mod gate;
pub mod handshake;
pub(crate) mod line;
mod methods;
mod params;
mod pulse;
pub mod reference;
mod signs;
mod snapshot;
mod socket;
mod table;
mod welcome;

#[cfg(test)]
mod tests;

pub use control::{Control, ControlParts, Places, Sockets};
pub use pulse::PulseActor;
pub(crate) use table::scope_of;
