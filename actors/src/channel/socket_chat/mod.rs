//! socket-chat: an MQTT bridge to a WeChat-like IM.
//!
//! # Layout
//!
//! - `config`, `accounts`: the settings and how the accounts are read from them
//! - `backend`, `broker`: the call that tells where the broker is
//! - `frame`, `normalise`, `strip`: from a payload to a message for the agent
//! - `target`, `shape`, `send`: from an answer to payloads
//! - `mqtt`, `inflow`, `outflow`, `pump`, `connector`: one connection's life
//! - `memory`, `platform`: what outlives a connection, and the account as the shell sees it

mod accounts;
mod backend;
mod broker;
mod config;
mod connector;
mod frame;
mod inflow;
mod memory;
mod mqtt;
mod normalise;
mod outflow;
mod platform;
mod pump;
mod send;
mod shape;
mod strip;
mod target;
#[cfg(test)]
mod tests;

use super::Kind;

pub use outflow::SENDS_HELD_MAX;

/// The name of this integration: its key under `channels`.
pub const NAME: &str = "socket-chat";

/// What a peer is told when the operator has let them in.
pub const APPROVED_NOTICE: &str = "You have been approved to chat with this assistant.";

/// The line of this integration in the table of kinds.
pub(super) const KIND: Kind = Kind {
    name: NAME,
    label: "Socket Chat",
    plugin_names: &["@openclaw-channel/socket-chat"],
    accounts: accounts::read,
    env: &[],
    schema: config::schema,
};
