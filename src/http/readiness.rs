//! Where the process stands between its first and its last breath.

use std::sync::atomic::{AtomicU8, Ordering};

/// Where the process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The listener is up, the store or the actors are not yet.
    Starting,
    /// Everything runs.
    Ready,
    /// Nothing new is taken in.
    Draining,
}

/// The phase, shared by who sets and who shows it. Begins as `Starting`.
#[derive(Debug, Default)]
pub struct Readiness(AtomicU8);

impl Readiness {
    /// Sets the phase.
    pub fn set(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Release);
    }

    /// Returns the phase.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.0.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Ready,
            _ => Phase::Draining,
        }
    }
}
