//! Who may call which tool.

use std::collections::BTreeMap;

use callboard_actors::agent::{ChatTools, GroupTools, ScopedRules, ToolNames, ToolPolicy, ToolProfile, ToolRules, ToolScope};
use callboard_actors::channel::{GroupEntry, GroupRules};
use callboard_actors::registry::escape;
use serde_json::{Map, Value};

use crate::config::model::{self, Model};
use crate::config::{KeyPath, Problem};

/// The account that the top of an integration's section is.
const DEFAULT_ACCOUNT: &str = "default";

/// Prefixes of writers that name somebody by something that anybody can take.
const NAME_PREFIXES: [&str; 2] = ["name:", "username:"];

pub(super) fn cut(model: &Model) -> ToolPolicy {
    let (tools, http) = (&model.tools, &model.gateway.tools);
    ToolPolicy {
        allow: None,
        deny: ToolNames::new(&tools.rules.deny),
        scoped: scoped(model),
        // Read from the sections of the integrations, which are no part of the model.
        groups: Vec::new(),
        http_allow: ToolNames::new(&http.allow),
        http_deny: ToolNames::new(&http.deny),
    }
}

fn scoped(model: &Model) -> Vec<ScopedRules> {
    let tools = &model.tools;
    let mut scoped = vec![ScopedRules { scope: ToolScope::Everybody, rules: rules(&tools.rules) }];
    scoped.extend(providers(None, &tools.by_provider));
    for agent in &model.agents.list {
        let Some(tools) = &agent.tools else { continue };
        scoped.push(ScopedRules { scope: ToolScope::Agent(agent.id.clone()), rules: rules(&tools.rules) });
        scoped.extend(providers(Some(&agent.id), &tools.by_provider));
    }
    scoped.push(ScopedRules { scope: ToolScope::SubAgents, rules: rules(&tools.subagents.tools) });
    scoped
}

fn providers<'a>(
    agent: Option<&'a String>,
    by_provider: &'a BTreeMap<String, model::ToolRules>,
) -> impl Iterator<Item = ScopedRules> + 'a {
    by_provider.iter().map(move |(name, given)| ScopedRules {
        scope: ToolScope::Provider { agent: agent.cloned(), name: name.clone() },
        rules: rules(given),
    })
}

fn rules(given: &model::ToolRules) -> ToolRules {
    let profile = match given.profile {
        model::Profile::Minimal => ToolProfile::Minimal,
        model::Profile::Coding => ToolProfile::Coding,
        model::Profile::Messaging => ToolProfile::Messaging,
        model::Profile::Full => ToolProfile::Full,
    };
    made(profile, &given.allow, &given.also_allow, &given.deny)
}

fn of_group_rules(given: &GroupRules) -> ToolRules {
    made(ToolProfile::Full, &given.allow, &given.also_allow, &given.deny)
}

fn made(profile: ToolProfile, allow: &[String], also_allow: &[String], deny: &[String]) -> ToolRules {
    ToolRules {
        profile,
        allow: (!allow.is_empty()).then(|| ToolNames::new(allow)),
        also_allow: ToolNames::new(also_allow),
        deny: ToolNames::new(deny),
    }
}

/// Reads what the sections of the integrations say of the tools in their groups: `channels.<kind>.groups.<id>.tools` and
/// `.toolsBySender`, at the top and in each account. The same for every integration; whether its groups may be an object at all is
/// its own schema's affair.
pub fn group_tools(channels: &Value, problems: &mut Vec<Problem>) -> Vec<GroupTools> {
    let at = KeyPath::default().key("channels");
    let mut found = Vec::new();
    for (kind, section) in channels.as_object().into_iter().flatten() {
        let here = at.key(kind);
        found.extend(of_account(kind, DEFAULT_ACCOUNT, section, &here, problems));
        for (account, settings) in section.get("accounts").and_then(Value::as_object).into_iter().flatten() {
            found.extend(of_account(kind, account, settings, &here.key("accounts").key(account), problems));
        }
    }
    found
}

fn of_account(kind: &str, account: &str, settings: &Value, at: &KeyPath, problems: &mut Vec<Problem>) -> Option<GroupTools> {
    let groups = settings.get("groups")?.as_object()?;
    let groups = groups.iter().filter_map(|(id, group)| {
        let group = group.as_object()?;
        let chat = of_group(kind, group, &at.key("groups").key(id), problems)?;
        // As it stands in a session's key.
        let id = bare(kind, id);
        Some((if id == "*" { id } else { escape(&id) }, chat))
    });
    let groups: BTreeMap<_, _> = groups.collect();
    let account = Some(account.trim().to_lowercase());
    (!groups.is_empty()).then(|| GroupTools { channel: kind.to_owned(), account, groups })
}

fn of_group(kind: &str, group: &Map<String, Value>, at: &KeyPath, problems: &mut Vec<Problem>) -> Option<ChatTools> {
    let known = ["tools", "toolsBySender"];
    let said: Map<_, _> = group.iter().filter(|(key, _)| known.contains(&key.as_str())).map(cloned).collect();
    if said.is_empty() {
        return None;
    }
    let entry: GroupEntry = match serde_json::from_value(Value::Object(said)) {
        Ok(entry) => entry,
        Err(error) => {
            problems.push(Problem::new(at.clone(), format!("the tools of a group cannot be read: {error}")));
            return None;
        }
    };
    let mut by_sender = BTreeMap::new();
    for (sender, tools) in &entry.tools_by_sender {
        if NAME_PREFIXES.iter().any(|prefix| sender.starts_with(prefix)) {
            let text = "names a writer by a name, which anybody can take: use the platform's own id";
            problems.push(Problem::new(at.key("toolsBySender").key(sender), text));
            continue;
        }
        by_sender.insert(bare(kind, sender), of_group_rules(tools));
    }
    Some(ChatTools { rules: entry.tools.as_ref().map(of_group_rules), by_sender })
}

fn cloned((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

/// What people may put before an id.
const PREFIXES: &[&str] = &["id:", "sc:", "group:", "room:", "channel:"];

/// Returns an id lower-cased, without the prefixes that people may put before it.
fn bare(kind: &str, id: &str) -> String {
    let own = format!("{kind}:");
    let id = id.trim().to_lowercase();
    let mut left = id.as_str();
    while let Some(rest) = PREFIXES.iter().chain([&own.as_str()]).find_map(|prefix| left.strip_prefix(*prefix)) {
        left = rest;
    }
    left.to_owned()
}
