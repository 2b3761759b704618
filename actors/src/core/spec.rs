//! How an actor is made, and made again.

use std::sync::Arc;
use std::time::Duration;

use super::backoff::Backoff;
use super::behaviour::Behaviour;
use super::error::BuildError;
use super::ids::{ActorId, ActorKind};

/// When an actor is built again after it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Always: it is meant to live as long as the process.
    Permanent,
    /// After a failure; when it ends by itself it is over and forgotten.
    Transient,
    /// Never: a failure is the end of it, and it is forgotten.
    Temporary,
}

/// How many failures are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intensity {
    /// The most restarts after failures within the window; one more failure and the actor is `failed`.
    pub restarts_max: u32,
    /// The window.
    pub window: Duration,
}

/// What happens to a message that finds the mailbox full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Whoever tells hears `Full`.
    Reject,
    /// The oldest waiting message gives its place to it, and counts as rejected. It takes memory until the actor comes by, so
    /// there may be as many of them as the capacity; beyond that whoever tells hears `Full`.
    DropOldest,
}

/// The bound of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The most messages that wait.
    pub capacity: u32,
    /// What happens to one more.
    pub overflow: Overflow,
}

/// Which threads an actor may live on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The thread of routing, apart from everything that talks to the outside.
    Routing,
    /// One of the threads for channels, sessions and clients, by the hash of its id.
    Shared,
}

/// Makes a behaviour from the settings of the moment.
pub type Build<B> = Arc<dyn Fn() -> Result<B, BuildError> + Send + Sync>;

/// Everything needed to make an actor, any number of times.
pub struct ActorSpec<B: Behaviour> {
    pub(super) id: ActorId,
    pub(super) kind: ActorKind,
    pub(super) restart: Restart,
    pub(super) intensity: Intensity,
    pub(super) backoff: Backoff,
    pub(super) stable_after: Duration,
    pub(super) mailbox: Mailbox,
    pub(super) place: Place,
    pub(super) build: Build<B>,
}

impl<B: Behaviour> ActorSpec<B> {
    /// Returns a permanent actor on a shared thread with a mailbox of 256 that rejects; 10 restarts in 5 minutes; waits from
    /// 50 ms to 30 s that begin anew after 30 s without failure.
    pub fn new(id: ActorId, kind: ActorKind, build: impl Fn() -> Result<B, BuildError> + Send + Sync + 'static) -> Self {
        Self {
            id,
            kind,
            restart: Restart::Permanent,
            intensity: Intensity { restarts_max: 10, window: Duration::from_secs(300) },
            backoff: Backoff { base: Duration::from_millis(50), max: Duration::from_secs(30), jitter: 0.2 },
            stable_after: Duration::from_secs(30),
            mailbox: Mailbox { capacity: 256, overflow: Overflow::Reject },
            place: Place::Shared,
            build: Arc::new(build),
        }
    }

    /// Sets when it is built again.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// Sets how many failures are too many.
    #[must_use]
    pub fn intensity(mut self, intensity: Intensity) -> Self {
        self.intensity = intensity;
        self
    }

    /// Sets the waits between failures, and after how long without one they begin anew.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff, stable_after: Duration) -> Self {
        self.backoff = backoff;
        self.stable_after = stable_after;
        self
    }

    /// Sets the bound of the mailbox.
    #[must_use]
    pub fn mailbox(mut self, mailbox: Mailbox) -> Self {
        self.mailbox = mailbox;
        self
    }

    /// Sets the threads it may live on.
    #[must_use]
    pub fn place(mut self, place: Place) -> Self {
        self.place = place;
        self
    }
}
