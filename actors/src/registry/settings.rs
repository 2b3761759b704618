//! What routing reads from the configuration.

use std::collections::BTreeMap;

use crate::message::{AccountKey, ChatKind};

/// How far apart the direct chats of different people are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DmScope {
    /// All in one session: for one person with many channels.
    Main,
    /// One session a person, over all channels.
    PerPeer,
    /// One session a person and channel: people do not read each other's context.
    #[default]
    PerChannelPeer,
    /// One session a person, channel and account.
    PerAccountChannelPeer,
}

/// One rule that gives matching messages to an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The agent.
    pub agent: String,
    /// The integration.
    pub channel: String,
    /// The login: `None` is the default one, `*` any.
    pub account: Option<String>,
    /// One chat.
    pub chat: Option<(ChatKind, String)>,
}

/// The settings of the route table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSettings {
    /// The agent for what no binding matches.
    pub default_agent: String,
    /// Every agent there is.
    pub agents: Vec<String>,
    /// The main session's name (`session.mainKey`).
    pub main_key: String,
    /// How direct chats are kept apart (`session.dmScope`).
    pub dm_scope: DmScope,
    /// One name for the same person on several channels: from `channel:peer` to the name (`session.identityLinks`).
    pub identity_links: BTreeMap<String, String>,
    /// Rules, in the order of the file (`bindings`).
    pub bindings: Vec<Binding>,
    /// The default login of each integration.
    pub default_accounts: BTreeMap<String, AccountKey>,
}

impl Default for RouteSettings {
    fn default() -> Self {
        Self {
            default_agent: "main".into(),
            agents: vec!["main".into()],
            main_key: "main".into(),
            dm_scope: DmScope::default(),
            identity_links: BTreeMap::new(),
            bindings: Vec::new(),
            default_accounts: BTreeMap::new(),
        }
    }
}
