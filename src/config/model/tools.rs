//! `tools.*`, `gateway.tools.*` and the tools of an agent.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What agents and clients can have done. Lists hold names, names with `*` for any part, and the groups `group:fs`,
/// `group:runtime`, `group:messaging`, `group:sessions`, `group:web`, `group:memory`, `group:automation`, `group:ui`,
/// `group:nodes`, and `group:mcp`, the tools of all MCP servers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("additionalProperties" = false))]
pub struct Tools {
    /// Those of everybody.
    #[serde(flatten)]
    pub rules: ToolRules,
    /// What more holds for the models of one provider, by its name or by `provider/model`.
    pub by_provider: BTreeMap<String, ToolRules>,
    /// What more holds for sessions that another session began. They never have `sessions_spawn`.
    pub subagents: SubAgents,
    /// What turns see of other sessions.
    pub sessions: SessionTools,
    /// Which agents may look at each other's sessions, where `sessions.visibility` lets turns see all.
    pub agent_to_agent: AgentToAgent,
}

/// A stock of tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// `session_status`.
    Minimal,
    /// `group:fs`, `group:runtime`, `group:sessions`, `group:memory` and `image`.
    Coding,
    /// `group:messaging`, and of the sessions all but beginning one.
    Messaging,
    /// All.
    #[default]
    Full,
}

/// Which tools there are. Every set of rules that holds for a call has its say: a tool is there when all of them let it be.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ToolRules {
    /// The stock of tools that there are.
    pub profile: Profile,
    /// The only ones of the stock; an empty list is all.
    #[schemars(length(max = 256))]
    pub allow: Vec<String>,
    /// Tools beside the stock and `allow`.
    #[schemars(length(max = 256))]
    pub also_allow: Vec<String>,
    /// Tools that there are not; wins over every `allow`.
    #[schemars(length(max = 256))]
    pub deny: Vec<String>,
}

/// The tools of one agent.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("additionalProperties" = false))]
pub struct AgentTools {
    /// Those of all its turns.
    #[serde(flatten)]
    pub rules: ToolRules,
    /// What more holds for the models of one provider, by its name or by `provider/model`.
    pub by_provider: BTreeMap<String, ToolRules>,
}

/// Sessions that another session began.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SubAgents {
    /// Their tools. `gateway`, `cron`, `agents_list`, `session_status`, `sessions_list`, `sessions_history`, `sessions_send` and
    /// `message` they have only where `alsoAllow` names them.
    pub tools: ToolRules,
}

/// What turns see of other sessions by `session_status`, `sessions_list`, `sessions_history` and `sessions_send`. Clients over HTTP see all.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SessionTools {
    /// Which sessions turns see. Without it `tree`; no list of tools shows more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<SessionVisibility>,
}

/// Which sessions turns see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SessionVisibility {
    /// Their own.
    #[serde(rename = "self")]
    Own,
    /// Their own and the sub-agents that it began.
    Tree,
    /// Those of their agent.
    Agent,
    /// All; those of other agents only where `agentToAgent` lets them meet.
    All,
}

/// Which agents may look at each other's sessions.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct AgentToAgent {
    /// Whether any may.
    pub enabled: bool,
    /// Which, by their ids, `*` standing for any part; both have to be named. An empty list is all.
    #[schemars(length(max = 256))]
    pub allow: Vec<String>,
}

/// What clients over HTTP can have done by `POST /tools/invoke`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct HttpTools {
    /// Tools that clients may call though they are kept from HTTP by themselves: `exec`, `spawn`, `shell`, `fs_write`, `fs_delete`,
    /// `fs_move`, `read`, `write`, `edit`, `ls`, `apply_patch`, `sessions_spawn`, `sessions_send`, `cron`, `gateway`, `nodes`,
    /// `mochat_setup`, and the tools of MCP servers.
    #[schemars(length(max = 256))]
    pub allow: Vec<String>,
    /// Tools that clients may not call; wins over `allow`.
    #[schemars(length(max = 256))]
    pub deny: Vec<String>,
}
