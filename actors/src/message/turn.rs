//! A turn as a waiting client asks for it.

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{Delta, Media, Role, RunId, Sampling, SessionKey, Tenure, ToolRound, ToolUse, TraceId};

/// Tokens that a provider counted, and what they cost; zero where it does not tell. The four counts never overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Tokens read, those from a cache not counted.
    pub input: u64,
    /// Tokens written, those of thinking included.
    pub output: u64,
    /// Tokens read from the provider's cache.
    #[serde(default)]
    pub cache_read: u64,
    /// Tokens put into the provider's cache.
    #[serde(default)]
    pub cache_write: u64,
    /// What all of them cost, in billionths of the currency in which the model's prices are configured (dollars, as a rule); zero
    /// where there are none.
    #[serde(default)]
    pub cost_nanos: u64,
}

impl Usage {
    /// Returns a count of what was read and written, without a cache and without a price.
    #[must_use]
    pub const fn tokens(input: u64, output: u64) -> Self {
        Self { input, output, cache_read: 0, cache_write: 0, cost_nanos: 0 }
    }

    /// Returns the sum of two; each count stays at its most.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            cost_nanos: self.cost_nanos.saturating_add(other.cost_nanos),
        }
    }

    /// Returns the same with no count above a bound.
    #[must_use]
    pub fn within(self, most: u64) -> Self {
        Self {
            input: self.input.min(most),
            output: self.output.min(most),
            cache_read: self.cache_read.min(most),
            cache_write: self.cache_write.min(most),
            cost_nanos: self.cost_nanos.min(most),
        }
    }

    /// Returns all that was read and written.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.read().saturating_add(self.output)
    }

    /// Returns all that was read, from a cache or not.
    #[must_use]
    pub const fn read(self) -> u64 {
        self.input.saturating_add(self.cache_read).saturating_add(self.cache_write)
    }
}

/// One thing of a conversation that the asker keeps itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// Somebody spoke.
    Line {
        /// Who.
        role: Role,
        /// What.
        text: String,
    },
    /// Tools of the asker were called.
    Round(ToolRound),
}

/// A turn asked by a client that waits for it: no inbox row, the client is its own retry.
#[derive(Debug)]
pub struct Ask {
    /// The session that answers.
    pub session: SessionKey,
    /// Whether anybody will ask this session again.
    pub tenure: Tenure,
    /// The turn's id, made by whoever asks.
    pub run: RunId,
    /// The agent's or the caller's instructions, put before the session's own.
    pub system: Option<String>,
    /// What was said before, oldest first, told as it was: only for a conversation in which tools were called, since a model that
    /// reads calls as text writes calls as text.
    pub before: Vec<Said>,
    /// What is asked.
    pub text: String,
    /// What comes with it.
    pub media: Vec<Media>,
    /// The calls of the asker's tools that this question has had so far, oldest first.
    pub rounds: Vec<ToolRound>,
    /// The asker's own tools.
    pub tools: ToolUse,
    /// How the provider is to choose its words.
    pub sampling: Sampling,
    /// Which model to ask instead of the session's own.
    pub model: Option<String>,
    /// Where the answer goes, piece by piece. Its bound is the client's; a client that does not read is waited for until the
    /// turn's deadline, a client that is gone ends the turn.
    pub deltas: mpsc::Sender<Delta>,
    /// The thread through the logs.
    pub trace: TraceId,
}
