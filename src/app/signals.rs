//! What ends a life: SIGTERM and Ctrl-C, once for a drain, twice for an end at once; SIGHUP reads the configuration again.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The process's exit code when a second signal does not let it drain.
const FORCED: i32 = 1;

/// The signals that the gateway listens to.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// What a signal asks for.
pub(super) enum Asked {
    /// To go down in good order.
    Drain,
    /// To read the configuration again.
    Reload,
}

impl Signals {
    /// Begins to listen. Must be called inside a runtime.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Drain,
            _ = self.interrupt.recv() => Asked::Drain,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }

    /// Ends the process at once when another signal to go down comes; otherwise never returns.
    pub(super) async fn force_at_next(mut self) {
        loop {
            if matches!(self.next().await, Asked::Drain) {
                tracing::error!(
                    event = "gateway.forced",
                    "a second signal: going down at once; what is open goes on at the next start"
                );
                std::process::exit(FORCED);
            }
        }
    }
}
