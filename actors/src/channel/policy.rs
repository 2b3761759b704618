//! Who may talk: a pure function of the settings, the allowed peers and the message.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::{Activation, ChatKind, Ends, Hold, HoldRule, HoldScope, Inbound};

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
    /// The same for single groups, or for all chats of a larger place, by their lower-cased ids; `*` for those not named.
    pub mention_rules: BTreeMap<String, bool>,
    /// What a group message may begin with to address the agent without naming it; empty where the platform has no such.
    pub prefixes: Vec<String>,
    /// Whether names count in the lists.
    pub names: NameMatching,
    /// For how long after a mention a group's messages need none, milliseconds; 0 is not at all.
    pub window_ms: u64,
    /// The same for single groups, by their lower-cased ids.
    pub group_windows_ms: BTreeMap<String, u64>,
    /// Which messages wait for others before they are answered.
    pub hold: Option<HoldRule>,
    /// How much of what was said in a group the agent is told with the next message that is for it.
    pub context: RoomContext,
}

/// How many of a group's messages that were not for the agent it is told with the next one that is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RoomContext {
    /// None: the channel has no use for it.
    #[default]
    Nothing,
    /// As many as all channels have (`messages.groupChat.historyLimit`).
    Shared,
    /// So many; 0 is none.
    Own(usize),
}

impl RoomContext {
    /// Takes an account's own word on that, where it has one.
    #[must_use]
    pub fn of(own: Option<u32>) -> Self {
        own.map_or(Self::Shared, |own| Self::Own(usize::try_from(own).unwrap_or(usize::MAX)))
    }

    /// Returns how many, where all channels have `shared`.
    #[must_use]
    pub const fn messages_max(self, shared: usize) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Shared => shared,
            Self::Own(own) => own,
        }
    }
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
    /// The message neither begins with a prefix nor addresses the agent.
    NoPrefix,
    /// The platform gave no id of the writer.
    NoPeer,
}

impl DropReason {
    /// Returns the reason's name in logs and counts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DmDisabled => "direct chats are disabled",
            Self::NotAllowed | Self::GroupPeerNotAllowed => "sender not listed",
            Self::GroupDisabled => "groups are disabled",
            Self::GroupNotAllowed => "group not listed",
            Self::NotMentioned => "no mention",
            Self::NoPrefix => "no prefix",
            Self::NoPeer => "no sender",
        }
    }
}

impl Access {
    /// Replaces entries `@name` by the ids that the platform gave for them; one that has none yet lets nobody in.
    #[must_use]
    pub fn with_names(mut self, names: &BTreeMap<String, String>) -> Self {
        let lists = [&mut self.allow_from, &mut self.group_allow_from];
        for entry in lists.into_iter().flatten() {
            if let Some(id) = entry.strip_prefix('@').and_then(|name| names.get(name)) {
                *entry = id.to_lowercase();
            }
        }
        self
    }

    /// Returns for how long after a mention the messages of a group need none.
    #[must_use]
    pub fn window(&self, group: &str) -> Duration {
        Duration::from_millis(self.group_windows_ms.get(&group.to_lowercase()).copied().unwrap_or(self.window_ms))
    }

    /// Returns whether a group message must address the agent: the word on its larger place counts before the one on its group.
    #[must_use]
    pub fn needs_mention(&self, message: &Inbound) -> bool {
        let rule = |id: &str| self.mention_rules.get(&id.to_lowercase()).copied();
        let space = message.space.as_deref().and_then(rule);
        space.or_else(|| rule(&message.route.chat.id)).or_else(|| rule("*")).unwrap_or(self.require_mention)
    }

    /// Returns how an admitted message waits that is taken in now, milliseconds since 1970.
    #[must_use]
    pub fn hold(&self, message: &Inbound, now_ms: i64) -> Option<Hold> {
        let rule = self.hold?;
        let in_room = message.route.chat.kind != ChatKind::Direct;
        let ends = match rule.scope {
            // Its writer is an operator, who waits.
            _ if message.order.is_some() => return None,
            HoldScope::Everything => Ends::Waits,
            HoldScope::Unaddressed if !in_room => return None,
            HoldScope::Unaddressed if message.mentioned => Ends::Now,
            HoldScope::Unaddressed => Ends::Waits,
        };
        Some(Hold { since_ms: now_ms, quiet_ms: rule.quiet_ms, longest_ms: rule.longest_ms, ends })
    }

    /// Returns the text of an admitted message as the agent is to read it: without the prefix that addressed it.
    #[must_use]
    pub fn without_prefix<'a>(&self, message: &'a Inbound) -> &'a str {
        match message.route.chat.kind {
            ChatKind::Direct => &message.text,
            ChatKind::Group | ChatKind::Channel => self.prefix(&message.text).unwrap_or(&message.text),
        }
    }

    /// Returns what follows a prefix; `None` where the text begins with none.
    pub(super) fn prefix<'a>(&self, text: &'a str) -> Option<&'a str> {
        let text = text.trim_start();
        self.prefixes.iter().find_map(|prefix| text.strip_prefix(prefix.as_str())).map(str::trim_start)
    }
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
    decide_for(access, approved, message, None)
}

/// Decides the same for a message whose session has a word of its own on when it answers in a group, which counts before the
/// settings. It decides about mentions only, never about who may talk.
#[must_use]
pub fn decide_for(
    access: &Access,
    approved: &dyn Fn(&str) -> bool,
    message: &Inbound,
    activation: Option<Activation>,
) -> Decision {
    if message.route.peer.id.trim().is_empty() {
        return Decision::Drop(DropReason::NoPeer);
    }
    match message.route.chat.kind {
        ChatKind::Direct => decide_direct(access, approved, message),
        ChatKind::Group | ChatKind::Channel => decide_group(access, message, activation),
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

fn decide_group(access: &Access, message: &Inbound, activation: Option<Activation>) -> Decision {
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
    let required = activation.map_or_else(|| access.needs_mention(message), |activation| activation == Activation::Mention);
    if required && !message.mentioned && access.prefix(&message.text).is_none() {
        let reason = if access.prefixes.is_empty() { DropReason::NotMentioned } else { DropReason::NoPrefix };
        return Decision::Drop(reason);
    }
    Decision::Admit
}

fn listed(list: &[String], message: &Inbound, names: NameMatching) -> bool {
    let peer = &message.route.peer;
    let id = peer.id.to_lowercase();
    list.iter()
        .any(|entry| entry == "*" || *entry == id || (names == NameMatching::NamesToo && *entry == peer.name.to_lowercase()))
}
