//! The way from a session to its running turn: messages that came meanwhile, for the turn to take at its next round of tools.
//!
//! Nothing here is the only copy of a message. Its row waits in the store until the turn that took it is written down; what was
//! not taken when the box is closed is answered in a turn of its own, and so is everything after a crash.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::message::Steered;

/// How many messages wait for one turn at the most; further ones have turns of their own.
pub const STEERED_MAX: usize = 32;

/// The box of one turn. Cheap to clone; a box by default is closed, and takes nothing.
#[derive(Clone, Debug, Default)]
pub struct SteerBox(Option<Arc<Mutex<Inner>>>);

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<Steered>,
    taken: Vec<Steered>,
    closed: bool,
}

impl SteerBox {
    /// Returns an open box out of which these were taken before.
    #[must_use]
    pub fn open(taken: Vec<Steered>) -> Self {
        Self(Some(Arc::new(Mutex::new(Inner { taken, ..Inner::default() }))))
    }

    /// Puts a message in; answers whether there was room and the box is open.
    pub fn put(&self, message: Steered) -> bool {
        let Some(mut inner) = self.lock() else { return false };
        let fits = !inner.closed && inner.waiting.len() < STEERED_MAX;
        if fits {
            inner.waiting.push_back(message);
        }
        fits
    }

    /// Takes what waits, oldest first. Whoever takes a message shows it to its provider in the next request.
    #[must_use]
    pub fn take(&self) -> Vec<Steered> {
        let Some(mut inner) = self.lock() else { return Vec::new() };
        let waiting: Vec<_> = inner.waiting.drain(..).collect();
        inner.taken.extend(waiting.iter().cloned());
        waiting
    }

    /// Returns whether anything was taken.
    #[must_use]
    pub fn has_taken(&self) -> bool {
        self.lock().is_some_and(|inner| !inner.taken.is_empty())
    }

    /// Puts back in front what was taken and not shown, for the turn's next try to take.
    pub fn put_back(&self, shown: impl Fn(&Steered) -> bool) {
        let Some(mut inner) = self.lock() else { return };
        let (shown, unseen): (Vec<_>, Vec<_>) = std::mem::take(&mut inner.taken).into_iter().partition(shown);
        inner.taken = shown;
        for steered in unseen.into_iter().rev() {
            inner.waiting.push_front(steered);
        }
    }

    /// Closes the box for good; answers with what was taken out of it, in order.
    pub fn close(&self) -> Vec<Steered> {
        let Some(mut inner) = self.lock() else { return Vec::new() };
        inner.closed = true;
        inner.waiting.clear();
        std::mem::take(&mut inner.taken)
    }

    fn lock(&self) -> Option<MutexGuard<'_, Inner>> {
        self.0.as_ref().map(|inner| inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Backlog, Entry, InboxId, RunId};

    fn steered(text: &str) -> Steered {
        let line = Entry {
            role: crate::message::Role::User,
            text: text.into(),
            media: Vec::new(),
            run: RunId::new(),
            at_ms: 0,
            rounds: Vec::new(),
        };
        Steered { id: InboxId::new(), line, backlog: Backlog::Answered }
    }

    #[test]
    fn what_was_taken_is_known_at_the_end_and_what_was_not_is_forgotten() {
        let turn = SteerBox::open(Vec::new());
        assert!(turn.put(steered("1")) && turn.put(steered("2")));
        assert_eq!(turn.take().iter().map(Steered::text).collect::<Vec<_>>(), ["1", "2"]);
        assert!(turn.take().is_empty());
        assert!(turn.put(steered("3")));
        assert_eq!(turn.clone().close().iter().map(Steered::text).collect::<Vec<_>>(), ["1", "2"]);
        assert!(!turn.put(steered("4")) && turn.take().is_empty(), "it is closed");
    }

    #[test]
    fn a_box_has_a_bound_and_the_usual_one_is_closed() {
        let turn = SteerBox::open(Vec::new());
        let taken = (0..STEERED_MAX + 3).filter(|number| turn.put(steered(&number.to_string()))).count();
        assert_eq!(taken, STEERED_MAX);
        assert!(!SteerBox::default().put(steered("1")));
    }
}
