//! What the backend streams: blocks of a message, each begun, filled and ended.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use callboard_actors::agent::{Piece, Thought};
use callboard_actors::message::Usage;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::providers::remote::calls::Calls;
use crate::providers::remote::sse::EVENT_BYTES_MAX;
use crate::providers::remote::style::{Assemble, Bad, Finish, State};

/// How many blocks a message may have; each is a few bytes here.
const BLOCKS_MAX: usize = 4_096;
/// How many bytes of thoughts one answer may have.
const THOUGHT_BYTES_MAX: usize = EVENT_BYTES_MAX;

/// The events that are read; a name is missing where a gateway in between reports a failure of its own.
const KNOWN: [&str; 9] = [
    "",
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "message",
    "error",
];

#[derive(Debug, Deserialize)]
struct Kind {
    #[serde(rename = "type", default)]
    kind: String,
}

/// One event's data. Every event repeats its name in `type`; those of other kinds are passed over
/// unread, as the protocol asks.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    index: u64,
    message: Option<Head>,
    content_block: Option<Block>,
    delta: Option<Delta>,
    usage: Option<Counted>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Head {
    usage: Option<Counted>,
}

/// A message from a backend that took no notice of `stream`.
#[derive(Debug, Deserialize)]
struct Whole {
    content: Vec<Block>,
    stop_reason: Option<String>,
    usage: Option<Counted>,
}

