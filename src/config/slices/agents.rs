//! Agents, and which messages they get.

use std::collections::BTreeMap;

use callboard_actors::channel::{Account, KINDS};
use callboard_actors::message::ChatKind;
use callboard_actors::registry::{Binding, DmScope, RouteSettings};

use super::ModelsConfig;
use crate::config::check::nearest;
use crate::config::model::{self, AgentEntry, BindingEntry, Model, ModelName, PeerKind};
use crate::config::{KeyPath, Problem, later};

/// The agent when none is configured.
const MAIN: &str = "main";
/// The longest id of an agent.
const ID_LEN_MAX: usize = 64;

/// One agent with everything that holds for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSettings {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: Option<String>,
    /// Its model; `None` is the default provider.
    pub model: Option<String>,
    /// Models that step in, in order.
    pub fallbacks: Vec<String>,
    /// Its instructions.
    pub system: Option<String>,
}

pub(super) fn cut(model: &Model, models: &ModelsConfig, problems: &mut Vec<Problem>) -> Vec<AgentSettings> {
    let at = KeyPath::default().key("agents");
    check_model(model.agents.defaults.model.as_ref(), models, &at.key("defaults").key("model"), problems);
    for (place, agent) in model.agents.list.iter().enumerate() {
        check_model(agent.model.as_ref(), models, &at.key("list").index(place).key("model"), problems);
    }
    let main = AgentEntry { id: MAIN.to_owned(), ..AgentEntry::default() };
    let listed = if model.agents.list.is_empty() { std::slice::from_ref(&main) } else { &model.agents.list };
    let mut agents: Vec<_> = listed.iter().map(|agent| settings(agent, &model.agents.defaults)).collect();
    let first = default_agent(model);
    agents.sort_by_key(|agent| agent.id != first);
    agents
}

pub(super) fn routes(model: &Model, accounts: &[Account], problems: &mut Vec<Problem>) -> RouteSettings {
    check_ids(&model.agents.list, problems);
    let mut default_accounts = BTreeMap::new();
    for account in accounts {
        default_accounts.entry(account.key.channel().to_owned()).or_insert_with(|| account.key.clone());
    }
    let agents = ids(model);
    RouteSettings {
        default_agent: default_agent(model),
        main_key: main_key(&model.session.main_key, problems),
        dm_scope: match model.session.dm_scope {
            model::DmScope::Main => DmScope::Main,
            model::DmScope::PerPeer => DmScope::PerPeer,
            model::DmScope::PerChannelPeer => DmScope::PerChannelPeer,
            model::DmScope::PerAccountChannelPeer => DmScope::PerAccountChannelPeer,
        },
        identity_links: links(&model.session.identity_links, problems),
        bindings: bindings(&model.bindings, &agents, problems),
        agents,
        default_accounts,
    }
}

fn settings(agent: &AgentEntry, defaults: &model::AgentDefaults) -> AgentSettings {
    let model = agent.model.as_ref().or(defaults.model.as_ref());
    AgentSettings {
        id: agent.id.clone(),
        name: agent.name.clone(),
        model: model.and_then(ModelName::primary).map(str::to_owned),
        fallbacks: model.map(|model| model.fallbacks().to_vec()).unwrap_or_default(),
        system: agent.system_prompt.clone().or_else(|| defaults.system_prompt.clone()),
    }
}

/// Returns the ids of all agents, in the order of the file.
pub(super) fn ids(model: &Model) -> Vec<String> {
    match model.agents.list.as_slice() {
        [] => vec![MAIN.to_owned()],
        list => list.iter().map(|agent| agent.id.clone()).collect(),
    }
}

pub(super) fn default_agent(model: &Model) -> String {
    let list = &model.agents.list;
    let chosen = list.iter().find(|agent| agent.default).or_else(|| list.first());
    chosen.map_or_else(|| MAIN.to_owned(), |agent| agent.id.clone())
}

