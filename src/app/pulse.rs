//! What beats while the gateway runs: a look at the config files and at credentials, the service manager's watchdog.

use std::sync::Arc;
use std::time::Duration;

use callboard_actors::core::{ActorId, Clock, Supervisor};
use callboard_actors::registry::REGISTRY;

use super::reload::{Look, Reloader};
use crate::config::desk::ConfigDesk;
use crate::ws::Control;

/// How often the gateway looks at itself.
const BEAT: Duration = Duration::from_secs(1);

/// How long the service manager is told that all is well between two lives. A restart that takes longer hangs.
const BRIDGE_MAX: Duration = Duration::from_secs(120);

/// Everything that beats.
pub(super) struct Pulse {
    pub(super) supervisor: Supervisor,
    pub(super) reloader: Arc<Reloader>,
    pub(super) desk: Arc<ConfigDesk>,
    pub(super) control: Arc<Control>,
}

impl Pulse {
    /// Beats once a second, sooner while a file is being written; never returns.
    pub(super) async fn run(self, mut reloads: tokio::sync::mpsc::Receiver<()>) {
        let mut wait = BEAT;
        loop {
            tokio::select! {
                () = self.supervisor.clock().sleep(wait) => {}
                Some(()) = reloads.recv() => self.reread("SIGHUP").await,
            }
            wait = match self.reloader.look() {
                Look::Still => BEAT,
                Look::Unsettled(left) => left.min(BEAT),
                Look::Changed => {
                    self.reread("file change").await;
                    BEAT
                }
            };
            self.control.shut_out();
            self.feed_watchdog();
        }
    }

    /// Reads the file in turn with those who write it, which may have to wait for the disk.
    async fn reread(&self, reason: &'static str) {
        let desk = Arc::clone(&self.desk);
        if let Err(error) = tokio::task::spawn_blocking(move || desk.reread(reason)).await {
            tracing::error!(event = "config.refused", "the changed configuration is not used: {error}");
        }
    }

    /// Tells the service manager that all is well, as long as the registry is.
    fn feed_watchdog(&self) {
        use callboard_actors::core::State::{Backoff, Running, Starting};
        let registry = self.supervisor.report(&ActorId::new(REGISTRY)).map(|report| report.state);
        if matches!(registry, Ok(Running | Starting | Backoff)) {
            feed();
        }
    }
}

/// Tells the service manager that all is well between two lives.
pub(super) async fn bridge(clock: Clock) {
    let until = clock.elapsed() + BRIDGE_MAX;
    while clock.elapsed() < until {
        feed();
        clock.sleep(BEAT).await;
    }
}

fn feed() {
    // Without a service manager there is nobody to tell.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
}