#[derive(Debug, Deserialize)]
struct Block {
    #[serde(rename = "type", default)]
    kind: String,
    text: Option<String>,
    id: Option<String>,
    name: Option<String>,
    input: Option<Value>,
    thinking: Option<String>,
    signature: Option<String>,
    data: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Delta {
    #[serde(rename = "type", default)]
    kind: String,
    text: Option<String>,
    thinking: Option<String>,
    signature: Option<String>,
    partial_json: Option<String>,
    stop_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Counted {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
}

/// A thought in the making.
#[derive(Debug, Default)]
struct Thinking {
    text: String,
    signature: String,
}

/// An answer in the making.
#[derive(Debug, Default)]
pub(in super::super) struct Assembly {
    /// Whose answer it is.
    model: String,
    begun: bool,
    /// The blocks that have begun.
    blocks: BTreeSet<u64>,
    calls: Calls,
    /// The thoughts that have begun and not ended, by the place of their block.
    thoughts: BTreeMap<u64, Thinking>,
    thought_bytes: usize,
    stop_reason: Option<String>,
    usage: Usage,
    over: bool,
}

impl Assemble for Assembly {
    fn take(&mut self, data: &str, pieces: &mut VecDeque<Piece>) -> Result<(), Bad> {
        let Kind { kind } = serde_json::from_str(data).map_err(|_| Bad::Unreadable)?;
        if !KNOWN.contains(&kind.as_str()) {
            return Ok(());
        }
        let event: Event = serde_json::from_str(data).map_err(|_| Bad::Unreadable)?;
        match event.kind.as_str() {
            "message_start" => {
                self.begun = true;
                self.count(event.message.and_then(|head| head.usage));
            }
            "content_block_start" => self.begin_block(event.index, event.content_block.ok_or(Bad::Unreadable)?, pieces)?,
            "content_block_delta" => self.fill_block(event.index, event.delta.ok_or(Bad::Unreadable)?, pieces)?,
            "content_block_stop" => self.end_block(event.index, pieces),
            "message_delta" => {
                if !self.begun {
                    return Err(Bad::OutOfOrder);
                }
                self.count(event.usage);
                self.stop_reason = event.delta.and_then(|delta| delta.stop_reason).or(self.stop_reason.take());
            }
            "message_stop" if self.begun => self.over = true,
            "message_stop" => return Err(Bad::OutOfOrder),
            "message" => self.take_whole(serde_json::from_str(data).map_err(|_| Bad::Unreadable)?, pieces)?,
            "error" => return Err(Bad::Reported(event.error.unwrap_or_default())),
            "" if event.error.is_some() => return Err(Bad::Reported(event.error.unwrap_or_default())),
            "" => return Err(Bad::Unreadable),
            _ => {}
        }
        Ok(())
    }

    fn state(&self) -> State {
        match (self.over, &self.stop_reason) {
            (true, _) => State::Over,
            (false, Some(_)) => State::Whole,
            (false, None) => State::Open,
        }
    }

    fn finish(&mut self) -> Finish {
        let reason = match self.stop_reason.as_deref() {
            Some("max_tokens" | "model_context_window_exceeded") => "length",
            Some("refusal") => "content_filter",
            _ => "stop",
        };
        Finish::new(self.calls.take(), reason, self.usage)
    }
}

impl Assembly {
    /// Returns one of a model.
    pub(in super::super) fn of(model: &str) -> Self {
        Self { model: model.to_owned(), ..Self::default() }
    }

    /// Counts come at the start and at the end, and those at the end stand for the whole.
    fn count(&mut self, counted: Option<Counted>) {
        let Some(counted) = counted else { return };
        let usage = &mut self.usage;
        usage.input = counted.input_tokens.unwrap_or(usage.input);
        usage.output = counted.output_tokens.unwrap_or(usage.output);
        usage.cache_read = counted.cache_read_input_tokens.unwrap_or(usage.cache_read);
        usage.cache_write = counted.cache_creation_input_tokens.unwrap_or(usage.cache_write);
    }

    fn begin_block(&mut self, index: u64, block: Block, pieces: &mut VecDeque<Piece>) -> Result<(), Bad> {
        if !self.begun || !self.blocks.insert(index) {
            return Err(Bad::OutOfOrder);
        }
        if self.blocks.len() > BLOCKS_MAX {
            return Err(Bad::TooMuch);
        }
        match block.kind.as_str() {
            "tool_use" => {
                let (id, name) = (block.id.unwrap_or_default(), block.name.unwrap_or_default());
                self.calls.add(index, &id, &name, "")?;
            }
            "thinking" => self.think(index, block.thinking.as_deref(), block.signature.as_deref())?,
            "redacted_thinking" => pieces.push_back(self.hidden(block.data)?),
            _ => {}
        }
        let text = block.text.filter(|text| !text.is_empty());
        pieces.push_back(text.map_or(Piece::Thinking, Piece::Text));
        Ok(())
    }

    fn fill_block(&mut self, index: u64, delta: Delta, pieces: &mut VecDeque<Piece>) -> Result<(), Bad> {
        if !self.blocks.contains(&index) {
            return Err(Bad::OutOfOrder);
        }
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        match delta.kind.as_str() {
            "text_delta" => pieces.extend(filled(delta.text).map(Piece::Text)),
            "thinking_delta" => {
                self.think(index, delta.thinking.as_deref(), None)?;
                pieces.extend(filled(delta.thinking).map(Piece::Reasoning));
            }
            "signature_delta" => {
                self.think(index, None, delta.signature.as_deref())?;
                pieces.push_back(Piece::Thinking);
            }
            "input_json_delta" => {
                if !self.calls.has(index) {
                    return Err(Bad::OutOfOrder);
                }
                self.calls.add(index, "", "", &delta.partial_json.unwrap_or_default())?;
                pieces.push_back(Piece::Thinking);
            }
            // Citations are not for the reader.
            _ => pieces.push_back(Piece::Thinking),
        }
        Ok(())
    }

    /// Adds to a thought, the first time as it begins.
    fn think(&mut self, index: u64, text: Option<&str>, signature: Option<&str>) -> Result<(), Bad> {
        let (text, signature) = (text.unwrap_or_default(), signature.unwrap_or_default());
        self.weigh(text.len() + signature.len())?;
        let thinking = self.thoughts.entry(index).or_default();
        thinking.text.push_str(text);
        thinking.signature.push_str(signature);
        Ok(())
    }

    /// A thought that the backend shows to nobody.
    fn hidden(&mut self, data: Option<String>) -> Result<Piece, Bad> {
        let data = data.unwrap_or_default();
        self.weigh(data.len())?;
        let block = json!({ "type": "redacted_thinking", "data": data });
        Ok(Piece::Thought(Thought { model: self.model.clone(), block }))
    }

    fn weigh(&mut self, bytes: usize) -> Result<(), Bad> {
        self.thought_bytes += bytes;
        if self.thought_bytes > THOUGHT_BYTES_MAX { Err(Bad::TooMuch) } else { Ok(()) }
    }

    /// Gives a thought that is whole away. One without a signature would be refused when it comes back.
    fn end_block(&mut self, index: u64, pieces: &mut VecDeque<Piece>) {
        let Some(Thinking { text, signature }) = self.thoughts.remove(&index) else { return };
        if !signature.is_empty() {
            let block = json!({ "type": "thinking", "thinking": text, "signature": signature });
            pieces.push_back(Piece::Thought(Thought { model: self.model.clone(), block }));
        }
    }

    fn take_whole(&mut self, whole: Whole, pieces: &mut VecDeque<Piece>) -> Result<(), Bad> {
        for (index, block) in (0..).zip(whole.content) {
            match block.kind.as_str() {
                "tool_use" => {
                    let input = block.input.map(|input| input.to_string()).unwrap_or_default();
                    self.calls.add(index, &block.id.unwrap_or_default(), &block.name.unwrap_or_default(), &input)?;
                }
                "text" => pieces.extend(block.text.filter(|text| !text.is_empty()).map(Piece::Text)),
                "thinking" => {
                    self.think(index, block.thinking.as_deref(), block.signature.as_deref())?;
                    self.end_block(index, pieces);
                }
                "redacted_thinking" => pieces.push_back(self.hidden(block.data)?),
                _ => {}
            }
        }
        self.count(whole.usage);
        self.stop_reason = whole.stop_reason.or_else(|| Some("end_turn".to_owned()));
        self.over = true;
        Ok(())
    }
}
