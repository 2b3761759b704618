//! What supervision tells the log and everybody who listens.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use super::guard::guarded;
use super::ids::{ActorId, ActorKind};

/// What supervision did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// `started` has returned for the first time, or after a stop by hand.
    Started,
    /// It ended by itself or by hand.
    Stopped,
    /// Its code panicked.
    Panicked,
    /// It was built again and `started` has returned.
    Restarted,
    /// It failed too often and waits for a hand.
    GaveUp,
    /// A child missed its deadline, or the thread was blocked.
    Stuck,
    /// Its settings do not allow it to be built.
    Blocked,
}

impl What {
    /// Returns the word used in events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::Panicked => "panicked",
            Self::Restarted => "restarted",
            Self::GaveUp => "gave_up",
            Self::Stuck => "stuck",
            Self::Blocked => "blocked",
        }
    }
}

/// One act of supervision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupervisionEvent {
    /// Which actor.
    pub id: ActorId,
    /// Its kind.
    pub kind: ActorKind,
    /// What happened.
    pub what: What,
    /// The text for people; carries no secret.
    pub detail: String,
}

type Listener = Box<dyn Fn(&SupervisionEvent) + Send + Sync>;

/// Where acts of supervision go: always to the log, and to one listener once there is one.
#[derive(Clone, Default)]
pub(super) struct EventSink(Arc<Ears>);

#[derive(Default)]
struct Ears {
    listener: OnceLock<Listener>,
    /// One for all actors, since few ever wait: a notifier for each would cost every idle actor half a kilobyte.
    changed: Notify,
}

impl EventSink {
    /// Sets the listener; a second one is ignored.
    pub(super) fn listen(&self, listener: Listener) {
        let _ = self.0.listener.set(listener);
    }

    /// Says that some actor's state has changed.
    pub(super) fn stir(&self) {
        self.0.changed.notify_waiters();
    }

    /// Waits until something is so that changes with actors' states.
    pub(super) async fn until(&self, done: impl Fn() -> bool) {
        loop {
            let mut changed = pin!(self.0.changed.notified());
            changed.as_mut().enable();
            if done() {
                return;
            }
            changed.await;
        }
    }

    pub(super) fn tell(&self, event: SupervisionEvent) {
        log(&event);
        if let Some(listener) = self.0.listener.get()
            && let Err(text) = guarded(|| listener(&event))
        {
            tracing::error!(event = "listener.panicked", actor = %event.id, "while it was told of supervision: {text}");
        }
    }
}

impl fmt::Debug for EventSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventSink")
    }
}

fn log(event: &SupervisionEvent) {
    let SupervisionEvent { id, what, detail, .. } = event;
    match what {
        // Sessions come and go with every conversation: their ordinary life is no news.
        What::Started | What::Stopped if event.kind == ActorKind::Session => {
            tracing::debug!(event = %format_args!("actor.{}", what.as_str()), actor = %id, "{detail}");
        }
        What::Started | What::Stopped | What::Restarted => {
            tracing::info!(event = %format_args!("actor.{}", what.as_str()), actor = %id, "{detail}");
        }
        What::Panicked | What::GaveUp => {
            tracing::error!(event = %format_args!("actor.{}", what.as_str()), actor = %id, "{detail}");
        }
        What::Stuck | What::Blocked => {
            tracing::warn!(event = %format_args!("actor.{}", what.as_str()), actor = %id, "{detail}");
        }
    }
}
