//! The public network, and nothing else: whoever names an address may not reach through the gateway into the network it stands in.
//!
//! Names are resolved here, all addresses of a name have to be public, and the connection goes to those and no others. Each redirect is
//! looked at like the first address.
//!
//! # Layout
//!
//! - `address`: which hosts are public; [`Network`]: names and connections held to it; [`hop`]: where an answer sends on

mod address;
mod hop;
mod network;

#[cfg(test)]
pub(crate) use address::is_public;
pub(crate) use address::{Blocked, check};
pub(crate) use hop::{Hop, HopFault, hop, root_cause};
pub(crate) use network::{Network, client};
