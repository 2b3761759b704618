//! What a session remembers.

use serde::{Deserialize, Serialize};

use super::media::{Media, one_or_many};
use super::{RunId, ToolRound};

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
    /// The gateway, of what was said before.
    Summary,
}

impl Role {
    /// Returns who speaks as clients know it: what the gateway says of what was said before is a line of the system to them.
    #[must_use]
    pub const fn shown(self) -> Self {
        match self {
            Self::Summary => Self::System,
            own => own,
        }
    }
}

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Who speaks.
    pub role: Role,
    /// What was said.
    pub text: String,
    /// What came with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_many")]
    pub media: Vec<Media>,
    /// The turn that wrote it.
    pub run: RunId,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// The rounds of the gateway's own tools on the way to an answer, oldest first; shortened to what a later turn needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<ToolRound>,
}

impl Entry {
    /// Returns what was said after the last round: the text without what the rounds say already.
    #[must_use]
    pub fn last_words(&self) -> &str {
        self.rounds.iter().fold(&self.text, |rest, round| rest.strip_prefix(round.text.as_str()).unwrap_or(rest))
    }
}
