//! What every session is lent.

use std::sync::Arc;

use super::gate::TurnGate;
use super::settings::SessionSettings;
use crate::agent::Providers;
use crate::core::Live;
use crate::message::{Counters, Switchboard};
use crate::ports::{Archive, Store};

/// What every session is lent. Cheap to clone.
#[derive(Clone)]
pub struct SessionParts {
    /// Where rows and transcripts are.
    pub store: Arc<dyn Store>,
    /// Where transcripts go that are begun anew.
    pub archive: Arc<dyn Archive>,
    /// Who answers.
    pub providers: Arc<dyn Providers>,
    /// The way to everybody else.
    pub switchboard: Arc<dyn Switchboard>,
    /// The settings of the moment.
    pub settings: Live<SessionSettings>,
    /// What is counted.
    pub counters: Arc<Counters>,
    /// Lets turns begin.
    pub gate: TurnGate,
}
