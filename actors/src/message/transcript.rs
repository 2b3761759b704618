//! What a session remembers.

use serde::{Deserialize, Serialize};

use super::{Media, RunId};

/// Who speaks in a transcript entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions from the operator or the API's caller.
    System,
    /// The person.
    User,
    /// The agent.
    Assistant,
    /// A tool's result.
    Tool,
}

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Who speaks.
    pub role: Role,
    /// What was said.
    pub text: String,
    /// What came with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    /// The turn that wrote it.
    pub run: RunId,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
}
