//! Targets as people and agents write them: sessions.

use super::NAME;
use crate::channel::TargetError;
use crate::message::SessionKey;

/// The longest key, bytes.
const KEY_BYTES_MAX: usize = 512;

/// How much of a target that cannot be read is shown, characters.
const SHOWN_CHARS_MAX: usize = 80;

/// Reads `agent:<agentId>:<rest>`, with or without `webchat:` before it.
///
/// # Errors
/// It is no whole key of a session.
pub(super) fn parse(text: &str) -> Result<SessionKey, TargetError> {
    let bare = match text.trim().split_once(':') {
        Some((channel, rest)) if channel.eq_ignore_ascii_case(NAME) => rest.trim(),
        _ => text.trim(),
    };
    let key = SessionKey::new(bare);
    let rest = key.agent().and_then(|agent| key.as_str().strip_prefix("agent:")?.strip_prefix(agent)?.strip_prefix(':'));
    let whole = key.agent().is_some_and(|agent| !agent.is_empty()) && rest.is_some_and(|rest| !rest.is_empty());
    if whole && key.as_str().len() <= KEY_BYTES_MAX && !key.as_str().contains(char::is_control) {
        return Ok(key);
    }
    let shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    Err(TargetError(format!("Invalid webchat target: \"{shown}\" (expected a session's key, for example agent:main:main)")))
}
