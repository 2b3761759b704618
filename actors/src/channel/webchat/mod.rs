//! webchat: control clients talk to the agent, without a platform between them.
//!
//! The far end of the wire is in this process: a client hands its message in at the [`WebChatDesk`] and hears when its row is
//! committed. Everything between is as with every other channel: an actor, a link, policy, the inbox.
//!
//! # Layout
//!
//! - `config`, `accounts`: the settings and how the accounts are read from them
//! - `post`, `normalise`: what a client hands in, and the message that it becomes
//! - `desk`: where it waits
//! - `target`, `send`: from a row to a line of a transcript and its event
//! - `connector`, `platform`: a link's life, and the account as the shell sees it

mod accounts;
mod announce;
mod config;
mod connector;
mod desk;
mod normalise;
mod platform;
mod post;
mod send;
mod target;
#[cfg(test)]
mod tests;

use super::Kind;
use super::section::DEFAULT_ID;
use crate::message::AccountKey;

pub use announce::announcement_of;
pub use desk::{DeskParts, POSTS_BYTES_MAX, POSTS_WAITING_MAX, WebChatDesk};
pub use normalise::{PLATFORM_ID_BYTES_MAX, TEXT_BYTES_MAX};
pub use post::{Post, PostError, Posted};

/// The name of this integration: its key under `channels`.
pub const NAME: &str = "webchat";

/// Returns the account that is there without any settings.
#[must_use]
pub fn default_account() -> AccountKey {
    AccountKey::new(NAME, DEFAULT_ID)
}

/// The line of this integration in the table of kinds.
pub(super) const KIND: Kind =
    Kind { name: NAME, label: "Web chat", plugin_names: &[], accounts: accounts::read, env: &[], schema: config::schema };
