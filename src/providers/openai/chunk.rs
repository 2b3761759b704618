//! What the backend streams: chunks of an answer, and how they become one.

use std::collections::{BTreeMap, VecDeque};

use callboard_actors::agent::{Ending, Piece};
use callboard_actors::message::{ToolCall, Usage};
use serde::Deserialize;
use serde_json::Value;

/// How many bytes of tool arguments are put together; no more than an event may have.
const ARGUMENTS_BYTES_MAX: usize = super::sse::EVENT_BYTES_MAX;
/// How many tools a backend may call at once. The run loop allows fewer; this only bounds the memory.
const CALLS_MAX: usize = 128;

/// One event's data, or a whole answer from a backend that does not stream.
#[derive(Debug, Deserialize)]
pub(super) struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<Counted>,
    /// Some backends report a failure in the middle of a stream.
    pub(super) error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    delta: Option<Delta>,
    message: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
    reasoning: Option<Value>,
    reasoning_content: Option<Value>,
    tool_calls: Option<Vec<CallPart>>,
}

#[derive(Debug, Deserialize)]
struct CallPart {
    index: Option<u64>,
    id: Option<String>,
    function: Option<FunctionPart>,
}

#[derive(Debug, Deserialize)]
struct FunctionPart {
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Counted {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

/// The tool calls of one answer are more than can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

/// An answer in the making.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    calls: BTreeMap<u64, ToolCallParts>,
    arguments_bytes: usize,
    finish_reason: Option<String>,
    usage: Usage,
}

#[derive(Debug, Default)]
struct ToolCallParts {
    id: String,
    name: String,
    arguments: String,
}

impl Assembly {
    /// Takes a chunk; the pieces it gives at once are added.
    pub(super) fn take(&mut self, chunk: Chunk, pieces: &mut VecDeque<Piece>) -> Result<(), TooMuch> {
        if let Some(usage) = chunk.usage {
            self.usage =
                Usage { input: usage.prompt_tokens.unwrap_or_default(), output: usage.completion_tokens.unwrap_or_default() };
        }
        // One answer was asked for, so there is one choice.
        let Some(choice) = chunk.choices.unwrap_or_default().into_iter().next() else { return Ok(()) };
        self.take_delta(choice.delta.or(choice.message).unwrap_or_default(), pieces)?;
        self.finish_reason = choice.finish_reason.or(self.finish_reason.take());
        Ok(())
    }

    /// Returns whether the backend has said that the answer is over.
    pub(super) fn is_finished(&self) -> bool {
        self.finish_reason.is_some()
    }

    /// Returns the last pieces: the tool calls, then the end.
    pub(super) fn finish(self) -> impl Iterator<Item = Piece> {
        let finish_reason = match self.finish_reason.as_deref() {
            _ if !self.calls.is_empty() => "tool_calls",
            Some("length" | "max_tokens") => "length",
            Some("content_filter") => "content_filter",
            _ => "stop",
        };
        let end = Piece::End(Ending { finish_reason: finish_reason.into(), usage: self.usage });
        self.calls.into_iter().map(|(index, call)| Piece::Tool(call.whole(index))).chain([end])
    }

    fn take_delta(&mut self, delta: Delta, pieces: &mut VecDeque<Piece>) -> Result<(), TooMuch> {
        let before = pieces.len();
        let texts = [delta.content, delta.refusal].into_iter().flatten();
        pieces.extend(texts.filter(|text| !text.is_empty()).map(Piece::Text));
        let calls = delta.tool_calls.unwrap_or_default();
        let thinks = !calls.is_empty() || delta.reasoning.is_some() || delta.reasoning_content.is_some();
        if thinks && pieces.len() == before {
            pieces.push_back(Piece::Thinking);
        }
        calls.into_iter().enumerate().try_for_each(|(place, part)| self.take_call(place, part))
    }

    fn take_call(&mut self, place: usize, part: CallPart) -> Result<(), TooMuch> {
        let index = part.index.unwrap_or_else(|| u64::try_from(place).unwrap_or(u64::MAX));
        let call = self.calls.entry(index).or_default();
        let function = part.function.unwrap_or(FunctionPart { name: None, arguments: None });
        let (id, name) = (part.id.unwrap_or_default(), function.name.unwrap_or_default());
        let arguments = function.arguments.unwrap_or_default();
        self.arguments_bytes += id.len() + name.len() + arguments.len();
        // Id and name come once, or again in every part.
        if call.id.is_empty() {
            call.id = id;
        }
        if call.name.is_empty() {
            call.name = name;
        }
        call.arguments.push_str(&arguments);
        let fits = self.arguments_bytes <= ARGUMENTS_BYTES_MAX && self.calls.len() <= CALLS_MAX;
        if fits { Ok(()) } else { Err(TooMuch) }
    }
}

impl ToolCallParts {
    fn whole(self, index: u64) -> ToolCall {
        let id = if self.id.is_empty() { format!("call-{index}") } else { self.id };
        ToolCall { id, name: self.name, args: ToolCall::read_args(&self.arguments) }
    }
}
