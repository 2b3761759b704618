//! `sessions_list`: which sessions there are.

use callboard_actors::agent::{Repeat, Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::place::{kind_of, sees, shown, store_fault};
use super::{ToolParts, args};

/// How many sessions are shown at the most, and without being told.
const SHOWN_MAX: u64 = 200;
const SHOWN_DEFAULT: u64 = 50;
/// How many of the newest sessions are looked at.
const LOOKED_AT_MAX: usize = 2_000;
const MINUTE_MS: i64 = 60_000;

/// Lists sessions.
pub(super) struct SessionsList {
    parts: ToolParts,
}

impl SessionsList {
    pub(super) fn new(parts: &ToolParts) -> Self {
        Self { parts: parts.clone() }
    }
}

impl Tool for SessionsList {
    fn name(&self) -> &str {
        "sessions_list"
    }

    fn description(&self) -> &str {
        "Lists the newest sessions that this one may see, with their keys, kinds and costs."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object", "additionalProperties": false,
            "properties": {
                "limit": { "type": "integer", "minimum": 1, "maximum": SHOWN_MAX, "description": "How many; 50 without." },
                "activeMinutes": {
                    "type": "integer", "minimum": 1, "maximum": 5_256_000,
                    "description": "Only those that had a turn within so many minutes."
                },
                "kinds": {
                    "type": "array", "maxItems": 5,
                    "items": { "type": "string", "enum": ["main", "group", "cron", "hook", "other"] },
                    "description": "Only those of these kinds."
                }
            }
        })
    }

    fn repeat(&self) -> Repeat {
        Repeat::Safe
    }

    fn call(&self, context: ToolContext, args: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let parts = self.parts.clone();
        let list = async move {
            let routes = parts.routes.get();
            let rows = parts.outgoing.store.sessions(LOOKED_AT_MAX).await.map_err(|error| store_fault(&error))?;
            let minutes = args.get("activeMinutes").and_then(Value::as_i64);
            let oldest_ms = minutes.map(|minutes| parts.outgoing.clock.now_ms().saturating_sub(minutes * MINUTE_MS));
            let kinds = args.get("kinds").and_then(Value::as_array);
            let reach = parts.reach.get();
            let wanted = rows.iter().filter(|row| {
                sees(row, &context, &reach)
                    && oldest_ms.is_none_or(|oldest_ms| row.updated_ms >= oldest_ms)
                    && kinds.is_none_or(|kinds| kinds.iter().any(|kind| kind == kind_of(&row.key, &routes)))
            });
            let sessions: Vec<_> =
                wanted.take(args::count(&args, "limit", SHOWN_DEFAULT)).map(|row| shown(row, &routes)).collect();
            Ok(ToolOutput::json(json!({ "count": sessions.len(), "sessions": sessions })))
        };
        list.boxed()
    }
}
