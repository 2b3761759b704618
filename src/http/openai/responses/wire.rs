//! The answers, as clients of OpenResponses read them.

use callboard_actors::message::{ToolCall, TurnEnd, Usage};
use serde_json::{Map, Value, json};

use super::request::ResponseRequest;
use crate::http::error::ApiError;

/// What all pieces of an answer have in common.
#[derive(Debug)]
pub(super) struct Head {
    /// Names the answer.
    pub(super) id: String,
    /// Names its message.
    pub(super) message: String,
    /// What of the request comes back, and when it came.
    echo: Map<String, Value>,
}

impl Head {
    /// Begins an answer; `run` names the turn, `created` is in seconds since 1970.
    pub(super) fn new(run: &str, created: i64, model: &str, request: &ResponseRequest) -> Self {
        let echo = json!({
            "object": "response",
            "created_at": created,
            "model": model,
            "instructions": request.instructions,
            "max_output_tokens": request.max_output_tokens,
            "metadata": request.metadata.clone().unwrap_or_else(|| json!({})),
            "parallel_tool_calls": request.parallel_tool_calls.unwrap_or(true),
            "previous_response_id": request.previous_response_id,
            "reasoning": request.reasoning,
            "temperature": request.temperature,
            "text": request.text.clone().unwrap_or_else(|| json!({ "format": { "type": "text" } })),
            "tool_choice": request.tool_choice.clone().unwrap_or_else(|| json!("auto")),
            "tools": request.tools.clone().unwrap_or_default(),
            "top_p": request.top_p,
            "user": request.user,
        });
        let echo = echo.as_object().cloned().unwrap_or_default();
        Self { id: format!("resp_{run}"), message: format!("msg_{run}"), echo }
    }

    /// Returns the answer while it is made.
    pub(super) fn begun(&self) -> Value {
        self.response("in_progress", Vec::new(), json!({ "error": null, "incomplete_details": null, "usage": null }))
    }

    /// Returns the answer when it is over.
    pub(super) fn ended(&self, text: &str, end: &TurnEnd) -> Value {
        let reason = incomplete(end);
        let details = reason.map(|reason| json!({ "reason": reason }));
        let more = json!({ "error": null, "incomplete_details": details, "usage": usage(end.usage) });
        let status = if reason.is_some() { "incomplete" } else { "completed" };
        self.response(status, self.output(text, end), more)
    }

    /// Returns the answer that there is not; `text` is what was said of it.
    pub(super) fn failed(&self, text: &str, error: &ApiError) -> Value {
        let body = error.body().error;
        let output = if text.is_empty() { Vec::new() } else { vec![self.said(text, "incomplete")] };
        let error = json!({ "code": body.code, "message": body.message });
        self.response("failed", output, json!({ "error": error, "incomplete_details": null, "usage": null }))
    }

    /// Returns the items of an answer: its message, where it has one, then its calls.
    fn output(&self, text: &str, end: &TurnEnd) -> Vec<Value> {
        let status = if incomplete(end).is_some() { "incomplete" } else { "completed" };
        let says = !text.is_empty() || end.calls.is_empty();
        let message = says.then(|| self.said(text, status));
        message.into_iter().chain(end.calls.iter().map(|call| called(call, "completed"))).collect()
    }

    fn response(&self, status: &str, output: Vec<Value>, more: Value) -> Value {
        let mut response = self.echo.clone();
        response.extend(more.as_object().cloned().unwrap_or_default());
        response.extend([
            ("id".to_owned(), json!(self.id)),
            ("status".to_owned(), json!(status)),
            ("output".to_owned(), Value::Array(output)),
        ]);
        Value::Object(response)
    }

    /// Returns the message with its text.
    pub(super) fn said(&self, text: &str, status: &str) -> Value {
        json!({ "type": "message", "id": self.message, "role": "assistant", "status": status, "content": [part(text)] })
    }

    /// Returns the message before it says anything.
    pub(super) fn silent(&self) -> Value {
        json!({ "type": "message", "id": self.message, "role": "assistant", "status": "in_progress", "content": [] })
    }
}

/// Returns a part of a message.
pub(super) fn part(text: &str) -> Value {
    json!({ "type": "output_text", "text": text, "annotations": [] })
}

/// Returns a call of one of the client's tools.
pub(super) fn called(call: &ToolCall, status: &str) -> Value {
    let ToolCall { id, name, .. } = call;
    let arguments = if status == "completed" { call.args_text() } else { String::new() };
    json!({
        "type": "function_call", "id": call_item(id), "call_id": id, "name": name, "arguments": arguments, "status": status,
    })
}

/// Returns the name of the item of a call.
pub(super) fn call_item(call: &str) -> String {
    format!("fc_{call}")
}

/// Returns why an answer is not whole, `None` for one that is.
pub(super) fn incomplete(end: &TurnEnd) -> Option<&'static str> {
    match end.finish_reason.as_str() {
        "length" => Some("max_output_tokens"),
        "content_filter" => Some("content_filter"),
        _ => None,
    }
}

/// Returns what was counted. How much of what was written was thought is not known.
fn usage(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.read(),
        "input_tokens_details": { "cached_tokens": usage.cache_read },
        "output_tokens": usage.output,
        "output_tokens_details": { "reasoning_tokens": 0 },
        "total_tokens": usage.total(),
    })
}
