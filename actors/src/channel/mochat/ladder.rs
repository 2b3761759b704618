//! How soon Socket.IO is opened again, after how it failed. Pure.
//!
//! Something on the way may let a session through and cut it soon after, again and again. Each time messages go over to calls and back,
//! which loses nothing and costs every place a look. So a session that did not last makes the next one wait longer, and the way
//! changes ever more seldom: with the default settings about forty times in the first hour, then 24 times an hour.

use std::time::Duration;

use super::socket::SocketSettings;

/// A session that told so long was cut by nothing that bears none.
const STABLE: Duration = Duration::from_secs(60);
/// So many sessions in a row may be shorter before the waits grow beyond those of a server that is away.
const SHORT_LIVES_BORNE: u32 = 3;

/// What is remembered of Socket.IO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ladder {
    /// Failures in a row, short lives among them.
    failures: u32,
    short_lives: u32,
}

impl Ladder {
    /// Records that it could not be opened, or did not tell.
    pub(super) fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// Records that it told for so long, and is over.
    pub(super) fn lived(&mut self, lasted: Duration) {
        if lasted >= STABLE {
            *self = Self::default();
        } else {
            self.short_lives = self.short_lives.saturating_add(1);
        }
        self.failed();
    }

    /// Returns how long is waited before it is opened again.
    pub(super) fn wait(&self, settings: &SocketSettings) -> Duration {
        let usual = settings.wait(self.failures);
        let Some(more) = self.short_lives.checked_sub(SHORT_LIVES_BORNE) else { return usual };
        let calm = settings.backoff.max.saturating_mul(2_u32.saturating_pow(more));
        usual.max(calm.min(settings.slow))
    }
}
