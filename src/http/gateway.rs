//! What every handler has at hand.

use std::sync::Arc;

use callboard_actors::agent::Toolbox;
use callboard_actors::core::{Clock, Live, Supervisor};
use callboard_actors::mcp::McpDesk;
use callboard_actors::message::{Counters, Switchboard};
use callboard_actors::ports::{MediaRoom, Store};
use callboard_actors::session::TurnGate;

use super::counters::HttpCounters;
use super::doctor::Doctor;
use super::openai::ResponseBook;
use super::readiness::Readiness;
use super::settings::HttpSettings;
use super::upgrades::Upgrades;
use crate::access::Porter;
use crate::outgoing::{ChannelsView, Outgoing};
use crate::providers::ProviderStanding;

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
    /// The gate and the lanes of turns.
    pub gate: TurnGate,
    /// Takes pictures and files of requests in.
    pub media: Arc<dyn MediaRoom>,
    /// The gateway's own tools.
    pub tools: Arc<Toolbox>,
    /// The MCP servers, as they are.
    pub mcp: Arc<McpDesk>,
    /// How the providers' keys and models stand.
    pub standing: Live<Vec<ProviderStanding>>,
    /// Looks at who asks.
    pub porter: Arc<Porter>,
    /// Takes requests that want to become a socket; without it there is none.
    pub upgrades: Option<Arc<dyn Upgrades>>,
}

/// The edge's context, one for all workers.
pub struct Gateway {
    pub(super) supervisor: Supervisor,
    pub(super) store: Arc<dyn Store>,
    pub(super) switchboard: Arc<dyn Switchboard>,
    pub(super) settings: Live<HttpSettings>,
    pub(super) channels: Arc<dyn ChannelsView>,
    pub(super) doctor: Doctor,
    pub(super) counters: Arc<Counters>,
    pub(super) gate: TurnGate,
    pub(super) media: Arc<dyn MediaRoom>,
    pub(super) tools: Arc<Toolbox>,
    pub(super) mcp: Arc<McpDesk>,
    pub(super) standing: Live<Vec<ProviderStanding>>,
    pub(super) clock: Clock,
    pub(super) http: HttpCounters,
    pub(super) porter: Arc<Porter>,
    pub(super) upgrades: Option<Arc<dyn Upgrades>>,
    pub(super) responses: ResponseBook,
}

impl Gateway {
    /// Puts the parts together; the clock is the supervisor's.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts {
            supervisor,
            store,
            switchboard,
            settings,
            channels,
            readiness,
            counters,
            gate,
            media,
            tools,
            mcp,
            standing,
            porter,
            upgrades,
        } = parts;
        let clock = supervisor.clock().clone();
        let http = HttpCounters::default();
        let doctor =
            Doctor { supervisor: supervisor.clone(), store: Arc::clone(&store), channels: Arc::clone(&channels), readiness };
        Arc::new(Self {
            supervisor,
            store,
            switchboard,
            settings,
            channels,
            doctor,
            counters,
            gate,
            media,
            tools,
            mcp,
            standing,
            http,
            porter,
            upgrades,
            responses: ResponseBook::new(clock.clone()),
            clock,
        })
    }

    /// Returns the way for messages that no turn wrote.
    pub(super) fn outgoing(&self) -> Outgoing {
        Outgoing {
            store: Arc::clone(&self.store),
            switchboard: Arc::clone(&self.switchboard),
            channels: Arc::clone(&self.channels),
            clock: self.clock.clone(),
        }
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("doctor", &self.doctor).finish_non_exhaustive()
    }
}
