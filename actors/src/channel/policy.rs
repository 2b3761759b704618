//! Who may talk: a pure function of the settings, the allowed peers and the message.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::{ChatKind, Inbound};

/// Who may write in a direct chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DmPolicy {
    /// Whoever is on the list or was approved; others are offered a code.
    #[default]
    Pairing,
    /// Whoever is on the list or was approved.
    Allowlist,
    /// Everybody.
    Open,
    /// Nobody.
    Disabled,
}

/// In which groups the agent listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GroupPolicy {
    /// In every group.
    #[default]
    Open,
    /// In those on the list.
    Allowlist,
    /// In none.
    Disabled,
}

/// Whether a list entry may name a person by the shown name, which anybody can take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameMatching {
    /// Only immutable ids count.
    #[default]
    IdsOnly,
    /// Names count too: the operator said so.
    NamesToo,
}

/// The access settings of one account; entries are lower-cased ids without prefix, or `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Who may write in a direct chat.
    pub dm: DmPolicy,
    /// The list for direct chats.
    pub allow_from: Vec<String>,
    /// In which groups the agent listens.
    pub group: GroupPolicy,
    /// The list of groups.
    pub groups: Vec<String>,
    /// Who may write in a group; empty is everybody.
    pub group_allow_from: Vec<String>,
    /// Whether a group message must address the agent.
    pub require_mention: bool,
    /// Whether names count in the lists.
    pub names: NameMatching,
}

/// Why a message goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// Direct chats are off.
    DmDisabled,
    /// The writer is not on the list.
    NotAllowed,
    /// Groups are off.
    GroupDisabled,
    /// The group is not on the list.
    GroupNotAllowed,
    /// The writer is not on the group's list.
    GroupPeerNotAllowed,
    /// The agent was not addressed.
    NotMentioned,
    /// The platform gave no id of the writer.
    NoPeer,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It goes to its session.
    Admit,
    /// It goes no further.
    Drop(DropReason),
    /// Its writer is offered a code.
    Pair,
}

/// Decides what becomes of a message; `approved` are the ids that pairing let in (they count in direct chats only).
#[must_use]
pub fn decide(access: &Access, approved: &dyn Fn(&str) -> bool, message: &Inbound) -> Decision {
    if message.route.peer.id.trim().is_empty() {
        return Decision::Drop(DropReason::NoPeer);
    }
    match message.route.chat.kind {
        ChatKind::Direct => decide_direct(access, approved, message),
        ChatKind::Group | ChatKind::Channel => decide_group(access, message),
    }
}

fn decide_direct(access: &Access, approved: &dyn Fn(&str) -> bool, message: &Inbound) -> Decision {
    let known = || listed(&access.allow_from, message, access.names) || approved(&message.route.peer.id.to_lowercase());
    match access.dm {
        DmPolicy::Open => Decision::Admit,
        DmPolicy::Disabled => Decision::Drop(DropReason::DmDisabled),
        DmPolicy::Allowlist if known() => Decision::Admit,
        DmPolicy::Allowlist => Decision::Drop(DropReason::NotAllowed),
        DmPolicy::Pairing if known() => Decision::Admit,
        DmPolicy::Pairing => Decision::Pair,
    }
}

fn decide_group(access: &Access, message: &Inbound) -> Decision {
    let chat = message.route.chat.id.to_lowercase();
    match access.group {
        GroupPolicy::Disabled => return Decision::Drop(DropReason::GroupDisabled),
        GroupPolicy::Allowlist if !access.groups.iter().any(|entry| entry == "*" || *entry == chat) => {
            return Decision::Drop(DropReason::GroupNotAllowed);
        }
        GroupPolicy::Allowlist | GroupPolicy::Open => {}
    }
    if !access.group_allow_from.is_empty() && !listed(&access.group_allow_from, message, access.names) {
        return Decision::Drop(DropReason::GroupPeerNotAllowed);
    }
    if access.require_mention && !message.mentioned {
        return Decision::Drop(DropReason::NotMentioned);
    }
    Decision::Admit
}

fn listed(list: &[String], message: &Inbound, names: NameMatching) -> bool {
    let peer = &message.route.peer;
    let id = peer.id.to_lowercase();
    list.iter()
        .any(|entry| entry == "*" || *entry == id || (names == NameMatching::NamesToo && *entry == peer.name.to_lowercase()))
}
