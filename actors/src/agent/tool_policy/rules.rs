//! Rules, and for whom they hold.

use std::collections::BTreeMap;

use super::names::{ToolNames, ToolProfile};
use crate::agent::tool::ToolContext;

/// The name that stands for everybody who has no rules of their own.
const ANYBODY: &str = "*";

/// Which tools there are, for whomever it is that these rules hold for. A denial wins over every permission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolRules {
    /// The stock.
    pub profile: ToolProfile,
    /// The only ones of the stock; `None` is all of it.
    pub allow: Option<ToolNames>,
    /// Tools beside the stock and the list before.
    pub also_allow: ToolNames,
    /// Tools that there are not.
    pub deny: ToolNames,
}

impl ToolRules {
    /// Returns whether a tool is there.
    #[must_use]
    pub fn admits(&self, tool: &str) -> bool {
        let listed = || self.profile.has(tool) && self.allow.as_ref().is_none_or(|names| names.has(tool));
        !self.deny.has(tool) && (self.also_allow.has(tool) || listed())
    }

    /// Returns whether a tool is named, and not only part of the stock.
    #[must_use]
    pub fn names(&self, tool: &str) -> bool {
        self.also_allow.has(tool) || self.allow.as_ref().is_some_and(|names| names.has(tool))
    }
}

/// Rules with those for whom they hold. Every one that holds has its say: a tool is there when all of them let it be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopedRules {
    /// For whom.
    pub scope: ToolScope,
    /// The rules.
    pub rules: ToolRules,
}

/// For whom rules hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolScope {
    /// For everybody.
    Everybody,
    /// For one agent.
    Agent(String),
    /// For a provider, `name` or `name/model`, of every agent or of one.
    Provider {
        /// The agent; `None` is every one.
        agent: Option<String>,
        /// The provider's name, or that with its model's.
        name: String,
    },
    /// For sessions that another session began.
    SubAgents,
}

impl ToolScope {
    /// Returns whether rules for these hold for a call.
    #[must_use]
    pub fn holds(&self, context: &ToolContext) -> bool {
        match self {
            Self::Everybody => true,
            Self::Agent(agent) => context.agent == *agent,
            Self::Provider { agent, name } => {
                let theirs = agent.as_ref().is_none_or(|agent| context.agent == *agent);
                theirs && context.models.iter().any(|model| is_provider(model, name))
            }
            Self::SubAgents => context.session.is_sub_agent(),
        }
    }
}

/// Returns whether a provider, with or without its model, is the one that a setting names.
fn is_provider(provider: &str, name: &str) -> bool {
    let bare = provider.split_once('/').map_or(provider, |(bare, _)| bare);
    provider.eq_ignore_ascii_case(name) || bare.eq_ignore_ascii_case(name)
}

/// Returns the key of the session that a call comes from in the end: that of a sub-agent is the one that began it, which writes to it.
fn origin(context: &ToolContext) -> &str {
    context.sender.as_deref().filter(|_| context.session.is_sub_agent()).unwrap_or(context.session.as_str())
}

/// Returns whether a call comes from a room with several people: `agent:<id>:<channel>:group:<room>`, or `channel` for `group`.
pub(super) fn is_room(context: &ToolContext) -> bool {
    matches!(origin(context).split(':').nth(3), Some("group" | "channel"))
}

/// What is allowed in the groups of one integration, or of one login of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupTools {
    /// The integration.
    pub channel: String,
    /// The login; `None` is every one.
    pub account: Option<String>,
    /// By the group's id, lower-cased; `*` is every group that has none of its own.
    pub groups: BTreeMap<String, ChatTools>,
}

/// What is allowed in one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatTools {
    /// For whoever has no rules of their own.
    pub rules: Option<ToolRules>,
    /// By the writer's id, lower-cased; `*` is everybody who has none of their own.
    pub by_sender: BTreeMap<String, ToolRules>,
}

impl GroupTools {
    /// Returns whether a tool is there for a call in a group: by the rules that are the closest to the group and the writer. Where it
    /// is not known who wrote, or several did, all rules of the group have to admit it.
    #[must_use]
    pub fn admits(&self, tool: &str, context: &ToolContext) -> bool {
        self.rules_for(context).iter().all(|rules| rules.admits(tool))
    }

    /// Returns whether the rules that hold for a call in a group name a tool.
    #[must_use]
    pub fn names(&self, tool: &str, context: &ToolContext) -> bool {
        let rules = self.rules_for(context);
        !rules.is_empty() && rules.iter().all(|rules| rules.names(tool))
    }

    fn rules_for(&self, context: &ToolContext) -> Vec<&ToolRules> {
        // An account that is not known, or of elsewhere, gets around no rule.
        let here = context.channel.as_deref() == Some(self.channel.as_str());
        if here && self.account.is_some() && self.account != context.account {
            return Vec::new();
        }
        let Some(group) = group_of(origin(context), &self.channel) else { return Vec::new() };
        let mut chats = [group.as_str(), ANYBODY].into_iter().filter_map(|name| self.groups.get(name));
        match context.sender.as_deref().filter(|_| !context.session.is_sub_agent()).map(str::to_lowercase) {
            Some(sender) => chats.find_map(|chat| chat.rules_for(&sender)).into_iter().collect(),
            None => chats.next().into_iter().flat_map(|chat| chat.by_sender.values().chain(&chat.rules)).collect(),
        }
    }
}

impl ChatTools {
    fn rules_for(&self, sender: &str) -> Option<&ToolRules> {
        self.by_sender.get(sender).or_else(|| self.by_sender.get(ANYBODY)).or(self.rules.as_ref())
    }
}

/// Returns the group of a session that is one of an integration's, from its key: `agent:<id>:<channel>:group:<group>`.
fn group_of(session: &str, channel: &str) -> Option<String> {
    let mut parts = session.splitn(5, ':').skip(2);
    let (kind, chat, id) = (parts.next()?, parts.next()?, parts.next()?);
    let is_group = kind.eq_ignore_ascii_case(channel) && matches!(chat, "group" | "channel");
    is_group.then(|| id.split_once(":thread:").map_or(id, |(group, _)| group).to_lowercase())
}
