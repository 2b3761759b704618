//! The settings of compaction, and what they come to with one model.

use std::time::Duration;

/// How many tokens a model reads where its settings do not say (`models.providers.*.models[].contextWindow`).
pub const CONTEXT_TOKENS: u64 = 128_000;

/// The longest summary, tokens.
const SUMMARY_TOKENS_MAX: u64 = 8_192;

/// How many bytes of a summary are taken for each token that it may have.
const BYTES_PER_TOKEN: u64 = 4;

/// Whether a conversation is summed up by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CompactionMode {
    /// When it is nearly as long as the model reads, or longer.
    #[default]
    Automatic,
    /// Only when somebody asks for it.
    ByHand,
}

/// The settings of compaction (`agents.defaults.compaction`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompactionRules {
    /// Whether it happens by itself (`mode`).
    pub mode: CompactionMode,
    /// How many tokens are kept free for the answer, tools and what an estimate misses (`reserveTokens`, at least
    /// `reserveTokensFloor`); at most half of what the model reads.
    pub reserve_tokens: u64,
    /// How many tokens of the newest turns stay as they are (`keepRecentTokens`); at most a quarter of what the model reads.
    pub keep_recent_tokens: u64,
    /// Which model sums up; `None` is the one that answers (`model`).
    pub model: Option<String>,
    /// What summaries are to look at besides (`customInstructions`).
    pub instructions: Option<String>,
    /// How long it may take in all; of a turn's own time at most half (`timeoutSeconds`).
    pub time_max: Duration,
}

impl Default for CompactionRules {
    fn default() -> Self {
        Self {
            mode: CompactionMode::default(),
            reserve_tokens: 20_000,
            keep_recent_tokens: 20_000,
            model: None,
            instructions: None,
            time_max: Duration::from_secs(180),
        }
    }
}

/// What a model has room for, tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    /// A prompt that leaves the reserve free.
    pub(super) prompt: u64,
    /// The newest turns that stay as they are.
    pub(super) keep: u64,
    /// What is at least to be summed up before that is worth a request, where nobody asked for it.
    pub(super) worth: u64,
    /// A part of the conversation that is summed up in one request.
    pub(super) piece: u64,
    /// A summary.
    pub(super) summary: u64,
}

impl CompactionRules {
    /// Returns what a model has room for that reads so many tokens.
    pub(super) fn budget(&self, window: u64) -> Budget {
        let prompt = window.saturating_sub(self.reserve_tokens.min(window / 2));
        let summary = (window / 8).min(SUMMARY_TOKENS_MAX);
        Budget {
            prompt,
            keep: self.keep_recent_tokens.min(window / 4),
            worth: window / 8,
            // The summary so far goes with it.
            piece: prompt.saturating_sub(summary).max(1),
            summary,
        }
    }
}

impl Budget {
    /// Returns how many bytes of a summary are taken.
    pub(super) fn summary_bytes(&self) -> usize {
        usize::try_from(self.summary.saturating_mul(BYTES_PER_TOKEN)).unwrap_or(usize::MAX).max(1)
    }
}
