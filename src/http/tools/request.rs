//! The body of a call.

use callboard_actors::agent::{Admitted, ToolArgs};
use callboard_actors::message::Code;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::fields::{kind, not_json};

/// A call of a tool, as it is described; other fields that the tool takes as arguments may stand beside these.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(in crate::http) struct ToolRequest {
    /// The tool's name.
    tool: String,
    /// The argument `action`, for tools that take one.
    action: Option<String>,
    /// The arguments, by name.
    #[schema(value_type = Option<Object>)]
    args: Option<Value>,
    /// The session that it is done for; the agent's main one without.
    session_key: Option<String>,
    /// The agent; the session's own, or the default one without.
    agent_id: Option<String>,
    /// Whether everything is looked at and nothing done.
    dry_run: Option<bool>,
}

/// Whether a tool is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// It is.
    Real,
    /// Everything is looked at and nothing done.
    Dry,
}

/// A call of a tool.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) tool: String,
    pub(super) action: Option<String>,
    pub(super) args: ToolArgs,
    pub(super) session_key: Option<String>,
    pub(super) agent_id: Option<String>,
    pub(super) run: Run,
    /// What stood beside the known fields.
    pub(super) rest: Map<String, Value>,
}

impl Invocation {
    /// Reads a body.
    ///
    /// # Errors
    /// Names the field that is missing or wrong.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let body: Value = serde_json::from_slice(body).map_err(|error| not_json(&error))?;
        let Value::Object(mut fields) = body else {
            return Err(ApiError::new(Code::InvalidRequest, format!("the body must be a JSON object, not {}", kind(&body))));
        };
        let tool = text(&mut fields, "tool")?;
        let tool = tool.ok_or_else(|| ApiError::field("tool", "tools.invoke requires body.tool"))?;
        let args = match fields.shift_remove("args") {
            None | Some(Value::Null) => ToolArgs::new(),
            Some(Value::Object(args)) => args,
            Some(other) => return Err(ApiError::field("args", format!("`args` must be an object, not {}", kind(&other)))),
        };
        let run = match fields.shift_remove("dryRun") {
            None | Some(Value::Null | Value::Bool(false)) => Run::Real,
            Some(Value::Bool(true)) => Run::Dry,
            Some(other) => return Err(ApiError::field("dryRun", format!("`dryRun` must be a boolean, not {}", kind(&other)))),
        };
        let action = text(&mut fields, "action")?;
        let (session_key, agent_id) = (text(&mut fields, "sessionKey")?, text(&mut fields, "agentId")?);
        Ok(Self { tool, action, args, session_key, agent_id, run, rest: fields })
    }

    /// Puts the action, and what stood beside the known fields, among the arguments where the tool takes them; what stands there
    /// already wins.
    pub(super) fn merge(&mut self, tool: &Admitted<'_>) {
        let action = self.action.take().map(|action| ("action".to_owned(), Value::String(action)));
        for (name, value) in action.into_iter().chain(std::mem::take(&mut self.rest)) {
            if tool.takes(&name) && !self.args.contains_key(&name) {
                self.args.insert(name, value);
            }
        }
    }
}

/// Takes a text; an empty one is none.
fn text(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, ApiError> {
    match fields.shift_remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(other) => Err(ApiError::field(name, format!("`{name}` must be a string, not {}", kind(&other)))),
    }
}
