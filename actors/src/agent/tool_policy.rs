//! Who may call which tool: one policy for every way in.

use super::tool::{Entrance, ToolContext};

/// What is kept from clients over HTTP unless `gateway.tools.allow` names it: whoever holds the token is not thereby a shell, a
/// second agent or an operator.
pub const HTTP_DENIED: &[&str] = &[
    "exec",
    "spawn",
    "shell",
    "fs_write",
    "fs_delete",
    "fs_move",
    "apply_patch",
    "sessions_spawn",
    "sessions_send",
    "cron",
    "gateway",
    "nodes",
];

/// Names that stand for several tools.
const GROUPS: &[(&str, &[&str])] = &[
    ("group:messaging", &["message"]),
    ("group:sessions", &["sessions_list", "sessions_history", "sessions_send", "sessions_spawn", "session_status"]),
    ("group:web", &["web_search", "web_fetch"]),
];

/// A list of tools: names, names with `*` for any part, and groups such as `group:web`. Upper and lower case are alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolNames(Vec<String>);

impl ToolNames {
    /// Takes a list.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self(names.into_iter().map(|name| name.as_ref().trim().to_lowercase()).collect())
    }

    /// Returns whether a tool is in the list.
    #[must_use]
    pub fn has(&self, tool: &str) -> bool {
        self.0.iter().any(|name| match GROUPS.iter().find(|(group, _)| group == name) {
            Some((_, tools)) => tools.contains(&tool),
            None => matches(name, tool),
        })
    }
}

/// Matches a name against a pattern in which `*` stands for any text. Linear but for the stars, of which names have few.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<_> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        match left.find(part) {
            Some(at) => left = left.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    left.ends_with(tail)
}

/// Who may call which tool. A denial wins over a permission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolPolicy {
    /// The only tools there are, for everybody (`tools.allow`); `None` is all.
    pub allow: Option<ToolNames>,
    /// Tools that there are not, for anybody (`tools.deny`).
    pub deny: ToolNames,
    /// What clients over HTTP may call though it is in [`HTTP_DENIED`] (`gateway.tools.allow`).
    pub http_allow: ToolNames,
    /// What clients over HTTP may not call (`gateway.tools.deny`).
    pub http_deny: ToolNames,
}

impl ToolPolicy {
    /// Returns whether a tool is there for the one who asks.
    #[must_use]
    pub fn admits(&self, tool: &str, context: &ToolContext) -> bool {
        let everywhere = self.allow.as_ref().is_none_or(|names| names.has(tool)) && !self.deny.has(tool);
        everywhere
            && match context.entrance {
                Entrance::Turn => true,
                Entrance::Http => !self.http_deny.has(tool) && (!HTTP_DENIED.contains(&tool) || self.http_allow.has(tool)),
            }
    }
}

#[cfg(test)]
mod tests;
