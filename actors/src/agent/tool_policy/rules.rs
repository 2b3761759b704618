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
                theirs && context.provider.as_deref().is_some_and(|provider| is_provider(provider, name))
            }
            Self::SubAgents => is_sub_agent(context),
        }
    }
}

/// Returns whether a provider, with or without its model, is the one that a setting names.
fn is_provider(provider: &str, name: &str) -> bool {
    let bare = provider.split_once('/').map_or(provider, |(bare, _)| bare);
    provider.eq_ignore_ascii_case(name) || bare.eq_ignore_ascii_case(name)
}

/// Returns whether a call comes from a session that another session began: `agent:<id>:subagent:<uuid>`.
pub(super) fn is_sub_agent(context: &ToolContext) -> bool {
    context.session.as_str().split(':').nth(2) == Some("subagent")
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
    /// Returns the one set of rules that holds for a call: the closest to its group and its writer.
    #[must_use]
    pub fn rules_for(&self, context: &ToolContext) -> Option<&ToolRules> {
        if self.account.is_some() && self.account != context.account {
            return None;
        }
        let group = group_of(context, &self.channel)?;
        let sender = context.sender.as_deref().map(str::to_lowercase);
        [group.as_str(), ANYBODY].into_iter().filter_map(|name| self.groups.get(name)).find_map(|chat| {
            let own = sender.as_ref().and_then(|sender| chat.by_sender.get(sender));
            own.or_else(|| chat.by_sender.get(ANYBODY)).or(chat.rules.as_ref())
        })
    }
}

/// Returns the group of a session that is one of an integration's, from its key: `agent:<id>:<channel>:group:<group>`.
fn group_of(context: &ToolContext, channel: &str) -> Option<String> {
    let mut parts = context.session.as_str().splitn(5, ':').skip(2);
    let (kind, chat, id) = (parts.next()?, parts.next()?, parts.next()?);
    let is_group = kind.eq_ignore_ascii_case(channel) && matches!(chat, "group" | "channel");
    is_group.then(|| id.split_once(":thread:").map_or(id, |(group, _)| group).to_lowercase())
}
