//! The trait that every LLM backend implements.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;
use serde_json::Value;

use super::shown::Shown;
use crate::message::{Code, Entry, Media, Said, Sampling, ToolCall, ToolRound, ToolUse, Usage};

/// What a provider is asked.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    /// The model, without the provider's name.
    pub model: String,
    /// Instructions, none for none.
    pub system: Option<String>,
    /// What was said before, oldest first.
    pub history: Vec<Entry>,
    /// What was said before and is kept by the asker, not by the session, oldest first; follows `history`.
    pub before: Vec<Said>,
    /// What is said now.
    pub text: String,
    /// What comes with it.
    pub media: Vec<Media>,
    /// How much the model is to think: `off`, `minimal`, `low`, `medium`, `high`; a backend that knows no such thing ignores it.
    pub thinking: Option<String>,
    /// Names the conversation, for backends that cache by it.
    pub session: String,
    /// The rounds of tool calls that this question has had so far, oldest first: those that the asker brings, then those that the
    /// run loop adds.
    pub rounds: Vec<ToolRound>,
    /// What the reader has of the answer behind the rounds, from a try that was cut short: the answer goes on behind it, or repeats
    /// it first, which is left out. Empty for none.
    pub said: String,
    /// What the model thought before it called, by the place of the round in `rounds`; only for rounds of this very turn.
    pub thoughts: BTreeMap<usize, Vec<Thought>>,
    /// Pictures that came with the results of the gateway's own tools, by the place of the round in `rounds`, and of the call in it;
    /// only for rounds of this very turn. Their results tell of them too.
    pub shown: Shown,
    /// The asker's own tools: a call of one ends the turn.
    pub tools: ToolUse,
    /// How to choose the words.
    pub sampling: Sampling,
}

/// A part of what a model thought, in its backend's own form and signed by it. It goes back to the same model unread, behind the
/// calls that followed it, and to nobody else.
#[derive(Clone, Debug, PartialEq)]
pub struct Thought {
    /// The model that thought it, as its provider knows it.
    pub model: String,
    /// What the backend wants back.
    pub block: Value,
}

/// Which model is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedModel {
    /// The provider's name in the configuration.
    pub provider: String,
    /// The model, as the provider knows it.
    pub model: String,
}

/// How a provider ended its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// `stop`, `length`, `tool_calls` or `content_filter`.
    pub finish_reason: String,
    /// What was counted.
    pub usage: Usage,
}

/// One thing that a provider streams.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// What follows is this model's: told by a provider that asks one model after the other, before each of them.
    Asked(AskedModel),
    /// More text, never empty.
    Text(String),
    /// Work that is not for the reader, such as reasoning or a tool call in the making: shows that the provider is alive.
    Thinking,
    /// More of what the model thinks aloud, never empty: for those who ask to see it, never a part of the answer.
    Reasoning(String),
    /// A whole thought, to be kept until the turn is over; the provider bounds how much one answer has of them.
    Thought(Thought),
    /// A tool to call.
    Tool(ToolCall),
    /// The last piece; a stream that ends without it has broken off.
    End(Ending),
}

/// Why a provider has no (whole) answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// The stable code; its `retry()` says whether another try makes sense.
    pub code: Code,
    /// The reason for people: names the provider and the mend, carries no key.
    pub message: String,
    /// How long the provider asks to wait before the next try.
    pub retry_after: Option<Duration>,
}

/// An LLM backend. Dropping the stream aborts the request.
pub trait Provider: Send + Sync + 'static {
    /// Returns the provider's name in the configuration.
    fn name(&self) -> &str;

    /// Asks; the stream yields pieces until `Piece::End`, or one error as its last item.
    fn stream(&self, prompt: Prompt) -> BoxStream<'static, Result<Piece, ProviderError>>;

    /// Returns whether earlier lines change the answer; a provider that answers `false` spares the read of the transcript.
    fn wants_history(&self) -> bool {
        true
    }

    /// Returns the models that may answer, each with its provider's name before it, when one is asked for.
    fn models(&self, model: &str) -> Vec<String> {
        vec![format!("{}/{model}", self.name())]
    }

    /// Returns how many tokens a model reads at the most, where that is known.
    fn context_tokens(&self, model: &str) -> Option<u64> {
        let _ = model;
        None
    }

    /// Returns whether it calls tools; one that answers `false` is not told of the gateway's own.
    fn wants_tools(&self) -> bool {
        true
    }
}

/// Finds the provider for a model's name.
pub trait Providers: Send + Sync + 'static {
    /// Returns the provider and the model's name as it knows it, for `provider/model`, a bare model, or the default for `None`.
    ///
    /// # Errors
    /// `ProviderModel` when nothing is configured under that name.
    fn find(&self, model: Option<&str>) -> Result<(Arc<dyn Provider>, String), ProviderError>;

    /// Returns the same for an agent of which nobody asked for a model by hand: its own choice with the models that step in for it,
    /// else `default`.
    ///
    /// # Errors
    /// `ProviderModel` when nothing is configured under that name.
    fn find_for(&self, agent: Option<&str>, default: Option<&str>) -> Result<(Arc<dyn Provider>, String), ProviderError> {
        let _ = agent;
        self.find(default)
    }
}
