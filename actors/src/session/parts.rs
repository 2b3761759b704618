//! What every session is lent.

use std::sync::Arc;

use super::gate::TurnGate;
use super::settings::SessionSettings;
use crate::agent::{Providers, Toolbox};
use crate::core::Live;
use crate::message::{Counters, Switchboard};
use crate::ports::{Archive, Briefing, MediaRoom, Steward, Store};

/// What every session is lent, all of them the same.
pub struct SessionParts {
    /// Where rows and transcripts are.
    pub store: Arc<dyn Store>,
    /// Where transcripts go that are begun anew.
    pub archive: Arc<dyn Archive>,
    /// Who answers.
    pub providers: Arc<dyn Providers>,
    /// What can be done on the way to an answer.
    pub tools: Arc<Toolbox>,
    /// The way to everybody else.
    pub switchboard: Arc<dyn Switchboard>,
    /// The settings of the moment.
    pub settings: Live<SessionSettings>,
    /// What providers are told before everything else.
    pub briefing: Arc<dyn Briefing>,
    /// Makes what comes with a turn ready for its provider.
    pub media: Arc<dyn MediaRoom>,
    /// Who looks after the gateway itself.
    pub steward: Arc<dyn Steward>,
    /// What is counted.
    pub counters: Arc<Counters>,
    /// Lets turns begin.
    pub gate: TurnGate,
}
