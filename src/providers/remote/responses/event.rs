//! What the backend streams: events that tell how a response grows.

use std::collections::VecDeque;

use callboard_actors::agent::Piece;
use callboard_actors::message::Usage;
use serde::Deserialize;
use serde_json::Value;

use crate::providers::remote::calls::Calls;
use crate::providers::remote::style::{Assemble, Bad, Finish, State};

/// One event's data. Every event repeats its name in `type`; those of other kinds are passed over.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    output_index: u64,
    /// A text in every event that is read.
    delta: Option<Value>,
    arguments: Option<String>,
    item: Option<Item>,
    response: Option<Response>,
    error: Option<Value>,
    code: Option<Value>,
    message: Option<String>,
    /// `response` for a whole one that did not stream.
    object: Option<String>,
}

/// One thing that a response is made of.
#[derive(Debug, Deserialize)]
struct Item {
    #[serde(rename = "type", default)]
    kind: String,
    call_id: Option<String>,
    name: Option<String>,
    arguments: Option<String>,
    content: Option<Vec<Content>>,
}

#[derive(Debug, Deserialize)]
struct Content {
    text: Option<String>,
    refusal: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Response {
    status: Option<String>,
    output: Option<Vec<Item>>,
    usage: Option<Counted>,
    incomplete_details: Option<Incomplete>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Incomplete {
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Counted {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    input_tokens_details: Option<InputDetails>,
}

#[derive(Debug, Deserialize)]
struct InputDetails {
    cached_tokens: Option<u64>,
}

impl From<Counted> for Usage {
    /// The protocol counts what came from the cache among the tokens of the input.
    fn from(counted: Counted) -> Self {
        let cached = counted.input_tokens_details.and_then(|details| details.cached_tokens).unwrap_or_default();
        let input = counted.input_tokens.unwrap_or_default().saturating_sub(cached);
        Self { cache_read: cached, ..Self::tokens(input, counted.output_tokens.unwrap_or_default()) }
    }
}

/// An answer in the making.
#[derive(Debug, Default)]
pub(in super::super) struct Assembly {
    calls: Calls,
    reason: Option<&'static str>,
    usage: Usage,
}

impl Assemble for Assembly {
    fn take(&mut self, data: &str, pieces: &mut VecDeque<Piece>) -> Result<(), Bad> {
        // Some backends end every stream as they end chat completions; the response itself has to have ended.
        if data.trim() == "[DONE]" {
            return Ok(());
        }
        let event: Event = serde_json::from_str(data).map_err(|_| Bad::Unreadable)?;
        if event.object.as_deref() == Some("response") {
            let whole: Response = serde_json::from_str(data).map_err(|_| Bad::Unreadable)?;
            return self.take_whole(whole, pieces);
        }
        self.take_event(event, pieces)
    }

    fn state(&self) -> State {
        if self.reason.is_some() { State::Over } else { State::Open }
    }

    fn finish(&mut self) -> Finish {
        Finish::new(self.calls.take(), self.reason.unwrap_or("stop"), self.usage)
    }
}

impl Assembly {
    fn take_event(&mut self, event: Event, pieces: &mut VecDeque<Piece>) -> Result<(), Bad> {
        let delta = event.delta.as_ref().and_then(Value::as_str).filter(|delta| !delta.is_empty()).map(str::to_owned);
        match event.kind.as_str() {
            "response.output_text.delta" | "response.refusal.delta" => pieces.extend(delta.map(Piece::Text)),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                pieces.extend(delta.map(Piece::Reasoning));
            }
            "response.output_item.added" => {
                if let Some(item) = event.item.filter(|item| item.kind == "function_call") {
                    self.begin_call(event.output_index, &item)?;
                }
                // A thing that begins is a sign of life, reasoning too.
                pieces.push_back(Piece::Thinking);
            }
            "response.function_call_arguments.delta" => {
                self.known(event.output_index)?;
                self.calls.add(event.output_index, "", "", &delta.unwrap_or_default())?;
                pieces.push_back(Piece::Thinking);
            }
            "response.function_call_arguments.done" => {
                self.known(event.output_index)?;
                if let Some(arguments) = event.arguments {
                    self.calls.set_arguments(event.output_index, &arguments)?;
                }
            }
            "response.completed" | "response.incomplete" | "response.failed" => {
                let response = event.response.ok_or(Bad::Unreadable)?;
                self.end(response)?;
            }
            "error" => return Err(Bad::Reported(reported(event.error, event.code, event.message))),
            // A gateway in between reports a failure of its own without a name.
            "" if event.error.is_some() => return Err(Bad::Reported(event.error.unwrap_or_default())),
            "" => return Err(Bad::Unreadable),
            _ => {}
        }
        Ok(())
    }

    fn known(&self, index: u64) -> Result<(), Bad> {
        if self.calls.has(index) { Ok(()) } else { Err(Bad::OutOfOrder) }
    }

    fn begin_call(&mut self, index: u64, item: &Item) -> Result<(), Bad> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        self.calls.add(index, &text(&item.call_id), &text(&item.name), &text(&item.arguments))
    }

    fn end(&mut self, response: Response) -> Result<(), Bad> {
        if let Some(error) = response.error.filter(|error| !error.is_null()) {
            return Err(Bad::Reported(error));
        }
        if response.status.as_deref() == Some("failed") {
            return Err(Bad::Reported(Value::from("it gives no reason")));
        }
        self.usage = response.usage.map(Usage::from).unwrap_or_default();
        let cut = response.incomplete_details.and_then(|details| details.reason);
        self.reason = Some(match (response.status.as_deref(), cut.as_deref()) {
            (_, Some("content_filter")) => "content_filter",
            (Some("incomplete"), _) | (_, Some(_)) => "length",
            _ => "stop",
        });
        Ok(())
    }

    /// Takes a response from a backend that took no notice of `stream`.
    fn take_whole(&mut self, mut response: Response, pieces: &mut VecDeque<Piece>) -> Result<(), Bad> {
        for (index, item) in (0..).zip(response.output.take().unwrap_or_default()) {
            if item.kind == "function_call" {
                self.begin_call(index, &item)?;
            }
            let texts = item.content.into_iter().flatten().filter_map(|part| part.text.or(part.refusal));
            if item.kind == "message" {
                pieces.extend(texts.filter(|text| !text.is_empty()).map(Piece::Text));
            }
        }
        self.end(response)
    }
}

/// Returns the error object of an `error` event, which may also be spread over the event itself.
fn reported(error: Option<Value>, code: Option<Value>, message: Option<String>) -> Value {
    error.unwrap_or_else(|| serde_json::json!({ "message": message.unwrap_or_default(), "code": code }))
}