fn check_model(model: Option<&ModelName>, models: &ModelsConfig, at: &KeyPath, problems: &mut Vec<Problem>) {
    let Some(model) = model else { return };
    for name in model.primary().into_iter().chain(model.fallbacks().iter().map(String::as_str)) {
        if models.names.look_up(name).is_none() {
            problems.push(Problem::new(at.clone(), models.names.unknown(name)));
        }
    }
}

fn is_id(text: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    text.len() <= ID_LEN_MAX
        && text.starts_with(plain)
        && text.chars().all(|letter| plain(letter) || letter == '-' || letter == '_')
}

fn check_ids(list: &[AgentEntry], problems: &mut Vec<Problem>) {
    let at = KeyPath::default().key("agents").key("list");
    for (place, agent) in list.iter().enumerate() {
        let here = at.index(place).key("id");
        if !is_id(&agent.id) {
            problems.push(Problem::new(here, "has to be 1 to 64 of a-z, 0-9, `-` and `_`, a letter or digit first"));
        } else if list.iter().take(place).any(|other| other.id == agent.id) {
            problems.push(Problem::new(here, format!("`{}` is the id of an agent above: choose another", agent.id)));
        }
    }
}

fn main_key(key: &str, problems: &mut Vec<Problem>) -> String {
    if !is_id(key) {
        let text = "has to be 1 to 64 of a-z, 0-9, `-` and `_`, a letter or digit first";
        problems.push(Problem::new(KeyPath::default().key("session").key("mainKey"), text));
    }
    key.to_owned()
}

/// Turns `name → [channel:peer]` into `channel:peer → name`.
fn links(links: &BTreeMap<String, Vec<String>>, problems: &mut Vec<Problem>) -> BTreeMap<String, String> {
    let at = KeyPath::default().key("session").key("identityLinks");
    let mut names = BTreeMap::new();
    for (name, peers) in links {
        for (place, peer) in peers.iter().enumerate() {
            let here = at.key(name).index(place);
            if !peer.split_once(':').is_some_and(|(channel, id)| !channel.is_empty() && !id.is_empty()) {
                problems.push(Problem::new(here, "has to be channel:peer, for example \"socket-chat:wxid_1\""));
            } else if let Some(other) = names.insert(peer.to_lowercase(), name.to_lowercase()) {
                problems.push(Problem::new(here, format!("is a peer of `{other}` already: keep one of the two")));
            }
        }
    }
    names
}

fn bindings(entries: &[BindingEntry], agents: &[String], problems: &mut Vec<Problem>) -> Vec<Binding> {
    let at = KeyPath::default().key("bindings");
    for (place, entry) in entries.iter().enumerate() {
        let here = at.index(place);
        if !agents.contains(&entry.agent_id) {
            let hint =
                nearest(&entry.agent_id, agents.iter().map(String::as_str)).map(|near| format!(", did you mean `{near}`?"));
            let text = format!("no agent has the id `{}`{}", entry.agent_id, hint.unwrap_or_default());
            problems.push(Problem::new(here.key("agentId"), text));
        }
        let channel = entry.matches.channel.to_lowercase();
        let known = || KINDS.iter().map(|kind| kind.name).chain(later::CHANNELS.iter().copied());
        if !known().any(|kind| kind == channel) {
            let hint = nearest(&channel, known()).map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
            problems
                .push(Problem::new(here.key("match").key("channel"), format!("no integration is called `{channel}`{hint}")));
        }
    }
    entries.iter().map(binding).collect()
}

fn binding(entry: &BindingEntry) -> Binding {
    let kind = |kind: PeerKind| match kind {
        PeerKind::Dm | PeerKind::Direct => ChatKind::Direct,
        PeerKind::Group => ChatKind::Group,
        PeerKind::Channel => ChatKind::Channel,
    };
    Binding {
        agent: entry.agent_id.clone(),
        channel: entry.matches.channel.to_lowercase(),
        account: entry.matches.account_id.as_ref().map(|account| account.trim().to_lowercase()),
        chat: entry.matches.peer.as_ref().map(|peer| (kind(peer.kind), peer.id.clone())),
    }
}
