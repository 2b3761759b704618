//! Which pieces of an answer go into the thread that it opens.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use super::config::ReplyTo;
use crate::message::{OutboxId, Target, TraceId};

/// How many answers are remembered whose first piece alone goes into a thread; of an older one every piece does.
const OPENED_MAX: usize = 4096;

/// The threads that answers open.
#[derive(Debug)]
pub(super) struct Threads {
    mode: ReplyTo,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The first piece of each answer, once it is known.
    first: HashMap<TraceId, Option<OutboxId>>,
    order: VecDeque<TraceId>,
}

impl Threads {
    /// Returns none, in an account of this mode.
    pub(super) fn new(mode: ReplyTo) -> Self {
        Self { mode, state: Mutex::default() }
    }

    /// Returns where the answer goes to a message that stands in no thread.
    pub(super) const fn mode(&self) -> ReplyTo {
        self.mode
    }

    /// Records that the answer to a message opens a thread.
    pub(super) fn opened(&self, trace: TraceId) {
        if self.mode != ReplyTo::First {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.order.len() >= OPENED_MAX
            && let Some(oldest) = state.order.pop_front()
        {
            state.first.remove(&oldest);
        }
        state.order.push_back(trace);
        state.first.insert(trace, None);
    }

    /// Returns the thread that a piece of the answer to a message goes into.
    pub(super) fn of(&self, trace: TraceId, id: OutboxId, target: &Target) -> Option<String> {
        let thread = target.thread.clone().filter(|thread| !thread.is_empty());
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let first = state.first.get_mut(&trace).map(|first| *first.get_or_insert(id));
        thread.filter(|_| first.is_none_or(|first| first == id))
    }
}
