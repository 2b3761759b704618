//! What supervision tells the log and everybody who listens.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock};

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

impl SupervisionEvent {
    /// Returns whether it is ordinary life: sessions come and go with every conversation, clients with every command.
    #[must_use]
    pub fn is_no_news(&self) -> bool {
        matches!(self.what, What::Started | What::Stopped) && matches!(self.kind, ActorKind::Session | ActorKind::Client)
    }
}

type Listener = Arc<dyn Fn(&SupervisionEvent) + Send + Sync>;

/// Where acts of supervision go: always to the log, and to one listener once there is one.
#[derive(Clone, Default)]
pub(super) struct EventSink(Arc<Ears>);

/// Who is told.
#[derive(Default)]
enum Ear {
    /// Nobody yet.
    #[default]
    None,
    Hears(Listener),
    /// Nobody any more.
    Gone,
}

#[derive(Default)]
struct Ears {
    listener: RwLock<Ear>,
    /// One for all actors, since few ever wait: a notifier for each would cost every idle actor half a kilobyte.
    changed: Notify,
}

impl EventSink {
    /// Sets the listener; a second one is ignored.
    pub(super) fn listen(&self, listener: Listener) {
        let mut ear = self.0.listener.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(*ear, Ear::None) {
            *ear = Ear::Hears(listener);
        }
    }

    /// Lets go of the listener, and of everything that it holds, for good.
    pub(super) fn forget(&self) {
        let ear = std::mem::replace(&mut *self.0.listener.write().unwrap_or_else(PoisonError::into_inner), Ear::Gone);
        // Not under the lock: what it holds may have something to tell when it is dropped.
        drop(ear);
    }

    fn listener(&self) -> Option<Listener> {
        match &*self.0.listener.read().unwrap_or_else(PoisonError::into_inner) {
            Ear::Hears(listener) => Some(Arc::clone(listener)),
            Ear::None | Ear::Gone => None,
        }
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
        if let Some(listener) = self.listener()
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
        _ if event.is_no_news() => {
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
