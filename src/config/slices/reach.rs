//! How far the tools of turns reach.

use callboard_actors::agent::ToolNames;

use super::agents;
use crate::config::model::{self, Model};
use crate::config::{KeyPath, Problem};
use crate::tools::{Meetings, Reach, Visibility};

/// What stands for any agent.
const ANY: &str = "*";

pub(super) fn cut(model: &Model, problems: &mut Vec<Problem>) -> Reach {
    let at = KeyPath::default().key("agents");
    let known = agents::ids(model);
    let mut named = |names: &[String], at: KeyPath| -> Vec<String> {
        let names: Vec<_> = names.iter().map(|name| name.trim().to_lowercase()).collect();
        for (place, name) in names.iter().enumerate().filter(|(_, name)| *name != ANY && !known.contains(name)) {
            let text = format!("no agent `{name}` is configured; `*` is any of {}", known.join(", "));
            problems.push(Problem::new(at.clone().index(place), text));
        }
        names
    };
    let default_at = at.clone().key("defaults").key("subagents").key("allowAgents");
    let begins_default = named(&model.agents.defaults.subagents.allow_agents, default_at);
    let mut begins = std::collections::BTreeMap::new();
    for (place, agent) in model.agents.list.iter().enumerate() {
        let Some(names) = agent.subagents.as_ref().and_then(|subagents| subagents.allow_agents.as_deref()) else { continue };
        let at = at.clone().key("list").index(place).key("subagents").key("allowAgents");
        begins.insert(agent.id.clone(), named(names, at));
    }
    Reach { visibility: model.tools.sessions.visibility.map(visibility), meetings: meetings(model), begins, begins_default }
}

const fn visibility(said: model::SessionVisibility) -> Visibility {
    match said {
        model::SessionVisibility::Own => Visibility::Own,
        model::SessionVisibility::Tree => Visibility::Tree,
        model::SessionVisibility::Agent => Visibility::Agent,
        model::SessionVisibility::All => Visibility::All,
    }
}

fn meetings(model: &Model) -> Meetings {
    let said = &model.tools.agent_to_agent;
    match (said.enabled, said.allow.is_empty()) {
        (false, _) => Meetings::None,
        (true, true) => Meetings::All,
        (true, false) => Meetings::Among(ToolNames::new(&said.allow)),
    }
}
