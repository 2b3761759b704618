//! What the process is told from outside: SIGTERM and Ctrl-C, once for a drain, twice for an end at once; SIGHUP reads the
//! configuration again; SIGUSR1 restarts within the process.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::logs::Logs;

/// The process's exit code when a second signal does not let it drain.
const FORCED: i32 = 1;

/// How long the last line of the log may take to be written.
const LOGS_WAIT: Duration = Duration::from_millis(100);

/// The signals that the gateway listens to.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    user: Signal,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To go down in good order.
    Drain,
    /// To read the configuration again.
    Reload,
    /// To restart within the process.
    Restart,
}

impl Signals {
    /// Begins to listen. Must be called inside a runtime.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            user: signal(SignalKind::user_defined1())?,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Drain,
            _ = self.interrupt.recv() => Asked::Drain,
            _ = self.hangup.recv() => Asked::Reload,
            _ = self.user.recv() => Asked::Restart,
        }
    }
}

/// Ends the process at once.
pub(super) fn force(logs: &Logs) -> ! {
    tracing::error!(event = "gateway.forced", "a second signal: going down at once; what is open goes on at the next start");
    logs.flush(LOGS_WAIT);
    std::process::exit(FORCED);
}
