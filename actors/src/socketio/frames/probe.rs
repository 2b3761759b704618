//! WebSocket tried beside polling, until it takes over.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::frame::{Cut, Frame};
use super::websocket::{Same, Socket};
use crate::core::Clock;
use crate::socketio::{Endpoint, Fault, Limits, Probe};

/// What the two sides of a probe say.
const PROBE: &str = "probe";
/// The longest wait between two probes.
const WAIT_MAX: Duration = Duration::from_secs(600);
/// The shortest, behind one that failed.
const WAIT_MIN: Duration = Duration::from_secs(1);

/// Where the change to WebSocket stands.
pub(super) enum Probing {
    /// WebSocket is not tried.
    Never,
    /// It is tried later.
    Waiting { until: BoxFuture<'static, ()>, wait: Duration },
    /// It is being tried.
    Trying { attempt: BoxFuture<'static, Result<Box<Socket>, Fault>>, wait: Duration },
    /// It works, and polling is being drained; within a time.
    Draining { socket: Box<Socket>, until: BoxFuture<'static, ()>, wait: Duration },
}

/// What became of it.
pub(super) enum Probed {
    /// The wait is over.
    Due,
    /// WebSocket answered, or did not.
    Tried(Result<Box<Socket>, Fault>),
    /// Polling could not be drained in time.
    Stuck,
}

impl Probing {
    /// Returns where it begins.
    pub(super) fn new(probe: Probe, clock: &Clock) -> Self {
        match probe {
            Probe::Never => Self::Never,
            Probe::After(wait) => Self::Waiting { until: clock.sleep(wait), wait },
        }
    }

    /// Returns the next that became of it. Nothing is lost when the wait is cut short.
    pub(super) async fn next(&mut self) -> Probed {
        match self {
            Self::Never => std::future::pending().await,
            Self::Waiting { until, .. } => {
                until.await;
                Probed::Due
            }
            Self::Trying { attempt, .. } => Probed::Tried(attempt.await),
            Self::Draining { until, .. } => {
                until.await;
                Probed::Stuck
            }
        }
    }

    /// Begins to try.
    pub(super) fn begin(&mut self, endpoint: &Endpoint, same: Same, limits: Limits, clock: &Clock) {
        let attempt = Box::pin(attempt(endpoint.clone(), same, limits, clock.clone()));
        *self = Self::Trying { attempt, wait: self.wait() };
    }

    /// Keeps the WebSocket that answered until polling is drained.
    pub(super) fn keep(&mut self, socket: Box<Socket>, within: Duration, clock: &Clock) {
        *self = Self::Draining { socket, until: clock.sleep(within), wait: self.wait() };
    }

    /// Returns the WebSocket that takes over.
    pub(super) fn take(&mut self) -> Option<Box<Socket>> {
        match std::mem::replace(self, Self::Never) {
            Self::Draining { socket, .. } => Some(socket),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Waits for the next try, twice as long; returns how long.
    pub(super) fn again(&mut self, clock: &Clock) -> Duration {
        let wait = self.wait().saturating_mul(2).clamp(WAIT_MIN, WAIT_MAX);
        *self = Self::Waiting { until: clock.sleep(wait), wait };
        wait
    }

    const fn wait(&self) -> Duration {
        match self {
            Self::Never => WAIT_MAX,
            Self::Waiting { wait, .. } | Self::Trying { wait, .. } | Self::Draining { wait, .. } => *wait,
        }
    }
}

async fn attempt(endpoint: Endpoint, same: Same, limits: Limits, clock: Clock) -> Result<Box<Socket>, Fault> {
    let trying = async {
        let mut socket = Socket::connect(&endpoint, Some(&same), &limits, &clock).await?;
        let cut = |cut: Cut| Fault::Cut(format!("the probe of WebSocket was cut: {}", cut.into_reason()));
        socket.write([Frame::Ping(PROBE.to_owned())]).await.map_err(cut)?;
        match socket.read().await.map_err(cut)? {
            Frame::Pong(text) if text == PROBE => Ok(Box::new(socket)),
            _ => Err(Fault::Foreign("it answered a probe with something else".to_owned())),
        }
    };
    clock.within(limits.websocket_timeout, trying).await.unwrap_or(Err(Fault::TimedOut("the answer to a probe of WebSocket")))
}
