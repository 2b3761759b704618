//! What the configuration says of a server.

use std::sync::Arc;

use crate::agent::ToolNames;
use crate::ports::McpServer;

/// One server, and which of its tools are lent.
#[derive(Clone, Debug)]
pub struct McpSettings {
    /// The server.
    pub server: Arc<McpServer>,
    /// The only tools of it that are lent, by the names that it gives them; `None` is all.
    pub allow: Option<ToolNames>,
    /// Tools of it that are not lent.
    pub deny: ToolNames,
    /// Changes exactly when a setting changes.
    pub fingerprint: u64,
}

impl McpSettings {
    /// Returns whether a tool is lent, by the server's own name for it.
    #[must_use]
    pub fn lends(&self, tool: &str) -> bool {
        self.allow.as_ref().is_none_or(|names| names.has(tool)) && !self.deny.has(tool)
    }
}
