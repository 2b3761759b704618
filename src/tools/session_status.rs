//! `session_status`: how one session is.

use callboard_actors::agent::{Repeat, Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use callboard_actors::message::Code;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::place::{KEY_BYTES_MAX, seen_session, shown, store_fault};
use super::{ToolParts, args};

/// Shows one session.
pub(super) struct SessionStatus {
    parts: ToolParts,
}

impl SessionStatus {
    pub(super) fn new(parts: &ToolParts) -> Self {
        Self { parts: parts.clone() }
    }
}

impl Tool for SessionStatus {
    fn name(&self) -> &str {
        "session_status"
    }

    fn description(&self) -> &str {
        "Shows when a session last had a turn, how long its transcript is, what it has cost and which model answers."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object", "additionalProperties": false,
            "properties": {
                "sessionKey": {
                    "type": "string", "minLength": 1, "maxLength": KEY_BYTES_MAX,
                    "description": "The session; without, the one that asks."
                }
            }
        })
    }

    fn repeat(&self) -> Repeat {
        Repeat::Safe
    }

    fn call(&self, context: ToolContext, args: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let parts = self.parts.clone();
        let look = async move {
            let session = match args::text(&args, &["sessionKey"]) {
                Some(key) => seen_session(key, &context, &parts).await?,
                None => context.session,
            };
            let row = parts.outgoing.store.session(session.clone()).await.map_err(|error| store_fault(&error))?;
            let Some(row) = row else {
                return Err(ToolFault::failed(Code::NotFound, format!("nobody has spoken to the session `{session}` yet")));
            };
            let mut details = shown(&row, &parts.routes.get());
            if let (Some(fields), Ok(traits)) = (details.as_object_mut(), serde_json::to_value(&row.traits)) {
                fields.insert("settings".to_owned(), traits);
            }
            Ok(ToolOutput::json(details))
        };
        look.boxed()
    }
}
