//! What others see of the servers, and the way of a call to its server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::message::Code;
use crate::ports::{McpFault, McpLink};

/// Where a server's connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum McpState {
    /// It is being made.
    Connecting,
    /// Its tools can be called.
    Up,
    /// It is over, and will be made anew.
    Down,
}

/// How a server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct McpStatus {
    /// Its name.
    pub name: String,
    /// Where its connection stands.
    pub state: McpState,
    /// Since when, milliseconds since 1970.
    pub since_ms: i64,
    /// How many tools it lends.
    pub tools: usize,
    /// How often its connection was made.
    pub connects: u64,
    /// Why the last connection ended or was not made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

struct Entry {
    status: McpStatus,
    link: Option<Arc<dyn McpLink>>,
}

/// The servers that there are. One for each life of the gateway.
#[derive(Default)]
pub struct McpDesk(Mutex<BTreeMap<String, Entry>>);

impl McpDesk {
    /// Returns how all servers are, in the order of their names.
    #[must_use]
    pub fn statuses(&self) -> Vec<McpStatus> {
        self.entries().values().map(|entry| entry.status.clone()).collect()
    }

    /// Returns the connection to a server.
    ///
    /// # Errors
    /// There is none at the moment.
    pub fn link(&self, server: &str) -> Result<Arc<dyn McpLink>, McpFault> {
        let entries = self.entries();
        let entry = entries.get(server);
        if let Some(link) = entry.and_then(|entry| entry.link.clone()) {
            return Ok(link);
        }
        let why = entry.and_then(|entry| entry.status.error.as_deref()).map(|error| format!(": {error}")).unwrap_or_default();
        Err(McpFault::new(Code::Unavailable, format!("the MCP server `{server}` is not connected{why}; it is tried again")))
    }

    /// Takes a server in; until then, and once it is forgotten, what its actor says of it does not count.
    pub(super) fn open(&self, server: &str, now_ms: i64) {
        let (name, state) = (server.to_owned(), McpState::Connecting);
        let status = McpStatus { name, state, since_ms: now_ms, tools: 0, connects: 0, error: None };
        self.entries().insert(server.to_owned(), Entry { status, link: None });
    }

    /// Has a server's tools lent, unless it is forgotten: nobody would give them back.
    pub(super) fn lend<T>(&self, server: &str, lend: impl FnOnce() -> T) -> Option<T> {
        // Under the lock, so that whoever forgets it finds all that was lent.
        let entries = self.entries();
        entries.contains_key(server).then(lend)
    }

    pub(super) fn connecting(&self, server: &str, now_ms: i64) {
        self.change(server, McpState::Connecting, now_ms, |entry| entry.link = None);
    }

    pub(super) fn up(&self, server: &str, link: Arc<dyn McpLink>, tools: usize, now_ms: i64) {
        self.change(server, McpState::Up, now_ms, |entry| {
            entry.link = Some(link);
            entry.status.tools = tools;
            entry.status.connects = entry.status.connects.saturating_add(1);
            entry.status.error = None;
        });
    }

    pub(super) fn lends(&self, server: &str, tools: usize) {
        if let Some(entry) = self.entries().get_mut(server) {
            entry.status.tools = tools;
        }
    }

    pub(super) fn down(&self, server: &str, error: Option<String>, now_ms: i64) {
        self.change(server, McpState::Down, now_ms, |entry| {
            entry.link = None;
            entry.status.error = error.or(entry.status.error.take());
        });
    }

    pub(super) fn forget(&self, server: &str) {
        let gone = self.entries().remove(server);
        // Not under the lock: a link may end a process.
        drop(gone);
    }

    fn change(&self, server: &str, state: McpState, now_ms: i64, more: impl FnOnce(&mut Entry)) {
        let mut entries = self.entries();
        // One that was forgotten meanwhile stays so.
        let Some(entry) = entries.get_mut(server) else { return };
        if entry.status.state != state {
            (entry.status.state, entry.status.since_ms) = (state, now_ms);
        }
        more(entry);
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for McpDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.entries().keys()).finish()
    }
}
