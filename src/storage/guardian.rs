//! The actor `store`: it keeps the store well. Requests go straight to the store's own threads, never through here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use callboard_actors::core::{ActorId, ActorKind, ActorSpec, Behaviour, Place, Scope};

use super::{OpenError, SqliteStore};

/// How often the store is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often finished rows that are older than their retention are deleted.
const PURGE_EVERY: Duration = Duration::from_secs(600);

/// How long one deletion may take before it is left alone until the next time.
const PURGE_WAIT: Duration = Duration::from_secs(300);

/// How long a probe of a failing disk may take.
const PROBE_WAIT: Duration = Duration::from_secs(30);

/// The actor's id.
pub const STORE: &str = "store";

/// Starts the writer anew when it has died, tries a failing disk until it is well, deletes what is old.
pub struct StoreGuardian {
    store: Arc<SqliteStore>,
    /// Set once the file was found damaged and set aside: another try would put an empty store in its place while everybody
    /// believes in the old one. Outlives this actor's crashes.
    damaged: Arc<AtomicBool>,
}

impl StoreGuardian {
    /// Returns how the actor is made.
    #[must_use]
    pub fn spec(store: &Arc<SqliteStore>) -> ActorSpec<Self> {
        let (store, damaged) = (Arc::clone(store), Arc::new(AtomicBool::new(false)));
        let build = move || Ok(Self { store: Arc::clone(&store), damaged: Arc::clone(&damaged) });
        ActorSpec::new(ActorId::new(STORE), ActorKind::Store, build).place(Place::Routing)
    }

    fn look(&mut self, scope: &mut Scope<'_, Self>) {
        self.revive_writer();
        let probe = self.store.probe();
        scope.run(PROBE_WAIT, probe, |_, _, scope| {
            scope.after(LOOK_EVERY, Self::look);
        });
    }

    fn revive_writer(&self) {
        if !self.store.needs_restart() || self.damaged.load(Ordering::Acquire) {
            return;
        }
        match self.store.restart_writer() {
            Ok(()) => tracing::warn!(event = "store.writer_restarted", "the writer had died and was started anew"),
            Err(error) => {
                self.damaged.store(matches!(error, OpenError::Damaged { .. }), Ordering::Release);
                tracing::error!(event = "store.writer_down", "{error}");
            }
        }
    }

    fn purge(&mut self, scope: &mut Scope<'_, Self>) {
        let purge = self.store.purge(scope.clock().now_ms());
        scope.run(PURGE_WAIT, purge, |_, answer, scope| {
            if let Some(Err(error)) = answer {
                tracing::warn!(event = "store.purge_failed", "{error}");
            }
            scope.after(PURGE_EVERY, Self::purge);
        });
    }
}

/// The guardian cannot be told anything.
#[derive(Debug)]
pub enum Nothing {}

impl Behaviour for StoreGuardian {
    type Message = Nothing;

    fn started(&mut self, scope: &mut Scope<'_, Self>) {
        self.look(scope);
        // Not at once: the first seconds belong to what waits.
        scope.after(PURGE_EVERY, Self::purge);
    }

    fn receive(&mut self, message: Nothing, _: &mut Scope<'_, Self>) {
        match message {}
    }
}
