//! rocketchat: Rocket.Chat over DDP (what comes in) and REST (what goes out).
//!
//! # Layout
//!
//! - `config`, `entries`, `accounts`: the settings and how the accounts are read from them
//! - `rest`, `auth`, `api`: one HTTP call, whose login it carries, and the calls by their meaning
//! - `ddp`: frames and the socket that carries them
//! - `message`, `normalise`, `mention`, `seen`: from a document to a message for the agent, each once
//! - `room`, `rooms`, `extra`, `checkpoints`, `catch_up`: where reading stopped in each room, and what was missed since
//! - `target`, `shape`, `place`, `threads`, `send`, `outflow`: from an answer to a message in a room
//! - `drafts`: a message that is shown while it grows; `acts`, `emoji`: what is done with a message that is there; `marks`: those
//!   that say that one was taken in
//! - `connector`, `opening`, `pump`, `typing`: one connection's life
//! - `platform`: the account as the shell sees it

mod accounts;
mod acts;
mod api;
mod auth;
mod catch_up;
mod checkpoints;
mod config;
mod connector;
mod ddp;
mod drafts;
mod emoji;
mod entries;
mod extra;
mod marks;
mod media;
mod mention;
mod message;
mod normalise;
mod opening;
mod place;
mod platform;
mod pump;
mod rest;
mod room;
mod rooms;
mod send;
mod shape;
mod target;
#[cfg(test)]
mod tests;
mod threads;
mod typing;

use super::Kind;

/// The name of this integration: its key under `channels`.
pub const NAME: &str = "rocketchat";

/// The line of this integration in the table of kinds.
pub(super) const KIND: Kind = Kind {
    name: NAME,
    label: "Rocket.Chat",
    plugin_names: &["openclaw-rocketchat", "@openclaw/rocketchat"],
    accounts: accounts::read,
    env: &[
        ("ROCKETCHAT_URL", "baseUrl"),
        ("ROCKETCHAT_AUTH_TOKEN", "authToken"),
        ("ROCKETCHAT_USER_ID", "userId"),
        ("ROCKETCHAT_USERNAME", "username"),
        ("ROCKETCHAT_PASSWORD", "password"),
    ],
    schema: config::schema,
};
