//! Which session an argument means, and how sessions are shown.

use callboard_actors::agent::{ToolContext, ToolFault};
use callboard_actors::message::{Code, SessionKey};
use callboard_actors::ports::{SessionRow, StoreError};
use callboard_actors::registry::{CLIENT_KEY_BYTES_MAX, RouteSettings, client_key};
use serde_json::{Map, Value, json};

use super::{Reach, ToolParts, Visibility};

/// The most bytes of a key.
pub(super) const KEY_BYTES_MAX: u64 = CLIENT_KEY_BYTES_MAX as u64;

/// Returns whether the one who asks may see a session: by its key, or as a sub-agent of theirs, which is known by whom its results go
/// to.
pub(super) fn sees(row: &SessionRow, context: &ToolContext, reach: &Reach) -> bool {
    let reports_here = || row.reply_to.as_ref().is_some_and(|target| target.chat.id == context.session.as_str());
    reach.sees(&row.key, context) || reach.visibility(context) != Visibility::Own && row.key.is_sub_agent() && reports_here()
}

/// Returns the session that a key means to the one who asks: a bare key is one of their agent's own, `main` its main session.
///
/// # Errors
/// The key is not one, no such agent is configured, or the session is not theirs to see.
pub(super) async fn seen_session(key: &str, context: &ToolContext, parts: &ToolParts) -> Result<SessionKey, ToolFault> {
    let routes = parts.routes.get();
    let session = session_of(key, context, &routes)?;
    let reach = parts.reach.get();
    if reach.sees(&session, context) {
        return Ok(session);
    }
    let row = parts.outgoing.store.session(session.clone()).await.map_err(|error| store_fault(&error))?;
    if row.is_some_and(|row| sees(&row, context, &reach)) {
        return Ok(session);
    }
    let text = "this session does not see that one: `tools.sessions.visibility` says how far turns see";
    Err(ToolFault::failed(Code::Forbidden, text))
}

fn session_of(key: &str, context: &ToolContext, routes: &RouteSettings) -> Result<SessionKey, ToolFault> {
    let key = client_key(&context.agent, &routes.main_key, key);
    let key = key.map_err(|error| ToolFault::failed(Code::InvalidRequest, error.to_string()))?;
    match key.agent().filter(|agent| routes.agents.iter().any(|known| known == agent)) {
        Some(_) => Ok(key),
        None => Err(ToolFault::failed(Code::NotFound, format!("no agent of the session `{key}` is configured"))),
    }
}

/// Returns the fault of a store that does not answer.
pub(super) fn store_fault(error: &StoreError) -> ToolFault {
    ToolFault::failed(error.code(), error.to_string())
}

/// Returns what sort of session a key names.
pub(super) fn kind_of(key: &SessionKey, routes: &RouteSettings) -> &'static str {
    let rest: Vec<_> = key.as_str().split(':').skip(2).collect();
    match rest.as_slice() {
        [main] if *main == routes.main_key => "main",
        ["cron", ..] => "cron",
        ["hook", ..] => "hook",
        [_, "group" | "channel", ..] => "group",
        _ => "other",
    }
}

/// Returns a session as the tools show it.
pub(super) fn shown(row: &SessionRow, routes: &RouteSettings) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("key", json!(row.key));
    put("kind", json!(kind_of(&row.key, routes)));
    put("sessionId", json!(row.id));
    put("updatedAt", json!(row.updated_ms));
    put("entries", json!(row.entries));
    put("inputTokens", json!(row.usage.input));
    put("outputTokens", json!(row.usage.output));
    put("totalTokens", json!(row.usage.input.saturating_add(row.usage.output)));
    if let Some(label) = &row.traits.label {
        put("label", json!(label));
    }
    if let Some(model) = &row.traits.model {
        put("model", json!(model));
    }
    if let Some(target) = &row.reply_to {
        put("channel", json!(target.account.channel()));
        put("accountId", json!(target.account.account()));
        put("lastTo", json!(target.chat.id));
    }
    Value::Object(fields)
}
