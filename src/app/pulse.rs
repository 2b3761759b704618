//! What beats while the gateway runs: a look at the config files, the service manager's watchdog.

use std::time::Duration;

use callboard_actors::core::{ActorId, Supervisor};
use callboard_actors::registry::REGISTRY;

use super::reload::Reloader;

/// How often the gateway looks at itself.
const BEAT: Duration = Duration::from_secs(1);

/// Everything that beats.
pub(super) struct Pulse {
    pub(super) supervisor: Supervisor,
    pub(super) reloader: Reloader,
}

impl Pulse {
    /// Beats once a second; never returns.
    pub(super) async fn run(mut self, mut reloads: tokio::sync::mpsc::Receiver<()>) {
        loop {
            tokio::select! {
                () = self.supervisor.clock().sleep(BEAT) => self.beat(),
                Some(()) = reloads.recv() => self.reloader.reload(),
            }
        }
    }

    fn beat(&mut self) {
        self.reloader.look();
        self.feed_watchdog();
    }

    /// Tells the service manager that all is well, as long as the registry is.
    fn feed_watchdog(&self) {
        use callboard_actors::core::State::{Backoff, Running, Starting};
        let registry = self.supervisor.report(&ActorId::new(REGISTRY)).map(|report| report.state);
        if matches!(registry, Ok(Running | Starting | Backoff)) {
            // Without a service manager there is nobody to tell.
            let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
        }
    }
}
