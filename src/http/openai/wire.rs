//! The answers, as clients of the OpenAI API read them.

use callboard_actors::message::Usage;
use serde::Serialize;
use utoipa::ToSchema;

use super::tools::CallOut;

/// A whole answer.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ChatCompletion<'a> {
    /// Names the turn.
    pub(super) id: &'a str,
    /// Always `chat.completion`.
    pub(super) object: &'static str,
    /// Seconds since 1970.
    pub(super) created: i64,
    /// The model's name as it was asked for.
    pub(super) model: &'a str,
    /// Always one.
    pub(super) choices: [Choice<'a>; 1],
    /// What was counted.
    pub(super) usage: TokenUsage,
}

/// The answer.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Choice<'a> {
    /// Always 0.
    pub(super) index: u32,
    /// What was said.
    pub(super) message: Message<'a>,
    /// Always null.
    #[schema(value_type = Option<Object>)]
    pub(super) logprobs: Option<()>,
    /// `stop`, `length`, `tool_calls` or `content_filter`.
    pub(super) finish_reason: &'a str,
}

/// What was said.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Message<'a> {
    /// Always `assistant`.
    pub(super) role: &'static str,
    /// The text; null for calls without a word.
    pub(super) content: Option<&'a str>,
    /// Always null.
    #[schema(value_type = Option<Object>)]
    pub(super) refusal: Option<()>,
    /// The client's tools that are to be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_calls: Option<Vec<CallOut<'a>>>,
}

/// Tokens; zero where the provider does not tell.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(in crate::http) struct TokenUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
}

impl From<Usage> for TokenUsage {
    fn from(usage: Usage) -> Self {
        let (prompt_tokens, completion_tokens) = (usage.read(), usage.output);
        Self { prompt_tokens, completion_tokens, total_tokens: prompt_tokens.saturating_add(completion_tokens) }
    }
}

/// A piece of a streamed answer.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ChatChunk<'a> {
    /// Names the turn.
    pub(super) id: &'a str,
    /// Always `chat.completion.chunk`.
    pub(super) object: &'static str,
    /// Seconds since 1970.
    pub(super) created: i64,
    /// The model's name as it was asked for.
    pub(super) model: &'a str,
    /// One, or none in the chunk that tells the tokens.
    pub(super) choices: &'a [ChunkChoice<'a>],
    /// What was counted, in the last chunk, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<TokenUsage>,
}

/// A piece of the answer.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ChunkChoice<'a> {
    /// Always 0.
    pub(super) index: u32,
    /// What is new.
    pub(super) delta: ChunkDelta<'a>,
    /// `stop`, `length`, `tool_calls` or `content_filter` in the last piece, else null.
    pub(super) finish_reason: Option<&'a str>,
}

/// What is new.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(in crate::http) struct ChunkDelta<'a> {
    /// `assistant`, in the first piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
    /// More text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<&'a str>,
    /// The client's tools that are to be called, each in one piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_calls: Option<Vec<CallOut<'a>>>,
}
