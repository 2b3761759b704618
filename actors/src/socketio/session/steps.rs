//! Which way the next session goes, after how the last ones ended. Pure.

use std::time::Duration;

use super::event::{CloseReason, Closed};
use crate::socketio::{Probe, Transport, Way};

/// A WebSocket that lasted so long was not cut by something on the way that bears none.
const STABLE: Duration = Duration::from_secs(60);
/// How often in a row it is cut early before polling comes first.
const CUTS_BORNE: u32 = 2;
/// When WebSocket is probed the first time after that; doubled with each further cut.
const PROBE_AFTER: Duration = Duration::from_secs(30);
/// The longest wait before it is probed.
const PROBE_AFTER_MAX: Duration = Duration::from_secs(600);

/// How the next session is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Carried how.
    pub way: Way,
    /// When WebSocket is probed, should frames travel by polling.
    pub probe: Probe,
}

/// Remembers over sessions whether WebSocket lasts: something on the way may let it through and cut it soon after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    cuts: u32,
}

impl Steps {
    /// Notes how a session ended.
    pub fn note(&mut self, closed: &Closed) {
        if closed.transport != Transport::WebSocket {
            return;
        }
        if closed.lasted >= STABLE {
            self.cuts = 0;
            return;
        }
        match closed.reason {
            CloseReason::Broken(_) | CloseReason::ServerClosed { .. } | CloseReason::Silent { .. } => {
                self.cuts = self.cuts.saturating_add(1);
            }
            // These say nothing of the transport.
            CloseReason::Asked
            | CloseReason::Kicked
            | CloseReason::Unreadable(_)
            | CloseReason::Overrun { .. }
            | CloseReason::Flooded { .. }
            | CloseReason::Lost => {}
        }
    }

    /// Returns how the next one is opened.
    #[must_use]
    pub fn start(&self) -> Start {
        let Some(more) = self.cuts.checked_sub(CUTS_BORNE) else {
            return Start { way: Way::WebSocketFirst, probe: Probe::After(PROBE_AFTER) };
        };
        let wait = PROBE_AFTER.saturating_mul(2_u32.saturating_pow(more)).min(PROBE_AFTER_MAX);
        Start { way: Way::PollingFirst, probe: Probe::After(wait) }
    }
}
