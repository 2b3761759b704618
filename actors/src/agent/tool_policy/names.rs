//! Lists of tools: names, patterns, groups, profiles.

/// Names that stand for several tools, those of tools that this gateway has not included: a list means the same everywhere.
const GROUPS: &[(&str, &[&str])] = &[
    ("group:fs", &["read", "write", "edit", "ls", "apply_patch"]),
    ("group:runtime", &["exec", "bash", "process"]),
    ("group:messaging", &["message"]),
    ("group:sessions", &["sessions_list", "sessions_history", "sessions_send", "sessions_spawn", "session_status"]),
    ("group:web", &["web_search", "web_fetch"]),
    ("group:memory", &["memory_search", "memory_get"]),
    ("group:automation", &["cron", "gateway"]),
    ("group:ui", &["browser", "canvas"]),
    ("group:nodes", &["nodes"]),
];

/// What tools of an MCP server have between the server's name and their own.
pub const MCP_JOINT: &str = "__";
/// The group of all tools of MCP servers.
const MCP_GROUP: &str = "group:mcp";

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
        let tool = tool.to_lowercase();
        self.0.iter().any(|name| entry_has(name, &tool))
    }

    /// Returns whether the list names nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn entry_has(entry: &str, tool: &str) -> bool {
    match GROUPS.iter().find(|(group, _)| *group == entry) {
        Some((_, tools)) => tools.contains(&tool),
        None if entry == MCP_GROUP => tool.contains(MCP_JOINT),
        None => matches(entry, tool),
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

/// A stock of tools by what an agent is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToolProfile {
    /// Only `session_status`.
    Minimal,
    /// Files, programs, sessions, memory and images.
    Coding,
    /// Messages, and the sessions that there are.
    Messaging,
    /// All.
    #[default]
    Full,
}

impl ToolProfile {
    /// Returns whether a tool is in the stock.
    #[must_use]
    pub fn has(self, tool: &str) -> bool {
        let stock: &[&str] = match self {
            Self::Full => return true,
            Self::Minimal => &["session_status"],
            Self::Coding => &["group:fs", "group:runtime", "group:sessions", "group:memory", "image"],
            Self::Messaging => &["group:messaging", "sessions_list", "sessions_history", "sessions_send", "session_status"],
        };
        let tool = tool.to_lowercase();
        stock.iter().any(|entry| entry_has(entry, &tool))
    }
}
