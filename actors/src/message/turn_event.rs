//! A turn's events, as gateway-protocol §6.1 and §6.2 have them.

use serde::Serialize;
use serde_json::Value;

use super::RunId;

/// A step of a turn. `seq` counts from 1 in each turn.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentEvent<'a, D = Value> {
    /// The turn.
    pub run_id: &'a RunId,
    /// `lifecycle`, `assistant`, `thinking`, `tool`, `compaction` or `error`.
    pub stream: &'static str,
    /// What happened, by the stream.
    pub data: D,
    /// The session's key, as whoever asked for the turn spelled it.
    pub session_key: &'a str,
    /// The place of this step in its turn.
    pub seq: u64,
    /// When, milliseconds since 1970.
    pub ts: i64,
}

/// Where a chat's answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatState {
    /// There is more to come.
    Delta,
    /// It is whole.
    Final,
    /// It was ended by hand.
    Aborted,
    /// It failed.
    Error,
}

/// A turn's answer as a chat shows it. `message` holds the whole text so far.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatEvent<'a> {
    /// The turn.
    pub run_id: &'a RunId,
    /// The session's key, as whoever asked for the turn spelled it.
    pub session_key: &'a str,
    /// The place of the step in its turn that this shows.
    pub seq: u64,
    /// Where the answer stands.
    pub state: ChatState,
    /// The answer; none where there is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<ChatText<'a>>,
    /// Why it failed, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<&'a str>,
    /// Why it was ended: `rpc`, `stop`, `timeout`, `injected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<&'a str>,
}

/// A message of the assistant in a chat event.
#[derive(Clone, Debug, Serialize)]
pub struct ChatText<'a> {
    role: &'static str,
    content: [TextPart<'a>; 1],
    timestamp: i64,
}

#[derive(Clone, Debug, Serialize)]
struct TextPart<'a> {
    r#type: &'static str,
    text: &'a str,
}

impl<'a> ChatText<'a> {
    /// Returns a message of the assistant.
    #[must_use]
    pub fn new(text: &'a str, at_ms: i64) -> Self {
        Self { role: "assistant", content: [TextPart { r#type: "text", text }], timestamp: at_ms }
    }
}
