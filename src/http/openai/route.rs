//! Which agent and which session a request is for.

use actix_web::http::header::HeaderMap;
use callboard_actors::message::{Code, SessionKey, Tenure};
use callboard_actors::registry::{named_key, openai_key, openai_user_key};
use uuid::Uuid;

use crate::http::error::ApiError;
use crate::http::settings::HttpSettings;

/// The name that clients know this endpoint by, and those of gateways that they come from.
const NAMES: &[&str] = &["callboard", "clawdbot", "moltbot", "openclaw"];
/// The most bytes of a key or user that becomes part of a session's key.
const KEY_BYTES_MAX: usize = 256;

/// Returns the agent: by header, by the model's name, or the default one.
///
/// # Errors
/// No such agent is configured.
pub(super) fn agent(settings: &HttpSettings, headers: &HeaderMap, model: Option<&str>) -> Result<String, ApiError> {
    let named = header(headers, "agent-id")?.or(header(headers, "agent")?);
    let (param, wanted) = match (named, model.and_then(agent_of_model)) {
        (Some((name, agent)), _) => (name, agent),
        (None, Some(agent)) => ("model".to_owned(), agent),
        (None, None) => return Ok(settings.default_agent.clone()),
    };
    let known = settings.agents.iter().find(|agent| agent.eq_ignore_ascii_case(wanted));
    known.cloned().ok_or_else(|| {
        let text = format!("no agent `{}` is configured: GET /v1/models lists them", wanted.escape_default());
        ApiError::new(Code::NotFound, text).about(param)
    })
}

/// Returns the session and whether anybody will ask it again: by header, one for each user, or a fresh one.
///
/// # Errors
/// The key or user is too long or has control characters.
pub(super) fn session(headers: &HeaderMap, agent: &str, user: Option<&str>) -> Result<(SessionKey, Tenure), ApiError> {
    if let Some((name, key)) = header(headers, "session-key")? {
        return Ok((named_key(agent, checked(&name, key)?), Tenure::Kept));
    }
    match user.filter(|user| !user.is_empty()) {
        Some(user) => Ok((openai_user_key(agent, checked("user", user)?), Tenure::Kept)),
        None => Ok((openai_key(agent, Uuid::now_v7()), Tenure::Once)),
    }
}

/// Returns a header of ours under any of its names.
fn header<'a>(headers: &'a HeaderMap, what: &str) -> Result<Option<(String, &'a str)>, ApiError> {
    for name in NAMES {
        let name = format!("x-{name}-{what}");
        if let Some(value) = headers.get(&name) {
            let text =
                value.to_str().map_err(|_| ApiError::field(name.clone(), format!("the header `{name}` is not readable")))?;
            if !text.trim().is_empty() {
                return Ok(Some((name, text.trim())));
            }
        }
    }
    Ok(None)
}

/// Reads `callboard:<agent>`, `callboard/<agent>` and `agent:<agent>`.
fn agent_of_model(model: &str) -> Option<&str> {
    let (name, agent) = model.split_once([':', '/'])?;
    let ours = name == "agent" || NAMES.contains(&name);
    (ours && !agent.is_empty()).then_some(agent)
}

fn checked<'a>(param: &str, text: &'a str) -> Result<&'a str, ApiError> {
    if text.len() > KEY_BYTES_MAX || text.chars().any(char::is_control) {
        let reason = format!("`{param}` must have at most {KEY_BYTES_MAX} bytes and no control characters");
        return Err(ApiError::field(param, reason));
    }
    Ok(text)
}
