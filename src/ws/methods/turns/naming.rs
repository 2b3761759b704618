//! From what a client calls a session to its key: gateway-protocol §9.1.

use callboard_actors::client::WireError;
use callboard_actors::message::SessionKey;
use callboard_actors::registry::{main_key, named_key, normalise_agent};

use crate::ws::Control;

/// The longest key that is taken, bytes.
const KEY_BYTES_MAX: usize = 512;

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
    let bare = text.trim();
    if bare.is_empty() || bare.len() > KEY_BYTES_MAX || bare.contains(char::is_control) {
        return Err(WireError::invalid(format!(
            "sessionKey must have 1 to {KEY_BYTES_MAX} bytes and no control characters, for example agent:main:main"
        )));
    }
    let agent = agent.unwrap_or(&routes.default_agent);
    let key = if bare.eq_ignore_ascii_case("main") { main_key(agent, &routes.main_key) } else { named_key(agent, bare) };
    let rest = key.agent().and_then(|agent| key.as_str().strip_prefix("agent:")?.strip_prefix(agent)?.strip_prefix(':'));
    if key.agent().is_none_or(str::is_empty) || rest.is_none_or(str::is_empty) {
        return Err(WireError::invalid(format!("sessionKey \"{bare}\" is no whole key, for example agent:main:main")));
    }
    Ok(Named { key, spelled: bare.to_owned() })
}
