//! Messages that a turn is given while it runs.

use serde::{Deserialize, Serialize};

use super::{Entry, InboxId};

/// Whether a message that a turn took has a turn of its own as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backlog {
    /// It has not: the turn that took it answers it.
    Answered,
    /// It has.
    Kept,
}

/// A message for a turn that runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Steered {
    /// Its row.
    pub id: InboxId,
    /// Its line in the transcript.
    pub line: Entry,
    /// Whether it has a turn of its own as well.
    pub backlog: Backlog,
}

impl Steered {
    /// Returns what it says.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.line.text
    }
}
