//! What outlives a connection.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::place::{Place, Sort};
use crate::message::{ChatKind, ChatRef};
use crate::socketio::Transport;

/// By which way messages come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Way {
    /// By none: there is no connection.
    #[default]
    None,
    /// By Socket.IO over WebSocket.
    WebSocket,
    /// By Socket.IO over HTTP long polling.
    Polling,
    /// By calls: one that waits a session, and panels read again and again.
    Rest,
}

impl Way {
    /// Returns the way that is a transport of Socket.IO.
    pub(super) const fn of(transport: Transport) -> Self {
        match transport {
            Transport::WebSocket => Self::WebSocket,
            Transport::Polling => Self::Polling,
        }
    }

    /// Returns its name in status, logs and metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::WebSocket => "websocket",
            Self::Polling => "polling",
            Self::Rest => "rest",
        }
    }
}

/// What an account remembers between connections.
#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    way: Way,
    /// By id; as many as are listened to.
    places: HashMap<String, Place>,
    owner: Option<String>,
    /// How Socket.IO failed last, while messages come by calls.
    trouble: Option<String>,
    /// How many places the server does not tell of by itself, while it tells of others.
    by_calls: usize,
    /// How many places go on while something of them is unread.
    gaps: usize,
    /// Who the server says that the account is, where that is somebody else than the settings say.
    stranger: Option<String>,
}

impl Shared {
    /// Records by which way messages come in; answers with the one before.
    pub(super) fn set_way(&self, way: Way) -> Way {
        std::mem::replace(&mut self.state().way, way)
    }

    /// Returns by which way messages come in.
    pub(super) fn way(&self) -> Way {
        self.state().way
    }

    /// Records how Socket.IO failed, or that it does what it should.
    pub(super) fn set_trouble(&self, trouble: Option<String>) {
        self.state().trouble = trouble;
    }

    /// Returns how Socket.IO failed last, while messages come by calls.
    pub(super) fn trouble(&self) -> Option<String> {
        self.state().trouble.clone()
    }

    /// Records how many places the server does not tell of by itself, while it tells of others.
    pub(super) fn set_by_calls(&self, count: usize) {
        self.state().by_calls = count;
    }

    /// Returns how many those are.
    pub(super) fn by_calls(&self) -> usize {
        self.state().by_calls
    }

    /// Records how many places go on while something of them is unread.
    pub(super) fn set_gaps(&self, count: usize) {
        self.state().gaps = count;
    }

    /// Returns how many those are.
    pub(super) fn gaps(&self) -> usize {
        self.state().gaps
    }

    /// Forgets every place: a new connection finds them anew.
    pub(super) fn forget_all(&self) {
        let mut state = self.state();
        state.places.clear();
        state.gaps = 0;
    }

    /// Forgets a place.
    pub(super) fn forget(&self, id: &str) {
        self.state().places.remove(id);
    }

    /// Records a place.
    pub(super) fn learn(&self, place: &Place) {
        self.state().places.insert(place.id.clone(), place.clone());
    }

    /// Returns how many sessions and how many panels are known.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        let sessions = state.places.values().filter(|place| place.is_session()).count();
        (sessions, state.places.len() - sessions)
    }

    /// Returns the place that a chat is; for one that is not listened to, as its id tells.
    pub(super) fn place(&self, chat: &ChatRef) -> Place {
        let known = self.state().places.get(&chat.id).cloned();
        known.unwrap_or_else(|| {
            let sort = match chat.kind {
                ChatKind::Channel => Sort::Panel { group: None },
                ChatKind::Direct | ChatKind::Group => Sort::Session { converse: None, people: 0 },
            };
            Place { id: chat.id.clone(), sort, name: None, created_ms: None }
        })
    }

    /// Records that the token's own user is somebody else than the settings say.
    pub(super) fn set_stranger(&self, found: String) {
        self.state().stranger = Some(found);
    }

    /// Returns who the token's own user is, where the settings say somebody else.
    pub(super) fn stranger(&self) -> Option<String> {
        self.state().stranger.clone()
    }

    /// Records whose agent the account is.
    pub(super) fn set_owner(&self, owner: Option<String>) {
        self.state().owner = owner;
    }

    /// Returns whose agent the account is.
    pub(super) fn owner(&self) -> Option<String> {
        self.state().owner.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
