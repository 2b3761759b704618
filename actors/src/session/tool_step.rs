//! A tool call as listeners hear of it, as gateway-protocol §6.1 has it.

use serde::Serialize;
use serde_json::Value;

use crate::agent::ToolNews;
use crate::message::{ToolCall, ToolResult};

/// How many bytes of arguments, of a partial result and of a result are told.
const TOLD_BYTES_MAX: usize = 8 * 1024;

/// A step of a tool call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolStep<'a> {
    phase: &'static str,
    name: &'a str,
    tool_call_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_result: Option<Shown<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_error: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    content: [Text<'a>; 1],
}

#[derive(Serialize)]
struct Text<'a> {
    r#type: &'static str,
    text: &'a str,
}

impl<'a> ToolStep<'a> {
    pub(super) fn of(news: ToolNews<'a>) -> Self {
        match news {
            ToolNews::Start(call) => Self { args: Some(args(call)), ..Self::new("start", call) },
            ToolNews::Update(call, partial) => Self { partial_result: Some(shown(partial)), ..Self::new("update", call) },
            ToolNews::Result(call, result) => Self {
                is_error: Some(matches!(result, ToolResult::Failed(_))),
                result: Some(shown(result.text())),
                ..Self::new("result", call)
            },
        }
    }

    fn new(phase: &'static str, call: &'a ToolCall) -> Self {
        let (name, tool_call_id) = (call.name.as_str(), call.id.as_str());
        Self { phase, name, tool_call_id, args: None, partial_result: None, is_error: None, result: None }
    }
}

/// Arguments that are too long are told as the beginning of their text.
fn args(call: &ToolCall) -> Value {
    let text = call.args_text();
    if text.len() <= TOLD_BYTES_MAX { call.args.clone() } else { Value::String(cut(&text).to_owned()) }
}

fn shown(text: &str) -> Shown<'_> {
    Shown { content: [Text { r#type: "text", text: cut(text) }] }
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TOLD_BYTES_MAX)).unwrap_or_default()
}
