//! A restart within the process: who asks for one, and when it comes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use callboard_actors::core::Clock;
use tokio::sync::Notify;

use super::sentinel;
use crate::config::desk::{RestartTicket, RestartWish};

/// The longest wait before a restart; longer ones are shortened.
const DELAY_MS_MAX: u64 = 60_000;

/// The wait when nobody names one, so that whoever asked hears the answer.
const DELAY_MS: u64 = 2_000;

/// Asks for restarts of this gateway. One is pending at the most: the sooner of two is made, and does for both. Cheap to clone.
#[derive(Clone)]
pub struct RestartHandle(Arc<Inner>);

struct Inner {
    clock: Clock,
    state_dir: PathBuf,
    pending: Mutex<Option<Pending>>,
    changed: Notify,
}

/// A restart that is to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    due: Duration,
    /// Why.
    pub(super) reason: String,
}

impl RestartHandle {
    /// Makes the handle of a process.
    pub(super) fn new(clock: Clock, state_dir: PathBuf) -> Self {
        Self(Arc::new(Inner { clock, state_dir, pending: Mutex::new(None), changed: Notify::new() }))
    }

    /// Has the gateway restarted: drained as at a stop, then built anew in the same process with the configuration of that
    /// moment. A delay is clamped to a minute, without one it is 2 s. What the session named in the wish is to be told is
    /// written down for the time after; a restart that finds the configuration unusable, or its address taken, is not made.
    #[must_use]
    pub fn restart(&self, reason: &str, wish: &RestartWish) -> RestartTicket {
        let delay_ms = wish.delay_ms.unwrap_or(DELAY_MS).min(DELAY_MS_MAX);
        let now = self.0.clock.elapsed();
        let asked = Pending { due: now + Duration::from_millis(delay_ms), reason: reason.to_owned() };
        let mut pending = self.pending();
        let made = pending.take().filter(|earlier| earlier.due <= asked.due).unwrap_or(asked);
        let left = made.due.saturating_sub(now);
        *pending = Some(made);
        drop(pending);
        let sentinel = sentinel::write(&self.0.state_dir, reason, wish, self.0.clock.now_ms());
        self.0.changed.notify_one();
        tracing::info!(event = "gateway.restart_asked", reason, delay_ms);
        RestartTicket {
            ok: true,
            pid: std::process::id(),
            signal: "SIGUSR1",
            delay_ms: u64::try_from(left.as_millis()).unwrap_or(DELAY_MS_MAX),
            reason: reason.to_owned(),
            mode: "emit",
            sentinel,
        }
    }

    /// Waits until a restart is due, and takes it.
    pub(super) async fn due(&self) -> Pending {
        loop {
            let left = self.pending().as_ref().map(|pending| pending.due.saturating_sub(self.0.clock.elapsed()));
            match left {
                None => self.0.changed.notified().await,
                Some(Duration::ZERO) => {
                    if let Some(made) = self.pending().take() {
                        return made;
                    }
                }
                // A sooner one may come meanwhile.
                Some(left) => tokio::select! {
                    () = self.0.changed.notified() => {}
                    () = self.0.clock.sleep(left) => {}
                },
            }
        }
    }

    fn pending(&self) -> MutexGuard<'_, Option<Pending>> {
        self.0.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows what is pending.
impl std::fmt::Debug for RestartHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RestartHandle").field(&*self.pending()).finish()
    }
}

#[cfg(test)]
mod tests;
