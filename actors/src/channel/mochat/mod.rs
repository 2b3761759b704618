//! mochat: Mochat, sessions (private conversations) and panels (rooms of a group).
//!
//! # Layout
//!
//! - `config`, `spelling`, `accounts`: the settings and how the accounts are read from them
//! - `rest`, `api`: one HTTP call, and the calls by their meaning
//! - `message`, `payload`, `normalise`, `mention`, `seen`: from what the server tells to a message for the agent, each once
//! - `place`, `places`, `discovery`, `marks`: where messages stand, which of it is listened to, and where reading stopped
//! - `history`, `held`, `unread`: what was missed in a place, what comes meanwhile, and what cannot be read
//! - `target`, `shape`, `hush`, `send`, `outflow`: from an answer to a message in a place
//! - `connector`, `opening`, `pump`, `socket`, `ladder`: one connection's life, by Socket.IO or by calls alone
//! - `registrar`: an agent made and bound to its owner, for whoever sets the channel up
//! - `shared`, `platform`: what outlives a connection, and the account as the shell sees it

mod accounts;
mod api;
mod config;
mod connector;
mod discovery;
mod held;
mod history;
mod hush;
mod ladder;
mod marks;
mod mention;
mod message;
mod normalise;
mod opening;
mod payload;
mod place;
mod places;
mod platform;
mod pump;
mod registrar;
mod rest;
mod send;
mod shape;
mod shared;
mod socket;
mod spelling;
mod target;
#[cfg(test)]
mod tests;
mod unread;

use super::Kind;

pub use registrar::{Bound, Registered, Registrar, SetupFault, check_email};

/// The name of this integration: its key under `channels`.
pub const NAME: &str = "mochat";

/// The line of this integration in the table of kinds.
pub(super) const KIND: Kind = Kind {
    name: NAME,
    label: "Mochat",
    plugin_names: &[],
    accounts: accounts::read,
    env: &[("MOCHAT_TOKEN", "clawToken")],
    schema: config::schema,
};
