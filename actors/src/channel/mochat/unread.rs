//! Reads of one place's list of messages that failed, since the last one that did not.

use std::time::Duration;

use super::rest::RestError;

/// So often the list is refused (403, 404, …) before its place goes on without it.
pub(super) const REFUSALS_MAX: u32 = 3;
/// So often it fails otherwise (no answer, 5xx), while other calls succeed, before that.
pub(super) const FAULTS_MAX: u32 = 3;

/// How a list fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It may succeed soon: the place waits for it. So often it failed.
    Passes(u32),
    /// It may last: the place goes on without. So often it failed since that was known.
    Lasts(u32),
}

impl Fault {
    /// Returns how often it failed, for the wait before the next try.
    pub(super) const fn count(self) -> u32 {
        match self {
            Self::Passes(count) | Self::Lasts(count) => count,
        }
    }
}

/// What is known of the failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Unread {
    failures: u32,
    refusals: u32,
    /// Those that were no refusals, and the list's alone: other calls succeeded since the one before.
    faults: u32,
    lasting: u32,
    failed_at: Option<Duration>,
}

impl Unread {
    /// Returns whether the last read failed.
    pub(super) const fn is_any(&self) -> bool {
        self.failures > 0
    }

    /// Takes over that a read failed; moments are the clock's, the latter when any call succeeded last.
    pub(super) fn note(&mut self, error: &RestError, now: Duration, succeeded: Duration) -> Fault {
        self.failures = self.failures.saturating_add(1);
        if !error.passes() {
            self.refusals = self.refusals.saturating_add(1);
        } else if self.failed_at.is_some_and(|failed_at| succeeded > failed_at) {
            self.faults = self.faults.saturating_add(1);
        }
        self.failed_at = Some(now);
        if self.refusals < REFUSALS_MAX && self.faults < FAULTS_MAX {
            return Fault::Passes(self.failures);
        }
        self.lasting = self.lasting.saturating_add(1);
        Fault::Lasts(self.lasting)
    }
}
