//! `sessions_history`: what was said in a session.

use callboard_actors::agent::{Repeat, Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use callboard_actors::message::{Entry, Media, Role};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::place::{KEY_BYTES_MAX, seen_session, store_fault};
use super::{ToolParts, args};

/// How many lines are shown at the most, and without being told.
const LINES_MAX: u64 = 1_000;
const LINES_DEFAULT: u64 = 50;
/// How many bytes of text are shown; older lines are left out, and a line that has no room is cut.
const TEXT_BYTES_MAX: usize = 256 * 1024;

/// Shows a transcript.
pub(super) struct SessionsHistory {
    parts: ToolParts,
}

impl SessionsHistory {
    pub(super) fn new(parts: &ToolParts) -> Self {
        Self { parts: parts.clone() }
    }
}

impl Tool for SessionsHistory {
    fn name(&self) -> &str {
        "sessions_history"
    }

    fn description(&self) -> &str {
        "Shows the newest lines of a session's transcript, oldest first."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object", "additionalProperties": false, "required": ["sessionKey"],
            "properties": {
                "sessionKey": {
                    "type": "string", "minLength": 1, "maxLength": KEY_BYTES_MAX,
                    "description": "The session; `main` is the agent's main one."
                },
                "limit": { "type": "integer", "minimum": 1, "maximum": LINES_MAX, "description": "How many lines; 50 without." },
                "includeTools": { "type": "boolean", "description": "Whether the results of tools are shown." }
            }
        })
    }

    fn repeat(&self) -> Repeat {
        Repeat::Safe
    }

    fn call(&self, context: ToolContext, args: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let parts = self.parts.clone();
        let read = async move {
            let session = seen_session(args::required(&args, &["sessionKey"])?, &context, &parts).await?;
            let limit = args::count(&args, "limit", LINES_DEFAULT);
            let lines = parts.outgoing.store.history(session.clone(), limit).await.map_err(|error| store_fault(&error))?;
            let tools = args.get("includeTools").and_then(Value::as_bool).unwrap_or_default();
            let lines: Vec<_> = lines.into_iter().filter(|line| tools || line.role != Role::Tool).collect();
            let messages = fitting(lines);
            Ok(ToolOutput::json(json!({ "sessionKey": session, "messages": messages })))
        };
        read.boxed()
    }
}

/// Returns the newest lines that have room.
fn fitting(lines: Vec<Entry>) -> Vec<Value> {
    let mut left = TEXT_BYTES_MAX;
    let mut messages = Vec::new();
    for line in lines.into_iter().rev() {
        if left == 0 {
            break;
        }
        let text = line.text.get(..line.text.floor_char_boundary(left)).unwrap_or_default();
        left = if text.len() < line.text.len() { 0 } else { left - text.len() };
        let mut content = vec![json!({ "type": "text", "text": text })];
        content.extend(line.media.iter().map(media));
        messages.push(json!({ "role": line.role.shown(), "content": content, "timestamp": line.at_ms }));
    }
    messages.reverse();
    messages
}

/// Returns what came with a line: by its address, or by its place in the workspace.
fn media(media: &Media) -> Value {
    match media.url() {
        Some(url) => json!({ "type": "image_url", "image_url": { "url": url } }),
        None => json!({ "type": "text", "text": media.line() }),
    }
}
