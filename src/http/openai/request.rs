//! The body of a chat completion request. What is not known is not looked at.

use callboard_actors::message::{Code, ToolCall};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::attached;
use super::content::Content;
use crate::http::error::ApiError;
use crate::http::fields::{self, Shape, kind, not_json};

/// A chat completion request.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(in crate::http) struct ChatRequest {
    /// `callboard`, or `callboard:<agent>`; any other name is echoed and means the default agent.
    #[serde(default)]
    pub(super) model: Option<String>,
    /// What was said, oldest first.
    pub(super) messages: Vec<ChatMessage>,
    /// Whether the answer is streamed as server-sent events.
    #[serde(default)]
    pub(super) stream: Option<bool>,
    /// What is streamed beside the answer.
    #[serde(default)]
    pub(super) stream_options: Option<StreamOptions>,
    /// Names the person: requests of one person share a session.
    #[serde(default)]
    pub(super) user: Option<String>,
    /// Tools that the client has: `{"type": "function", "function": {"name", "description", "parameters", "strict"}}`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    pub(super) tools: Option<Vec<Value>>,
    /// `auto`, `none`, `required` or `{"type": "function", "function": {"name"}}`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(super) tool_choice: Option<Value>,
    /// Whether several tools may be called at once.
    #[serde(default)]
    pub(super) parallel_tool_calls: Option<bool>,
    /// The older form of `tools`, which is refused.
    #[serde(default)]
    #[schema(ignore)]
    pub(super) functions: Option<Vec<Value>>,
    /// How many answers; only 1.
    #[serde(default)]
    pub(super) n: Option<u64>,
    /// 0 to 2.
    #[serde(default)]
    pub(super) temperature: Option<f64>,
    /// 0 to 1.
    #[serde(default)]
    pub(super) top_p: Option<f64>,
    /// The most tokens of the answer.
    #[serde(default)]
    pub(super) max_tokens: Option<u64>,
    /// The most tokens of the answer and of thinking.
    #[serde(default)]
    pub(super) max_completion_tokens: Option<u64>,
    /// A text or up to four at which the answer ends.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(super) stop: Option<Value>,
    /// The form of the answer.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(super) response_format: Option<Value>,
    /// The same seed asks for the same answer.
    #[serde(default)]
    pub(super) seed: Option<i64>,
    /// How much the model is to think, in one word.
    #[serde(default)]
    pub(super) reasoning_effort: Option<String>,
}

/// What is streamed beside the answer.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(in crate::http) struct StreamOptions {
    /// Whether the last chunk tells the tokens.
    #[serde(default)]
    pub(super) include_usage: Option<bool>,
}

/// One message.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(in crate::http) struct ChatMessage {
    /// `system`, `developer`, `user`, `assistant`, `tool` or `function`.
    pub(super) role: String,
    /// A text, or parts of type `text`, `input_text`, `image_url` and `file`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(super) content: Content,
    /// The calls that an assistant made.
    #[serde(default)]
    pub(super) tool_calls: Option<Vec<MessageCall>>,
    /// Which call a `tool` message is the result of.
    #[serde(default)]
    pub(super) tool_call_id: Option<String>,
}

/// A call that an assistant made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(in crate::http) struct MessageCall {
    id: String,
    function: MessageFunction,
}

/// What was called.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(in crate::http) struct MessageFunction {
    name: String,
    /// JSON as a text.
    #[serde(default)]
    arguments: String,
}

impl MessageCall {
    /// Returns a call; `arguments` is JSON as a text.
    pub(super) fn new(id: &str, name: &str, arguments: &str) -> Self {
        let function = MessageFunction { name: name.to_owned(), arguments: arguments.to_owned() };
        Self { id: id.to_owned(), function }
    }

    /// Returns what names it.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

impl From<&ToolCall> for MessageCall {
    fn from(call: &ToolCall) -> Self {
        Self::new(&call.id, &call.name, &call.args_text())
    }
}

impl From<MessageCall> for ToolCall {
    fn from(call: MessageCall) -> Self {
        let MessageCall { id, function: MessageFunction { name, arguments } } = call;
        Self { id, name, args: Self::read_args(&arguments) }
    }
}

impl ChatRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// Names the field that is missing or wrong.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let mut request: Self = serde_json::from_slice(body).map_err(|error| blame(body, &error))?;
        attached::place(&mut request.messages)?;
        Ok(request)
    }

    /// Returns whether the answer is streamed.
    pub(super) fn streams(&self) -> bool {
        self.stream == Some(true)
    }

    /// Returns whether the stream ends with the tokens.
    pub(super) fn wants_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage == Some(true))
    }
}

/// Finds the field that is to blame. Only failures come here, so reading the body again costs nobody.
fn blame(body: &[u8], error: &serde_json::Error) -> ApiError {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return not_json(error) };
    let Value::Object(fields) = value else {
        return ApiError::new(Code::InvalidRequest, format!("the body must be a JSON object, not {}", kind(&value)));
    };
    if !fields.contains_key("messages") {
        return ApiError::field("messages", "`messages` is required");
    }
    if let Some(error) = fields::misfit(&fields, SHAPES) {
        return error;
    }
    let index = fields.get("messages").and_then(Value::as_array).and_then(|messages| messages.iter().position(unreadable));
    match index {
        Some(index) => ApiError::field(format!("messages[{index}]"), format!("`messages[{index}]` is not usable: {error}")),
        None => not_json(error),
    }
}

fn unreadable(message: &Value) -> bool {
    ChatMessage::deserialize(message).is_err()
}

const SHAPES: &[Shape] = &[
    ("messages", |value| value.is_array(), "a list"),
    ("model", |value| value.is_string() || value.is_null(), "a string"),
    ("stream", |value| value.is_boolean() || value.is_null(), "a boolean"),
    ("stream_options", |value| value.is_object() || value.is_null(), "an object"),
    ("user", |value| value.is_string() || value.is_null(), "a string"),
    ("tools", |value| value.is_array() || value.is_null(), "a list"),
    ("functions", |value| value.is_array() || value.is_null(), "a list"),
    ("parallel_tool_calls", |value| value.is_boolean() || value.is_null(), "a boolean"),
    ("n", |value| value.is_u64() || value.is_null(), "a whole number"),
    ("temperature", |value| value.is_number() || value.is_null(), "a number"),
    ("top_p", |value| value.is_number() || value.is_null(), "a number"),
    ("max_tokens", |value| value.is_u64() || value.is_null(), "a whole number"),
    ("max_completion_tokens", |value| value.is_u64() || value.is_null(), "a whole number"),
    ("seed", |value| value.is_i64() || value.is_null(), "a whole number"),
    ("reasoning_effort", |value| value.is_string() || value.is_null(), "a string"),
];
