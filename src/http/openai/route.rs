//! Which agent and which session a request is for.

use actix_web::http::header::HeaderMap;
use callboard_actors::message::{Code, SessionKey, Tenure};
use callboard_actors::registry::{client_key, openai_key, openai_user_key, responses_key, responses_user_key};
use uuid::Uuid;

use crate::http::error::ApiError;
use crate::http::named::{NAMES, checked, header};
use crate::http::settings::HttpSettings;

/// Which endpoint is asked: each has sessions of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Front {
    /// `/v1/chat/completions`.
    Chat,
    /// `/v1/responses`.
    Responses,
}

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
/// The key can be none; or the user is too long or has control characters.
pub(super) fn session(
    settings: &HttpSettings,
    headers: &HeaderMap,
    agent: &str,
    user: Option<&str>,
    front: Front,
) -> Result<(SessionKey, Tenure), ApiError> {
    if let Some((name, key)) = header(headers, "session-key")? {
        let session = client_key(agent, &settings.main_key, checked(&name, key)?);
        return session.map(|session| (session, Tenure::Kept)).map_err(|error| ApiError::field(name, error.to_string()));
    }
    match user.filter(|user| !user.is_empty()) {
        Some(user) => {
            let user = checked("user", user)?;
            let key = match front {
                Front::Chat => openai_user_key(agent, user),
                Front::Responses => responses_user_key(agent, user),
            };
            Ok((key, Tenure::Kept))
        }
        None => {
            let key = match front {
                Front::Chat => openai_key(agent, Uuid::now_v7()),
                Front::Responses => responses_key(agent, Uuid::now_v7()),
            };
            Ok((key, Tenure::Once))
        }
    }
}

/// Reads `callboard:<agent>`, `callboard/<agent>` and `agent:<agent>`.
fn agent_of_model(model: &str) -> Option<&str> {
    let (name, agent) = model.split_once([':', '/'])?;
    let ours = name == "agent" || NAMES.contains(&name);
    (ours && !agent.is_empty()).then_some(agent)
}
