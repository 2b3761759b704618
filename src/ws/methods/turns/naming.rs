//! From what a client calls a session to its key: gateway-protocol §9.1.

use callboard_actors::client::WireError;
use callboard_actors::message::SessionKey;
use callboard_actors::registry::{client_key, normalise_agent};

use crate::ws::Control;

/// A session, and what the client called it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Named {
    /// Its key.
    pub(in super::super) key: SessionKey,
    /// The key as the client spelled it, which events carry.
    pub(in super::super) spelled: String,
}

impl Named {
    /// Returns a session that is called by its own key.
    pub(in super::super) fn plain(key: SessionKey) -> Self {
        Self { spelled: key.to_string(), key }
    }
}

/// Finds an agent by the id that a client gives.
///
/// # Errors
/// There is none.
pub(in super::super) fn agent_named(control: &Control, id: &str) -> Result<String, WireError> {
    let agent = normalise_agent(id);
    if control.routes.get().agents.contains(&agent) {
        return Ok(agent);
    }
    let shown: String = id.chars().take(64).collect();
    Err(WireError::invalid(format!("unknown agent id \"{shown}\"")))
}

/// Reads a session's key; a bare one is one of the agent's, or of the default agent's.
///
/// # Errors
/// It can be no key.
pub(in super::super) fn session_named(control: &Control, agent: Option<&str>, text: &str) -> Result<Named, WireError> {
    let routes = control.routes.get();
    let key = client_key(agent.unwrap_or(&routes.default_agent), &routes.main_key, text);
    let key = key.map_err(|error| WireError::invalid(error.to_string()))?;
    Ok(Named { key, spelled: text.trim().to_owned() })
}

/// Reads a session's key whose agent is to be there.
///
/// # Errors
/// It can be no key, or there is no such agent.
pub(in super::super) fn own_session(control: &Control, text: &str) -> Result<Named, WireError> {
    let named = session_named(control, None, text)?;
    agent_named(control, named.key.agent().unwrap_or_default())?;
    Ok(named)
}
