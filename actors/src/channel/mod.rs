//! Channels: one shell for all platforms, one folder a platform.
//!
//! A platform lends four things: an account's settings ([`Platform`]), a live link ([`Connector`]), a way to read its frames
//! (`normalise`) and a way to write its payloads (`send`). Everything else is here once: policy, pairing, the order of
//! acknowledgements, durable sending, reconnecting.

mod ack;
mod actor;
mod admission;
mod checks;
mod chunking;
mod complaints;
mod connector;
mod cursors;
mod event_queue;
mod facts;
mod gap;
mod groups;
mod intake;
mod late_cursors;
mod linking;
mod live_link;
mod marks;
mod media;
pub mod mochat;
mod outflow;
mod outgo;
mod pairing;
mod platform;
mod policy;
pub mod rocketchat;
mod section;
mod seen;
mod sending;
mod settings;
pub mod socket_chat;
mod speakers;
mod streaming;
mod talks;
mod tls;
mod web;
pub mod webchat;

#[cfg(test)]
mod tests;

pub use ack::{AckReaction, AckScope, AckThen};
pub use actor::{ChannelActor, ChannelMessage, ChannelParts};
pub use chunking::{ChunkMode, TextLimit, split, split_by};
pub use connector::{AckToken, Acked, Became, Connector, Link, LinkCommand, LinkEnd, LinkEvent, Marking, Normalised};
pub use cursors::Cursors;
pub use facts::{Desk, Desks, Facts};
pub use groups::{GroupEntry, GroupRules, Groups};
pub use pairing::{CODE_ALPHABET, CODE_LEN, PAIRING_PENDING_MAX, PAIRING_TTL_MS, new_code};
pub use platform::{
    Account, AccountProblem, DEFAULTS_KEY, ENV_KEY, KINDS, Kind, Memory, Platform, Probe, Reconnect, TargetAddress,
    TargetError, UNDERSCORES_KEY,
};
pub use policy::{Access, Decision, DmPolicy, DropReason, GroupPolicy, NameMatching, RoomContext, decide};
pub use section::is_account_id;
pub use settings::{ChannelSettings, Meaning, Orders};
pub use speakers::Speakers;
pub use streaming::Coalesce;
