//! Whether a failed request to a provider is made again, and when.

use std::time::Duration;

use super::ProviderError;
use crate::core::Backoff;
use crate::message::{Code, Retry};

/// Whether somebody has read a part of the answer that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing left the gateway: another try is not noticed.
    Nothing,
    /// A part did: another try would say it twice.
    Part,
}

/// How often and how patiently a request is made again within one turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// How often a request is made in all; 1 is never again.
    pub tries_max: u32,
    /// How waits grow where the provider names none.
    pub backoff: Backoff,
    /// The longest wait that a provider may ask for; above it the turn fails at once, so that nobody waits in vain.
    pub retry_after_max: Duration,
}

impl RetryPolicy {
    /// Never tries again.
    pub const NEVER: Self = Self {
        tries_max: 1,
        backoff: Backoff { base: Duration::ZERO, max: Duration::ZERO, jitter: 0.0 },
        retry_after_max: Duration::ZERO,
    };

    /// Returns how long to wait before the next try, `None` when there is to be none; `tries` counts those made, from 1.
    #[must_use]
    pub fn wait(&self, error: &ProviderError, tries: u32, seen: Seen) -> Option<Duration> {
        // Whoever has waited a provider's whole time out is not made to wait that long again.
        let hopeless = error.code.retry() == Retry::Never || error.code == Code::Timeout;
        if hopeless || seen == Seen::Part || tries >= self.tries_max {
            return None;
        }
        let own = self.backoff.wait(tries);
        match error.retry_after {
            Some(asked) if asked > self.retry_after_max => None,
            // Never sooner than asked: a provider that limits the rate counts early tries too.
            Some(asked) => Some(asked.max(own)),
            None => Some(own),
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries_max: 3,
            backoff: Backoff { base: Duration::from_millis(500), max: Duration::from_secs(30), jitter: 0.1 },
            retry_after_max: Duration::from_secs(60),
        }
    }
}
