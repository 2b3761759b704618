//! What the backend streams: chunks of an answer, and how they become one.

use std::collections::VecDeque;

use callboard_actors::agent::Piece;
use callboard_actors::message::Usage;
use serde::Deserialize;
use serde_json::Value;

use crate::providers::remote::calls::Calls;
use crate::providers::remote::style::{Assemble, Bad, Finish, State};

/// The event behind the last chunk.
const DONE: &str = "[DONE]";

/// One event's data, or a whole answer from a backend that does not stream.
#[derive(Debug, Deserialize)]
struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<Counted>,
    /// Some backends report a failure in the middle of a stream.
    error: Option<Value>,
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

#[derive(Debug, Default, Deserialize)]
struct FunctionPart {
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Counted {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Debug, Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

impl From<Counted> for Usage {
    /// The protocol counts what came from the cache among the tokens of the prompt.
    fn from(counted: Counted) -> Self {
        let cached = counted.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or_default();
        let input = counted.prompt_tokens.unwrap_or_default().saturating_sub(cached);
        Self { cache_read: cached, ..Self::tokens(input, counted.completion_tokens.unwrap_or_default()) }
    }
}

/// An answer in the making.
#[derive(Debug, Default)]
pub(in super::super) struct Assembly {
    calls: Calls,
    finish_reason: Option<String>,
    usage: Usage,
    has_begun: bool,
    said_farewell: bool,
}

impl Assemble for Assembly {
    fn take(&mut self, event: &str, pieces: &mut VecDeque<Piece>) -> Result<(), Bad> {
        if event.trim() == DONE {
            self.said_farewell = true;
            // Some backends name no reason, but none has nothing at all to say.
            return if self.has_begun { Ok(()) } else { Err(Bad::OutOfOrder) };
        }
        let chunk: Chunk = serde_json::from_str(event).map_err(|_| Bad::Unreadable)?;
        if let Some(error) = chunk.error {
            return Err(Bad::Reported(error));
        }
        if let Some(counted) = chunk.usage {
            self.usage = counted.into();
        }
        // One answer was asked for, so there is one choice.
        let Some(choice) = chunk.choices.unwrap_or_default().into_iter().next() else { return Ok(()) };
        self.take_delta(choice.delta.or(choice.message).unwrap_or_default(), pieces)?;
        self.finish_reason = choice.finish_reason.or(self.finish_reason.take());
        self.has_begun = self.has_begun || !pieces.is_empty() || self.finish_reason.is_some() || !self.calls.is_empty();
        Ok(())
    }

    fn state(&self) -> State {
        match (self.said_farewell, &self.finish_reason) {
            (true, _) => State::Over,
            (false, Some(_)) => State::Whole,
            (false, None) => State::Open,
        }
    }

    fn finish(&mut self) -> Finish {
        let reason = match self.finish_reason.as_deref() {
            Some("length" | "max_tokens") => "length",
            Some("content_filter") => "content_filter",
            _ => "stop",
        };
        Finish::new(self.calls.take(), reason, self.usage)
    }
}

impl Assembly {
    fn take_delta(&mut self, delta: Delta, pieces: &mut VecDeque<Piece>) -> Result<(), Bad> {
        let before = pieces.len();
        let thought =
            [delta.reasoning_content.as_ref(), delta.reasoning.as_ref()].into_iter().flatten().find_map(Value::as_str);
        pieces.extend(thought.filter(|text| !text.is_empty()).map(|text| Piece::Reasoning(text.to_owned())));
        let texts = [delta.content, delta.refusal].into_iter().flatten();
        pieces.extend(texts.filter(|text| !text.is_empty()).map(Piece::Text));
        let calls = delta.tool_calls.unwrap_or_default();
        let thinks = !calls.is_empty() || delta.reasoning.is_some() || delta.reasoning_content.is_some();
        if thinks && pieces.len() == before {
            pieces.push_back(Piece::Thinking);
        }
        calls.into_iter().enumerate().try_for_each(|(place, part)| self.take_call(place, part))
    }

    fn take_call(&mut self, place: usize, part: CallPart) -> Result<(), Bad> {
        let index = part.index.unwrap_or_else(|| u64::try_from(place).unwrap_or(u64::MAX));
        let function = part.function.unwrap_or_default();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        self.calls.add(index, &text(&part.id), &text(&function.name), &text(&function.arguments))
    }
}
