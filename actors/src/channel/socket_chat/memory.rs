//! What an account remembers from one connection to the next.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A connection that the broker ended sooner than this is a sign of another client with our id.
const SHORT_LIFE: Duration = Duration::from_secs(10);
/// With so many signs in a row it is taken for certain.
const SIGNS_MIN: u32 = 3;
/// Once certain, only a connection that stood so long ends the suspicion: longer than the other one's longest wait, or two
/// gateways would kick each other out for ever at full speed.
const LIFE_ALONE: Duration = Duration::from_secs(90);

/// How a connection ended, as far as the suspicion goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The broker closed it.
    ByPeer,
    /// Anything else.
    Other,
}

#[derive(Default)]
struct State {
    signs: u32,
    subscribed: Option<String>,
    up: bool,
}

/// The memory of one account; a few words, however long it runs.
#[derive(Default)]
pub(super) struct Memory(Mutex<State>);

impl Memory {
    /// Records how long a connection stood and how it ended; returns whether another client is taken to use our id.
    pub(super) fn ended(&self, ending: Ending, stood: Duration) -> bool {
        let mut state = self.state();
        let suspicious = state.signs >= SIGNS_MIN;
        let limit = if suspicious { LIFE_ALONE } else { SHORT_LIFE };
        if stood >= limit {
            state.signs = 0;
        } else if ending == Ending::ByPeer {
            state.signs = state.signs.saturating_add(1);
        }
        state.signs >= SIGNS_MIN
    }

    /// Records the topic that is being subscribed; returns the one before, if it was another.
    pub(super) fn subscribing(&self, topic: &str) -> Option<String> {
        let mut state = self.state();
        if state.subscribed.as_deref() == Some(topic) {
            return None;
        }
        state.subscribed.replace(topic.to_owned())
    }

    /// Records that the subscription stands.
    pub(super) fn up(&self) {
        self.state().up = true;
    }

    /// Records that it does not stand any more.
    pub(super) fn down(&self) {
        self.state().up = false;
    }

    /// Returns whether a subscription stands.
    pub(super) fn is_up(&self) -> bool {
        self.state().up
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
