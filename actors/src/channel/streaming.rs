//! What the settings of an integration say of answers that leave while their turns run, in the names of the public configuration.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::ChunkMode;
use super::checks::within;
use crate::message::{Paragraphs, Speech, SpeechWay};

/// How paragraphs are gathered before they leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Coalesce {
    /// How many characters are gathered.
    #[schemars(range(min = 1, max = 100_000))]
    pub min_chars: Option<u32>,
    /// The most characters of what is gathered; no more than one message holds.
    #[schemars(range(min = 1, max = 100_000))]
    pub max_chars: Option<u32>,
    /// How long nothing may be added before what there is leaves, milliseconds.
    #[schemars(range(min = 1, max = 60_000))]
    pub idle_ms: Option<u32>,
}

impl Coalesce {
    /// Returns these settings with others where they say nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            min_chars: self.min_chars.or(other.min_chars),
            max_chars: self.max_chars.or(other.max_chars),
            idle_ms: self.idle_ms.or(other.idle_ms),
        }
    }

    /// Wants numbers within their bounds.
    ///
    /// # Errors
    /// Names the setting and its bounds.
    pub fn check(self) -> Result<(), String> {
        let chars = |name: &str, value: Option<u32>| match value {
            Some(value) => within(value.into(), 1..=100_000, &format!("characters of {name}")),
            None => Ok(()),
        };
        chars("minChars", self.min_chars)?;
        chars("maxChars", self.max_chars)?;
        match self.idle_ms {
            Some(value) => within(value.into(), 1..=60_000, "milliseconds of idleMs"),
            None => Ok(()),
        }
    }

    /// Returns what an account says of its answers, of which one message holds so many characters.
    pub(super) fn speech(self, streaming: Option<bool>, mode: ChunkMode, chars_max: usize) -> Speech {
        let chars = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
        Speech {
            way: streaming.map(|on| if on { SpeechWay::Parts } else { SpeechWay::Whole }),
            min_chars: self.min_chars.map(chars),
            max_chars: Some(self.max_chars.map_or(chars_max, chars).min(chars_max)),
            idle: self.idle_ms.map(|ms| Duration::from_millis(ms.into())),
            paragraphs: match mode {
                ChunkMode::Length => Paragraphs::Gathered,
                ChunkMode::Newline => Paragraphs::Single,
            },
        }
    }
}
