//! The body of a request, and what it is in the terms of chat completions.

use callboard_actors::message::Code;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::fields::{self, Shape, kind, not_json};
use crate::http::openai::request::{ChatMessage, ChatRequest};

/// A request for a response.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(in crate::http) struct ResponseRequest {
    /// `callboard`, or `callboard:<agent>`; any other name is echoed and means the default agent.
    pub(super) model: Option<String>,
    /// A text, or items: `message`, `function_call`, `function_call_output`; `reasoning` and `item_reference` mean nothing here.
    #[schema(value_type = Object)]
    pub(super) input: Value,
    /// Instructions for this answer.
    pub(super) instructions: Option<String>,
    /// The answer after which it goes on, in the same session; known for an hour.
    pub(super) previous_response_id: Option<String>,
    /// Names the person: requests of one person share a session.
    pub(super) user: Option<String>,
    /// Whether the answer is streamed as server-sent events.
    pub(super) stream: Option<bool>,
    /// Tools that the client has, `{"type": "function", "function": {"name", …}}` or `{"type": "function", "name", …}`.
    #[schema(value_type = Option<Vec<Object>>)]
    pub(super) tools: Option<Vec<Value>>,
    /// `auto`, `none`, `required`, or a function by its name.
    #[schema(value_type = Option<Object>)]
    pub(super) tool_choice: Option<Value>,
    /// Whether several tools may be called at once.
    pub(super) parallel_tool_calls: Option<bool>,
    /// The most tokens of the answer.
    pub(super) max_output_tokens: Option<u64>,
    /// 0 to 2.
    pub(super) temperature: Option<f64>,
    /// 0 to 1.
    pub(super) top_p: Option<f64>,
    /// How much the model is to think: `{"effort"}`.
    #[schema(value_type = Option<Object>)]
    pub(super) reasoning: Option<Value>,
    /// The form of the answer: `{"format"}`.
    #[schema(value_type = Option<Object>)]
    pub(super) text: Option<Value>,
    /// Comes back as it is.
    #[schema(value_type = Option<Object>)]
    pub(super) metadata: Option<Value>,
}

/// Fields that are taken and have no effect.
const IGNORED: &[&str] = &[
    "include",
    "max_tool_calls",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "store",
    "stream_options",
    "top_logprobs",
    "truncation",
];

const SHAPES: &[Shape] = &[
    ("input", |value| value.is_string() || value.is_array(), "a string or a list of items"),
    ("model", |value| value.is_string() || value.is_null(), "a string"),
    ("instructions", |value| value.is_string() || value.is_null(), "a string"),
    ("previous_response_id", |value| value.is_string() || value.is_null(), "a string"),
    ("user", |value| value.is_string() || value.is_null(), "a string"),
    ("stream", |value| value.is_boolean() || value.is_null(), "a boolean"),
    ("tools", |value| value.is_array() || value.is_null(), "a list"),
    ("tool_choice", |_| true, "a string or an object"),
    ("parallel_tool_calls", |value| value.is_boolean() || value.is_null(), "a boolean"),
    ("max_output_tokens", |value| value.is_u64() || value.is_null(), "a whole number"),
    ("temperature", |value| value.is_number() || value.is_null(), "a number"),
    ("top_p", |value| value.is_number() || value.is_null(), "a number"),
    ("reasoning", |value| value.is_object() || value.is_null(), "an object"),
    ("text", |value| value.is_object() || value.is_null(), "an object"),
    ("metadata", |value| value.is_object() || value.is_null(), "an object"),
];

/// What a field of a chat completion request is called here.
const NAMES: &[(&str, &str)] = &[
    ("messages", "input"),
    ("max_completion_tokens", "max_output_tokens"),
    ("response_format", "text.format"),
    ("reasoning_effort", "reasoning.effort"),
];

impl ResponseRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// Names the field that is missing, wrong or not known.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let fields: Map<String, Value> = match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => fields,
            Ok(other) => {
                let text = format!("the body must be a JSON object, not {}", kind(&other));
                return Err(ApiError::new(Code::InvalidRequest, text));
            }
            Err(error) => return Err(not_json(&error)),
        };
        if !fields.contains_key("input") {
            return Err(ApiError::field("input", "`input` is required"));
        }
        if let Some(error) = fields::misfit(&fields, SHAPES) {
            return Err(error);
        }
        refuse_unknown(&fields)?;
        Self::deserialize(Value::Object(fields)).map_err(|error| not_json(&error))
    }

    /// Returns the same in the terms of chat completions; `messages` is what its input says.
    pub(super) fn into_chat(self, messages: Vec<ChatMessage>) -> ChatRequest {
        let effort = self.reasoning.as_ref().and_then(|reasoning| reasoning.get("effort")).and_then(Value::as_str);
        ChatRequest {
            messages,
            user: self.user,
            reasoning_effort: effort.map(str::to_owned),
            tools: self.tools.map(|tools| tools.into_iter().map(nested).collect()),
            tool_choice: self.tool_choice.map(nested),
            parallel_tool_calls: self.parallel_tool_calls,
            max_completion_tokens: self.max_output_tokens,
            temperature: self.temperature,
            top_p: self.top_p,
            response_format: self.text.and_then(|text| format_of(&text)),
            model: self.model,
            stream: self.stream,
            ..ChatRequest::default()
        }
    }
}

/// Says a failure of a chat completion request in the terms of this one.
pub(super) fn in_our_terms(error: ApiError) -> ApiError {
    NAMES.iter().fold(error, |error, (theirs, ours)| error.renamed(theirs, ours))
}

fn refuse_unknown(fields: &Map<String, Value>) -> Result<(), ApiError> {
    let known = |name: &str| IGNORED.contains(&name) || SHAPES.iter().any(|(shape, ..)| *shape == name);
    for (name, value) in fields {
        let text = match name.as_str() {
            name if known(name) => continue,
            // Empty it asks for nothing.
            "background" if matches!(value, Value::Null | Value::Bool(false)) => continue,
            "conversation" | "prompt" if value.is_null() => continue,
            "background" => "`background` must be false: answers are waited for".to_owned(),
            "conversation" => "`conversation` is not known here: name `previous_response_id` or `user`".to_owned(),
            "prompt" => "`prompt` is not known here: send `instructions` and `input`".to_owned(),
            // As the reference words it.
            name => format!("Unrecognized key: \"{}\"", name.escape_default()),
        };
        return Err(ApiError::field(name.chars().take(100).collect::<String>(), text));
    }
    Ok(())
}

/// Returns a tool, or the choice of one, in the form of chat completions, where it came in the flat one.
fn nested(tool: Value) -> Value {
    match tool {
        Value::Object(mut fields) if !fields.contains_key("function") && fields.contains_key("name") => {
            let kind = fields.remove("type").unwrap_or_else(|| json!("function"));
            json!({ "type": kind, "function": fields })
        }
        other => other,
    }
}

/// Returns the form of an answer as chat completions name it; a plain text is none.
fn format_of(text: &Value) -> Option<Value> {
    let format = text.get("format").filter(|format| !format.is_null())?;
    match format.get("type").and_then(Value::as_str) {
        Some("text") => None,
        Some("json_schema") if format.get("json_schema").is_none() => {
            let mut schema = format.as_object().cloned().unwrap_or_default();
            schema.remove("type");
            Some(json!({ "type": "json_schema", "json_schema": schema }))
        }
        _ => Some(format.clone()),
    }
}
