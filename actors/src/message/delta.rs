//! The streamed part of a turn.

use serde::{Deserialize, Serialize};

use super::{Code, ToolCall, Usage};

/// What a waiting client hears while its turn runs; the last one is `End` or `Failed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Delta {
    /// The next piece of the answer.
    Text {
        /// The piece, never empty.
        text: String,
    },
    /// The turn is over and its text is whole.
    End(TurnEnd),
    /// The turn is over without a whole answer.
    Failed(TurnFailure),
}

/// How a finished turn ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnEnd {
    /// Why the provider stopped: `stop`, `length`, `tool_calls`, `content_filter`.
    pub finish_reason: String,
    /// The asker's tools that are to be called before there is an answer; empty when there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// What was counted.
    pub usage: Usage,
}

/// Why a turn has no whole answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnFailure {
    /// The stable code.
    pub code: Code,
    /// The text for people; carries no secret.
    pub message: String,
}
