//! The client's own tools: what it offers, and how their calls are written.

use std::collections::HashSet;
use std::sync::Arc;

use callboard_actors::message::{ToolCall, ToolChoice, ToolSpec, ToolUse};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::request::ChatRequest;
use crate::http::error::ApiError;
use crate::http::fields::kind;

/// How many tools a client may offer.
const TOOLS_MAX: usize = 128;
/// The most bytes of a tool's name.
const NAME_BYTES_MAX: usize = 64;

#[derive(Deserialize)]
struct Offered {
    r#type: Option<String>,
    function: Option<ToolSpec>,
}

/// Reads the tools that a request offers.
///
/// # Errors
/// Names the field that is wrong.
pub(super) fn tools(request: &mut ChatRequest) -> Result<ToolUse, ApiError> {
    if request.functions.take().is_some_and(|functions| !functions.is_empty()) {
        return Err(ApiError::field("functions", "`functions` has been replaced: send `tools`"));
    }
    let offered = request.tools.take().unwrap_or_default();
    if offered.len() > TOOLS_MAX {
        return Err(ApiError::field("tools", format!("`tools` has {} entries: send at most {TOOLS_MAX}", offered.len())));
    }
    let specs = offered.into_iter().enumerate().map(|(index, tool)| spec(index, tool).map(Arc::new));
    let specs = specs.collect::<Result<Vec<_>, _>>()?;
    let mut names = HashSet::new();
    if let Some(index) = specs.iter().position(|spec| !names.insert(spec.name.as_str())) {
        let param = format!("tools[{index}].function.name");
        return Err(ApiError::field(param.clone(), format!("`{param}` is the name of another tool too: rename one")));
    }
    let choice = request.tool_choice.take().map(|choice| read_choice(&choice)).transpose()?.flatten();
    match &choice {
        Some(ToolChoice::Required | ToolChoice::Named(_)) if specs.is_empty() => {
            Err(ApiError::field("tool_choice", "`tool_choice` asks for a tool, but `tools` has none"))
        }
        Some(ToolChoice::Named(name)) if !specs.iter().any(|spec| spec.name == *name) => {
            Err(ApiError::field("tool_choice", "`tool_choice` names a tool that is not in `tools`"))
        }
        _ => Ok(ToolUse { specs, choice, parallel: request.parallel_tool_calls }),
    }
}

fn spec(index: usize, tool: Value) -> Result<ToolSpec, ApiError> {
    let wrong = |what: &str, text: String| {
        let param = format!("tools[{index}]{what}");
        ApiError::field(param.clone(), format!("`{param}` {text}"))
    };
    let offered = Offered::deserialize(tool).map_err(|error| wrong("", format!("is not usable: {error}")))?;
    if offered.r#type.is_some_and(|kind| kind != "function") {
        return Err(wrong(".type", "is not known: only tools of type `function` are passed on".into()));
    }
    let spec = offered.function.ok_or_else(|| wrong(".function", "is required".into()))?;
    let fits = |mark: char| mark.is_ascii_alphanumeric() || matches!(mark, '_' | '-');
    if spec.name.is_empty() || spec.name.len() > NAME_BYTES_MAX || !spec.name.chars().all(fits) {
        return Err(wrong(".function.name", format!("must have 1 to {NAME_BYTES_MAX} letters, digits, `_` and `-`")));
    }
    match &spec.parameters {
        Some(schema) if !schema.text().starts_with('{') => {
            let other = serde_json::from_str(schema.text()).unwrap_or_default();
            Err(wrong(".function.parameters", format!("must be a JSON Schema object, not {}", kind(&other))))
        }
        _ => Ok(spec),
    }
}

/// Reads a choice; null is none.
fn read_choice(choice: &Value) -> Result<Option<ToolChoice>, ApiError> {
    let named = choice.pointer("/function/name").and_then(Value::as_str);
    Ok(Some(match (choice.as_str(), named) {
        (Some("auto"), _) => ToolChoice::Auto,
        (Some("none"), _) => ToolChoice::Never,
        (Some("required"), _) => ToolChoice::Required,
        (None, Some(name)) if choice.get("type").is_none_or(|kind| kind == "function") => ToolChoice::Named(name.to_owned()),
        (None, None) if choice.is_null() => return Ok(None),
        _ => {
            let text =
                "`tool_choice` must be `auto`, `none`, `required` or `{\"type\":\"function\",\"function\":{\"name\":…}}`";
            return Err(ApiError::field("tool_choice", text));
        }
    }))
}

/// A call of one of the client's tools.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct CallOut<'a> {
    /// The call's place, in a streamed piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    /// Names the call; the result is sent back under it.
    id: &'a str,
    /// Always `function`.
    r#type: &'static str,
    /// What to call.
    function: FunctionOut<'a>,
}

/// What to call.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct FunctionOut<'a> {
    /// The tool's name.
    name: &'a str,
    /// The arguments, JSON as a text.
    arguments: String,
}

/// Whether calls come in a whole answer or in a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// In a whole answer.
    Whole,
    /// In a piece of a stream.
    Piece,
}

/// Writes calls down; `None` for none.
pub(super) fn calls_out(calls: &[ToolCall], form: Form) -> Option<Vec<CallOut<'_>>> {
    let write = |(place, call)| {
        let ToolCall { id, name, .. }: &ToolCall = call;
        let index = (form == Form::Piece).then_some(place);
        CallOut { index, id, r#type: "function", function: FunctionOut { name, arguments: call.args_text() } }
    };
    (!calls.is_empty()).then(|| calls.iter().enumerate().map(write).collect())
}
