//! What every handler has at hand.

use std::sync::Arc;

use callboard_actors::core::{Clock, Live, Supervisor};
use callboard_actors::message::{Counters, Switchboard};
use callboard_actors::ports::Store;

use super::accounts::ChannelsView;
use super::counters::HttpCounters;
use super::limiter::FailureLimiter;
use super::readiness::Readiness;
use super::settings::HttpSettings;

/// What the edge is lent.
pub struct Parts {
    /// Lists and restarts actors.
    pub supervisor: Supervisor,
    /// Keeps rows.
    pub store: Arc<dyn Store>,
    /// Wakes, shapes and asks.
    pub switchboard: Arc<dyn Switchboard>,
    /// The settings of the moment.
    pub settings: Live<HttpSettings>,
    /// The accounts and their links.
    pub channels: Arc<dyn ChannelsView>,
    /// The phase of the process.
    pub readiness: Arc<Readiness>,
    /// What the actors count.
    pub counters: Arc<Counters>,
}

/// The edge's context, one for all workers.
pub struct Gateway {
    pub(super) supervisor: Supervisor,
    pub(super) store: Arc<dyn Store>,
    pub(super) switchboard: Arc<dyn Switchboard>,
    pub(super) settings: Live<HttpSettings>,
    pub(super) channels: Arc<dyn ChannelsView>,
    pub(super) readiness: Arc<Readiness>,
    pub(super) counters: Arc<Counters>,
    pub(super) clock: Clock,
    pub(super) http: HttpCounters,
    pub(super) failures: FailureLimiter,
}

impl Gateway {
    /// Puts the parts together; the clock is the supervisor's.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { supervisor, store, switchboard, settings, channels, readiness, counters } = parts;
        let clock = supervisor.clock().clone();
        let now = settings.get();
        let failures = FailureLimiter::new(now.failed_auth_burst, now.failed_auth_per_minute, clock.clone());
        let http = HttpCounters::default();
        Arc::new(Self { supervisor, store, switchboard, settings, channels, readiness, counters, clock, http, failures })
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("readiness", &self.readiness).finish_non_exhaustive()
    }
}
