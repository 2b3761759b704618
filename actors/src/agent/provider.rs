//! The trait that every LLM backend implements.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;

use crate::message::{Code, Entry, Media, Usage};

/// What a provider is asked.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    /// The model, without the provider's name.
    pub model: String,
    /// Instructions, none for none.
    pub system: Option<String>,
    /// What was said before, oldest first.
    pub history: Vec<Entry>,
    /// What is said now.
    pub text: String,
    /// What comes with it.
    pub media: Vec<Media>,
    /// Names the conversation, for backends that cache by it.
    pub session: String,
    /// The rounds of tool calls that this turn has had so far, oldest first; the run loop fills it, whoever asks leaves it empty.
    pub rounds: Vec<ToolRound>,
}

/// A tool that the provider wants called.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// The provider's id of the call.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments, as the provider sent them.
    pub args: serde_json::Value,
}

/// One round of tool calls within a turn: what the provider said and wanted, and what came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolRound {
    /// The text that the provider wrote before the calls.
    pub text: String,
    /// The calls with their results, in the provider's order.
    pub calls: Vec<(ToolCall, ToolResult)>,
}

/// What a tool gave back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolResult {
    /// The tool's output.
    Done(String),
    /// Why there is none, for the provider to read.
    Failed(String),
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
    /// More text, never empty.
    Text(String),
    /// Work that is not for the reader, such as reasoning or a tool call in the making: shows that the provider is alive.
    Thinking,
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
}

/// Finds the provider for a model's name.
pub trait Providers: Send + Sync + 'static {
    /// Returns the provider and the model's name as it knows it, for `provider/model`, a bare model, or the default for `None`.
    ///
    /// # Errors
    /// `ProviderModel` when nothing is configured under that name.
    fn find(&self, model: Option<&str>) -> Result<(Arc<dyn Provider>, String), ProviderError>;
}
