//! A mark on a message that was taken in: whoever wrote it sees that it was, before there is an answer.

use super::connector::Marking;
use crate::message::{ChatKind, Inbound, Mark};

/// With what messages are marked, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AckReaction {
    /// The emoji, or its name.
    pub emoji: String,
    /// Which messages.
    pub scope: AckScope,
    /// What becomes of the mark.
    pub then: AckThen,
}

/// What becomes of a mark once its message is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AckThen {
    /// It stays.
    #[default]
    Stays,
    /// It comes off.
    ComesOff,
}

/// Which messages are marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckScope {
    /// All.
    All,
    /// Those of direct chats.
    Direct,
    /// Those of groups.
    Groups,
    /// Those of groups that address the agent.
    Mentions,
}

impl AckReaction {
    /// Returns whether a message is marked.
    pub(super) fn is_for(&self, inbound: &Inbound) -> bool {
        let direct = inbound.route.chat.kind == ChatKind::Direct;
        match self.scope {
            AckScope::All => true,
            AckScope::Direct => direct,
            AckScope::Groups => !direct,
            AckScope::Mentions => !direct && inbound.mentioned,
        }
    }

    /// Returns the mark of a message.
    pub(super) fn on(&self, inbound: &Inbound) -> Marking {
        Marking { message: inbound.platform_id.clone(), mark: Mark::Put(self.emoji.clone()) }
    }
}
