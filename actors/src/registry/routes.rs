//! Which session a message belongs to: a pure table.

use std::collections::{BTreeMap, BTreeSet};

use super::keys::{escape, escape_apart, join, main_key, normalise_agent};
use super::{Binding, DmScope, RouteSettings};
use crate::message::{ChatKind, Route, SessionKey};

const DEFAULT_ACCOUNT: &str = "default";

/// The routes of one configuration. Building it does the work that is the same for every message.
///
/// # Agents
/// Bindings of one chat come first, then those of exactly the account, then those of any account (`*`), then the default agent;
/// within a tier the first in the file wins. A binding without an account is one of the channel's default account. A binding to
/// an agent that does not exist gives its messages to the default agent.
///
/// # Keys
/// As gateway-protocol §9.1 has them, lower-cased, foreign ids escaped so that no id can reach into another chat's session. Platforms
/// whose ids differ in case only share a session. The key of a group or channel does not name the account: two accounts of one
/// integration that sit in the same group share its session.
#[derive(Clone, Debug)]
pub struct RouteTable {
    default_agent: String,
    main: String,
    dm_scope: DmScope,
    /// From `channel:peer`, lower-cased, to the person's escaped name.
    links: BTreeMap<String, String>,
    /// The names that links lead to, escaped.
    names: BTreeSet<String>,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    agent: String,
    channel: String,
    account: Accounts,
    chat: Option<(ChatKind, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Accounts {
    Any,
    One(String),
}

impl RouteTable {
    /// Builds the table of a configuration.
    #[must_use]
    pub fn new(settings: &RouteSettings) -> Self {
        let default_agent = normalise_agent(&settings.default_agent);
        let agents: BTreeSet<_> = settings.agents.iter().map(|agent| normalise_agent(agent)).collect();
        let links = settings.identity_links.iter();
        let links: BTreeMap<_, _> = links.map(|(from, name)| (from.to_lowercase(), escape(name))).collect();
        Self {
            main: settings.main_key.clone(),
            dm_scope: settings.dm_scope,
            names: links.values().cloned().collect(),
            links,
            rules: settings.bindings.iter().map(|binding| rule(binding, settings, &agents, &default_agent)).collect(),
            default_agent,
        }
    }

    /// Returns the session that a message belongs to.
    #[must_use]
    pub fn resolve(&self, route: &Route) -> SessionKey {
        let agent = self.agent(route);
        let base = match route.chat.kind {
            ChatKind::Direct => self.direct(agent, route),
            ChatKind::Group => join(agent, &[&escape(route.account.channel()), "group", &escape(&route.chat.id)]),
            ChatKind::Channel => join(agent, &[&escape(route.account.channel()), "channel", &escape(&route.chat.id)]),
        };
        match route.thread.as_deref() {
            Some(thread) if !thread.is_empty() => SessionKey::new(&format!("{base}:thread:{}", escape(thread))),
            _ => base,
        }
    }

    /// Returns the agent that gets a message.
    #[must_use]
    pub fn agent(&self, route: &Route) -> &str {
        let tiers: [fn(&Rule) -> bool; 3] = [
            |rule| rule.chat.is_some(),
            |rule| rule.chat.is_none() && rule.account != Accounts::Any,
            |rule| rule.chat.is_none() && rule.account == Accounts::Any,
        ];
        let first = |tier: &fn(&Rule) -> bool| self.rules.iter().find(|rule| tier(rule) && rule.matches(route));
        tiers.iter().find_map(first).map_or(&self.default_agent, |rule| &rule.agent)
    }

    /// Returns the agent for what no binding matches.
    #[must_use]
    pub fn default_agent(&self) -> &str {
        &self.default_agent
    }

    /// Returns the key of an agent's main session.
    #[must_use]
    pub fn main(&self, agent: &str) -> SessionKey {
        main_key(agent, &self.main)
    }

    fn direct(&self, agent: &str, route: &Route) -> SessionKey {
        let peer = self.peer(route);
        let channel = escape(route.account.channel());
        match self.dm_scope {
            DmScope::Main => self.main(agent),
            DmScope::PerPeer => join(agent, &["dm", &peer]),
            DmScope::PerChannelPeer => join(agent, &[&channel, "dm", &peer]),
            DmScope::PerAccountChannelPeer => join(agent, &[&channel, &escape(route.account.account()), "dm", &peer]),
        }
    }

    /// Returns a person's part of a key: the name that links give, else the escaped id.
    fn peer(&self, route: &Route) -> String {
        let from = format!("{}:{}", route.account.channel(), route.peer.id).to_lowercase();
        if let Some(name) = self.links.get(&from) {
            return name.clone();
        }
        let id = escape(&route.peer.id);
        // Whoever takes a linked person's name as an id on the platform stays somebody else.
        if self.names.contains(&id) { escape_apart(&route.peer.id) } else { id }
    }
}

impl Rule {
    fn matches(&self, route: &Route) -> bool {
        let account = match &self.account {
            Accounts::Any => true,
            Accounts::One(account) => account == route.account.account(),
        };
        account && self.channel == route.account.channel() && self.chat.as_ref().is_none_or(|chat| is_chat(chat, route))
    }
}

fn is_chat((kind, id): &(ChatKind, String), route: &Route) -> bool {
    let here = match route.chat.kind {
        ChatKind::Direct => &route.peer.id,
        ChatKind::Group | ChatKind::Channel => &route.chat.id,
    };
    *kind == route.chat.kind && *id == here.to_lowercase()
}

fn rule(binding: &Binding, settings: &RouteSettings, agents: &BTreeSet<String>, default_agent: &str) -> Rule {
    let agent = normalise_agent(&binding.agent);
    let channel = binding.channel.to_lowercase();
    let account = match binding.account.as_deref() {
        Some("*") => Accounts::Any,
        Some(account) => Accounts::One(account.to_lowercase()),
        None => Accounts::One(
            settings.default_accounts.get(&channel).map_or(DEFAULT_ACCOUNT, |account| account.account()).to_owned(),
        ),
    };
    Rule {
        agent: if agents.contains(&agent) { agent } else { default_agent.to_owned() },
        channel,
        account,
        chat: binding.chat.as_ref().map(|(kind, id)| (*kind, id.to_lowercase())),
    }
}
