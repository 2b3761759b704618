//! Whether the gateway is of use, and why not: one opinion for `/readyz`, `health` and whoever else asks.

use std::sync::Arc;

use callboard_actors::channel::Account;
use callboard_actors::core::{ActorId, State, Supervisor};
use callboard_actors::message::{Code, LinkState};
use callboard_actors::ports::Store;
use schemars::JsonSchema;
use serde::Serialize;
use utoipa::ToSchema;

use super::readiness::{Phase, Readiness};
use crate::outgoing::ChannelsView;

/// One part that is not ready.
#[derive(Clone, Debug, Serialize, ToSchema, JsonSchema)]
pub struct Reason {
    /// `gateway`, `store`, `archive` or the actor's id.
    id: String,
    /// Where it stands.
    state: &'static str,
    /// Where its link stands, for channels.
    #[schema(value_type = Option<String>)]
    #[schemars(with = "Option<String>")]
    link: Option<LinkState>,
    /// The stable code.
    code: &'static str,
    /// The reason for people; only with the credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl Reason {
    /// Takes out what is only for whoever brought the credential.
    pub(super) fn hide(&mut self) {
        self.text = None;
    }
}

/// How far it is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// At the gateway and its store.
    Gateway,
    /// At the channels too.
    Everywhere,
}

/// Has the opinion. Cheap to clone.
#[derive(Clone)]
pub struct Doctor {
    /// Knows how actors are.
    pub supervisor: Supervisor,
    /// Knows whether it can write.
    pub store: Arc<dyn Store>,
    /// The accounts and their links.
    pub channels: Arc<dyn ChannelsView>,
    /// The phase of the process.
    pub readiness: Arc<Readiness>,
}

impl Doctor {
    /// Returns what there is to complain about.
    #[must_use]
    pub fn reasons(&self, look: Look) -> Vec<Reason> {
        let mut reasons: Vec<_> = self.gateway_reason().into_iter().chain(self.store_reason()).collect();
        if look == Look::Everywhere {
            reasons.extend(self.part_reasons());
            reasons.extend(self.channels.accounts().iter().filter_map(|account| self.channel_reason(account)));
        }
        reasons
    }

    fn gateway_reason(&self) -> Option<Reason> {
        let state = match self.readiness.phase() {
            Phase::Ready => return None,
            Phase::Starting => "starting",
            Phase::Draining => "draining",
        };
        Some(Reason { id: "gateway".into(), state, link: None, code: Code::Unavailable.as_str(), text: None })
    }

    fn store_reason(&self) -> Option<Reason> {
        let (code, text) = self.store.health().trouble?;
        let state = self.actor_state("store").map_or("running", State::as_str);
        Some(Reason { id: "store".into(), state, link: None, code: code.as_str(), text: Some(text) })
    }

    /// A part that fails costs some of what the gateway does, and not the gateway.
    fn part_reasons(&self) -> impl Iterator<Item = Reason> + use<> {
        let code = Code::StoreUnavailable.as_str();
        let troubles = self.readiness.troubles().into_iter();
        troubles.map(move |(part, why)| Reason { id: part.to_owned(), state: "failing", link: None, code, text: Some(why) })
    }

    fn channel_reason(&self, account: &Account) -> Option<Reason> {
        if !account.enabled {
            return None;
        }
        let id = format!("channel:{}", account.key);
        let link = self.channels.link(&account.key);
        let state = self.actor_state(&id).unwrap_or(State::Stopped);
        // A link that was up when its actor crashed is up no longer, whatever was last said of it.
        let up = link.state == LinkState::Up && state == State::Running;
        if up {
            return None;
        }
        let code = match state {
            State::Failed => Code::ActorFailed,
            State::Blocked => link.code.unwrap_or(Code::Misconfigured),
            _ => link.code.unwrap_or(Code::LinkDown),
        };
        Some(Reason { id, state: state.as_str(), link: Some(link.state), code: code.as_str(), text: link.text })
    }

    fn actor_state(&self, id: &str) -> Option<State> {
        self.supervisor.report(&ActorId::new(id.to_owned())).ok().map(|report| report.state)
    }
}

impl std::fmt::Debug for Doctor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Doctor").field("readiness", &self.readiness).finish_non_exhaustive()
    }
}
