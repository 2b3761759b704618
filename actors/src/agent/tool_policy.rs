//! Who may call which tool: one policy for every way in. It is a pure function of the settings and of who asks.

mod names;
mod rules;

pub use names::{MCP_JOINT, ToolNames, ToolProfile};
pub use rules::{ChatTools, GroupTools, ScopedRules, ToolRules, ToolScope};

use super::tool::{Asker, Entrance, ToolContext};

/// What is kept from clients over HTTP unless `gateway.tools.allow` names it: whoever holds the token is not thereby a shell, a
/// second agent or an operator.
pub const HTTP_DENIED: &[&str] = &[
    "exec",
    "spawn",
    "shell",
    "fs_write",
    "fs_delete",
    "fs_move",
    "read",
    "write",
    "edit",
    "ls",
    "apply_patch",
    "sessions_spawn",
    "sessions_send",
    "cron",
    "gateway",
    "nodes",
    "mochat_setup",
];

/// What turns have only where `allow` or `alsoAllow` of `tools` or of their agent names it: whoever writes to an agent is not thereby an
/// operator.
pub const TURN_KEPT: &[&str] = &["gateway"];

/// What turns have only where an owner asks in a direct chat, whatever lists name it.
pub const OWNER_KEPT: &[&str] = &["mochat_setup"];

/// What turns in rooms have only where such a list, or one of the room's own, names it, and with it all tools of MCP servers: anybody in
/// a room can have the agent do what it can do, and its files and sessions are those of others too.
pub const ROOM_KEPT: &[&str] = &[
    "exec",
    "read",
    "write",
    "edit",
    "ls",
    "apply_patch",
    "message",
    "cron",
    "agents_list",
    "session_status",
    "sessions_list",
    "sessions_history",
    "sessions_send",
    "sessions_spawn",
];

/// What sessions that another session began never have: they would begin sessions in turn, or act for the one that began them.
pub const SUB_AGENT_DENIED: &[&str] = &["sessions_spawn"];

/// What such sessions have only where `tools.subagents.tools.alsoAllow` names it.
pub const SUB_AGENT_KEPT: &[&str] =
    &["gateway", "cron", "agents_list", "session_status", "sessions_list", "sessions_history", "sessions_send", "message"];

/// Who may call which tool. A denial wins over a permission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolPolicy {
    /// The only tools there are, for everybody (`tools.allow`); `None` is all.
    pub allow: Option<ToolNames>,
    /// Tools that there are not, for anybody (`tools.deny`).
    pub deny: ToolNames,
    /// What more is said of everybody, of agents, providers and sub-agents.
    pub scoped: Vec<ScopedRules>,
    /// What is said of groups and of who writes in them.
    pub groups: Vec<GroupTools>,
    /// What clients over HTTP may call though it is in [`HTTP_DENIED`] (`gateway.tools.allow`).
    pub http_allow: ToolNames,
    /// What clients over HTTP may not call (`gateway.tools.deny`).
    pub http_deny: ToolNames,
}

impl ToolPolicy {
    /// Returns whether a tool is there for the one who asks.
    #[must_use]
    pub fn admits(&self, tool: &str, context: &ToolContext) -> bool {
        self.admits_everywhere(tool)
            && self.scoped.iter().filter(|scoped| scoped.scope.holds(context)).all(|scoped| scoped.rules.admits(tool))
            && self.groups.iter().all(|groups| groups.admits(tool, context))
            && self.admits_sub_agent(tool, context)
            && match context.entrance {
                Entrance::Turn => self.admits_turn(tool, context),
                Entrance::Http => !self.http_deny.has(tool) && (!is_kept_from_http(tool) || self.http_allow.has(tool)),
            }
    }

    fn admits_turn(&self, tool: &str, context: &ToolContext) -> bool {
        if OWNER_KEPT.contains(&tool) {
            return context.asker == Asker::Owner && !rules::is_room(context) && !context.session.is_sub_agent();
        }
        let named = || self.names(tool, context);
        match (TURN_KEPT.contains(&tool), rules::is_room(context)) {
            // No room is an operator.
            (true, true) => false,
            (true, false) => named(),
            (false, true) => {
                let kept = ROOM_KEPT.contains(&tool) || tool.contains(MCP_JOINT);
                !kept || named() || self.groups.iter().any(|groups| groups.names(tool, context))
            }
            (false, false) => true,
        }
    }

    fn admits_everywhere(&self, tool: &str) -> bool {
        self.allow.as_ref().is_none_or(|names| names.has(tool)) && !self.deny.has(tool)
    }

    /// Returns whether a list of everybody's or of the agent's names a tool.
    fn names(&self, tool: &str, context: &ToolContext) -> bool {
        let own = |scope: &ToolScope| matches!(scope, ToolScope::Everybody | ToolScope::Agent(_)) && scope.holds(context);
        self.allow.as_ref().is_some_and(|names| names.has(tool))
            || self.scoped.iter().any(|scoped| own(&scoped.scope) && scoped.rules.names(tool))
    }

    fn admits_sub_agent(&self, tool: &str, context: &ToolContext) -> bool {
        let kept = || SUB_AGENT_KEPT.contains(&tool) && !self.names_for_sub_agents(tool);
        !context.session.is_sub_agent() || !SUB_AGENT_DENIED.contains(&tool) && !kept()
    }

    fn names_for_sub_agents(&self, tool: &str) -> bool {
        let theirs = |scoped: &ScopedRules| scoped.scope == ToolScope::SubAgents;
        self.scoped.iter().any(|scoped| theirs(scoped) && scoped.rules.also_allow.has(tool))
    }
}

/// Returns whether a tool is kept from clients over HTTP: those of the list, and those of MCP servers, which may be anything.
fn is_kept_from_http(tool: &str) -> bool {
    HTTP_DENIED.contains(&tool) || tool.contains(MCP_JOINT)
}

#[cfg(test)]
mod tests;
