//! Where a message comes from and where its answer goes.

use serde::{Deserialize, Serialize};

use super::AccountKey;

/// What kind of conversation a chat is on its platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ChatKind {
    /// One person and the agent.
    Direct,
    /// A closed group of people.
    Group,
    /// A room that anyone on the platform may join.
    Channel,
}

/// One chat on one platform; `id` is the platform's own spelling, kept for sending.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatRef {
    /// What kind of conversation it is.
    pub kind: ChatKind,
    /// The platform's id: the peer's for a direct chat, the room's otherwise.
    pub id: String,
}

/// Who wrote; ids are immutable on the platform, names are not and never decide anything by default.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Peer {
    /// The platform's immutable id.
    pub id: String,
    /// The name shown on the platform.
    pub name: String,
}

/// All that the routing table looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Route {
    /// The login that received the message.
    pub account: AccountKey,
    /// The chat it stands in.
    pub chat: ChatRef,
    /// The sub-conversation, where the platform has such.
    pub thread: Option<String>,
    /// Who wrote it.
    pub peer: Peer,
}
