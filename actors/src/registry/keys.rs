//! The texts of session keys, as gateway-protocol §9.1 has them.
//!
//! A key is parts joined by `:`, so a part that came from a platform or a client must not hold one: a peer whose id reads
//! `x:thread:y` would otherwise sit in somebody else's thread. Every foreign part is lower-cased and then escaped: all but letters
//! and digits of any script and ``-_.@+=~!#$&`` becomes `%` and two lower-case hexadecimal digits for each byte of its UTF-8.
//! As `%` itself is escaped, two ids that differ after lower-casing never give the same part.

use uuid::Uuid;

use crate::message::SessionKey;

const AGENT_CHARS_MAX: usize = 64;
const AGENT_FALLBACK: &str = "main";
const KEPT: &str = "-_.@+=~!#$&";

/// The longest key that is taken of a client, bytes.
pub const CLIENT_KEY_BYTES_MAX: usize = 512;

/// Why what a client calls a session cannot be its key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is empty, too long, or has control characters.
    #[error("sessionKey must have 1 to {CLIENT_KEY_BYTES_MAX} bytes and no control characters, for example agent:main:main")]
    Form,
    /// It begins like a whole key and names no agent, or nothing of one.
    #[error("sessionKey \"{0}\" is no whole key, for example agent:main:main")]
    Cut(String),
}

/// Returns an agent's id as keys have it: `[a-z0-9][a-z0-9_-]{0,63}`, lower-cased, every run of other characters collapsed to one
/// `-`; `main` when nothing is left.
#[must_use]
pub fn normalise_agent(id: &str) -> String {
    let mut normal = String::new();
    for mark in id.trim().to_lowercase().chars() {
        match mark {
            'a'..='z' | '0'..='9' => normal.push(mark),
            '_' | '-' if !normal.is_empty() => normal.push(mark),
            _ if normal.is_empty() || normal.ends_with('-') => {}
            _ => normal.push('-'),
        }
    }
    normal.truncate(AGENT_CHARS_MAX);
    let normal = normal.trim_end_matches('-');
    if normal.is_empty() { AGENT_FALLBACK.to_owned() } else { normal.to_owned() }
}

/// Returns the key of an agent's main session, `agent:<agentId>:<mainKey>`.
#[must_use]
pub fn main_key(agent: &str, main: &str) -> SessionKey {
    join(&normalise_agent(agent), &[&escape(main)])
}

/// Returns the key of one stateless request to the OpenAI endpoint, `agent:<agentId>:openai:<uuid>`.
#[must_use]
pub fn openai_key(agent: &str, request: Uuid) -> SessionKey {
    join(&normalise_agent(agent), &["openai", &request.hyphenated().to_string()])
}

/// Returns the key of the conversation that a request's `user` field names, `agent:<agentId>:openai-user:<user>`.
#[must_use]
pub fn openai_user_key(agent: &str, user: &str) -> SessionKey {
    join(&normalise_agent(agent), &["openai-user", &escape(user)])
}

/// Returns the key of one stateless request to the OpenResponses endpoint, `agent:<agentId>:openresponses:<uuid>`.
#[must_use]
pub fn responses_key(agent: &str, request: Uuid) -> SessionKey {
    join(&normalise_agent(agent), &["openresponses", &request.hyphenated().to_string()])
}

/// Returns the key of the conversation that its `user` field names, `agent:<agentId>:openresponses-user:<user>`.
#[must_use]
pub fn responses_user_key(agent: &str, user: &str) -> SessionKey {
    join(&normalise_agent(agent), &["openresponses-user", &escape(user)])
}

/// Returns the key that a trusted client names: a whole `agent:…` key as it is, a bare one as one of the agent's own.
#[must_use]
pub fn named_key(agent: &str, key: &str) -> SessionKey {
    let key = key.trim();
    let whole = key.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("agent:"));
    if whole { SessionKey::new(key) } else { SessionKey::new(&format!("agent:{}:{key}", normalise_agent(agent))) }
}

/// Returns the key of what a client calls a session, the same at every way in: `main` in any case is the agent's main session,
/// all else is read as [`named_key`] reads it.
///
/// # Errors
/// It can be no key.
pub fn client_key(agent: &str, main: &str, text: &str) -> Result<SessionKey, KeyError> {
    let bare = text.trim();
    if bare.is_empty() || bare.len() > CLIENT_KEY_BYTES_MAX || bare.contains(char::is_control) {
        return Err(KeyError::Form);
    }
    let key = if bare.eq_ignore_ascii_case("main") { main_key(agent, main) } else { named_key(agent, bare) };
    let rest = key.agent().and_then(|agent| key.as_str().strip_prefix("agent:")?.strip_prefix(agent)?.strip_prefix(':'));
    if key.agent().is_none_or(str::is_empty) || rest.is_none_or(str::is_empty) {
        return Err(KeyError::Cut(bare.to_owned()));
    }
    Ok(key)
}

/// Joins an agent's id and parts that hold no `:` of their own.
pub(super) fn join(agent: &str, parts: &[&str]) -> SessionKey {
    SessionKey::new(&format!("agent:{agent}:{}", parts.join(":")))
}

/// Returns a foreign id as one part of a key.
#[must_use]
pub fn escape(id: &str) -> String {
    let mut part = String::with_capacity(id.len());
    for mark in id.to_lowercase().chars() {
        if mark.is_alphanumeric() || KEPT.contains(mark) {
            part.push(mark);
        } else {
            push_escaped(&mut part, mark);
        }
    }
    part
}

/// Returns a part that differs from the one that [`escape`] gives for the same id, and from that of every other.
pub(super) fn escape_apart(id: &str) -> String {
    let lower = id.to_lowercase();
    let mut marks = lower.chars();
    let mut part = String::with_capacity(id.len() + 2);
    if let Some(first) = marks.next() {
        push_escaped(&mut part, first);
    }
    part.push_str(&escape(marks.as_str()));
    part
}

fn push_escaped(part: &mut String, mark: char) {
    let mut bytes = [0; 4];
    for byte in mark.encode_utf8(&mut bytes).bytes() {
        part.push_str(&format!("%{byte:02x}"));
    }
}
