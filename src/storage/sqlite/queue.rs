//! The writer's queue. It outlives the writer: what nobody waits for is still in it when the next writer starts.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use callboard_actors::ports::StoreError;

use super::request::Request;

/// How many requests that nobody waits for are kept while the disk takes no write; above, the oldest is given up with a log line.
const NOTES_MAX: usize = 65_536;

type Item = Box<dyn Request>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A writer takes from it.
    Open,
    /// The writer has died and not been started again.
    Orphaned,
    /// The store is going down: what is in it is still done.
    Closed,
}

struct Inner {
    state: State,
    /// Notes of a commit that failed; they go first with the next one.
    held: VecDeque<Item>,
    items: VecDeque<Item>,
}

/// Requests in order of submission. Its bound is the room that callers take before they submit, and [`NOTES_MAX`].
pub(super) struct Queue {
    inner: Mutex<Inner>,
    filled: Condvar,
}

impl Queue {
    /// Returns an empty queue.
    pub(super) fn new() -> Self {
        let inner = Inner { state: State::Open, held: VecDeque::new(), items: VecDeque::new() };
        Self { inner: Mutex::new(inner), filled: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Submits; what cannot be taken is answered at once.
    pub(super) fn push(&self, item: Item) {
        let mut inner = self.lock();
        let refused = match inner.state {
            State::Open => {
                inner.items.push_back(item);
                None
            }
            State::Orphaned if item.is_note() => {
                inner.held.push_back(item);
                bound(&mut inner.held).map(|oldest| (oldest, writer_gone()))
            }
            State::Orphaned => Some((item, writer_gone())),
            State::Closed => Some((item, StoreError::Closed)),
        };
        drop(inner);
        match refused {
            None => self.filled.notify_one(),
            Some((item, error)) => item.answer(Err(error)),
        }
    }

    /// Waits for requests and moves at most `max` into the batch, in order; false when the queue is closed and empty.
    pub(super) fn take(&self, max: usize, batch: &mut Vec<Item>) -> bool {
        let mut inner = self.lock();
        // Also while it is orphaned: a writer that has just been started is there before the queue is given to it.
        while inner.items.is_empty() && inner.state != State::Closed {
            inner = self.filled.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        let Inner { held, items, .. } = &mut *inner;
        let first = held.len().min(max);
        batch.extend(held.drain(..first));
        // What came later must not overtake what is still held.
        let then = if held.is_empty() { items.len().min(max - first) } else { 0 };
        batch.extend(items.drain(..then));
        !batch.is_empty()
    }

    /// Puts notes of a failed commit back in front, in their order.
    pub(super) fn hold(&self, notes: Vec<Item>) {
        let mut inner = self.lock();
        for note in notes.into_iter().rev() {
            inner.held.push_front(note);
        }
        let mut given_up = Vec::new();
        while let Some(oldest) = bound(&mut inner.held) {
            given_up.push(oldest);
        }
        // A closed queue has no next commit to hope for.
        if inner.state == State::Closed {
            given_up.extend(inner.held.drain(..));
        }
        drop(inner);
        for note in given_up {
            note.answer(Err(StoreError::Unavailable { reason: "the disk took no write for too long".into() }));
        }
    }

    /// Records that the writer died: those who wait are answered, notes stay for the next writer.
    pub(super) fn orphan(&self) {
        let mut inner = self.lock();
        if inner.state == State::Open {
            inner.state = State::Orphaned;
        }
        let waiting = std::mem::take(&mut inner.items);
        let (notes, calls): (VecDeque<_>, VecDeque<_>) = waiting.into_iter().partition(|item| item.is_note());
        inner.held.extend(notes);
        drop(inner);
        for call in calls {
            call.answer(Err(writer_gone()));
        }
    }

    /// Lets a new writer take from it.
    pub(super) fn adopt(&self) {
        let mut inner = self.lock();
        if inner.state == State::Orphaned {
            inner.state = State::Open;
        }
    }

    /// Takes no more; what is in it is still done.
    pub(super) fn close(&self) {
        self.lock().state = State::Closed;
        self.filled.notify_all();
    }

    /// Returns whether it takes no more.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().state == State::Closed
    }

    /// Returns how many requests wait.
    pub(super) fn depth(&self) -> usize {
        let inner = self.lock();
        inner.items.len() + inner.held.len()
    }
}

/// What a caller hears while there is no writer.
pub(super) fn writer_gone() -> StoreError {
    StoreError::Unavailable { reason: "the writer has stopped and is being started again".into() }
}

fn bound(held: &mut VecDeque<Item>) -> Option<Item> {
    if held.len() > NOTES_MAX { held.pop_front() } else { None }
}
