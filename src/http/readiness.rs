//! Where the process stands between its first and its last breath.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

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

/// The phase, and what is wrong with parts that have no actor of their own; shared by who sets and who shows it. Begins as
/// `Starting`, with nothing wrong.
#[derive(Debug, Default)]
pub struct Readiness {
    phase: AtomicU8,
    /// By the name of the part, of which there are a handful.
    troubles: Mutex<BTreeMap<&'static str, String>>,
}

impl Readiness {
    /// Sets the phase.
    pub fn set(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// Returns the phase.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Ready,
            _ => Phase::Draining,
        }
    }

    /// Notes what is wrong with a part; `None` for nothing any more. Says so in the log when it begins and when it ends.
    pub fn trouble(&self, part: &'static str, why: Option<String>) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match &why {
            Some(why) => troubles.insert(part, why.clone()),
            None => troubles.remove(part),
        };
        match (before, why) {
            (None, Some(why)) => tracing::warn!(event = "part.trouble", part, "{why}"),
            (Some(_), None) => tracing::info!(event = "part.mended", part),
            _ => {}
        }
    }

    /// Returns what is wrong, by the names of the parts.
    #[must_use]
    pub fn troubles(&self) -> BTreeMap<&'static str, String> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
