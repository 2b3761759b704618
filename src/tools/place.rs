//! Which session an argument means, and how sessions are shown.

use callboard_actors::agent::{ToolContext, ToolFault};
use callboard_actors::message::{Code, SessionKey};
use callboard_actors::ports::{SessionRow, StoreError};
use callboard_actors::registry::{RouteSettings, main_key, named_key};
use serde_json::{Map, Value, json};

/// The most bytes of a key.
pub(super) const KEY_BYTES_MAX: u64 = 512;

/// Returns the session that a key means to the one who asks: a bare key is one of their agent's own, `main` its main session.
///
/// # Errors
/// No such agent is configured, or the key is not one.
pub(super) fn session_of(key: &str, context: &ToolContext, routes: &RouteSettings) -> Result<SessionKey, ToolFault> {
    if key.contains(char::is_control) {
        return Err(ToolFault::argument("sessionKey", "must not have control characters"));
    }
    let key = match key {
        "main" => main_key(&context.agent, &routes.main_key),
        key => named_key(&context.agent, key),
    };
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
