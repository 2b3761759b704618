//! A mark on a message that was taken in: whoever wrote it sees that it was, before there is an answer.

use crate::message::{Act, ChatKind, Inbound, Mark, MessageRef, Outbound, OutboxId, Target};
use crate::ports::NewOutbox;

/// With what messages are marked, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AckReaction {
    /// The emoji, or its name.
    pub emoji: String,
    /// Which messages.
    pub scope: AckScope,
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

    /// Returns the mark as it is sent.
    pub(super) fn row(&self, inbound: &Inbound) -> NewOutbox {
        let route = &inbound.route;
        let target = Target { account: route.account.clone(), chat: route.chat.clone(), thread: route.thread.clone() };
        let message = MessageRef::Platform(inbound.platform_id.clone());
        let act = Act::React { message, mark: Mark::Put(self.emoji.clone()) };
        let outbound = Outbound { act, ..Outbound::text(target, String::new()) };
        NewOutbox { id: OutboxId::new(), outbound, trace: inbound.trace, idempotency_key: None }
    }
}
