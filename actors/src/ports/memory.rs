//! A store that keeps everything in memory, for tests of the actors. It keeps the same promises as the durable one, which
//! one suite of tests holds both to; it is naive on purpose, so that it can be read.

mod deadletters;
mod inbox;
mod outbox;
mod pairing;
mod port;
mod sessions;
mod state;
mod steps;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Answer, StoreError, StoreLimits};
use crate::core::Clock;
use state::State;

/// Work that nobody waits for.
type Note = Box<dyn FnOnce(&mut State) + Send>;

/// The store in memory.
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    disk: Disk,
    /// What nobody waits for, kept while writes fail.
    held: Vec<Note>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Disk {
    Good,
    Failing,
}

impl MemoryStore {
    /// Returns an empty store with the default bounds.
    #[must_use]
    pub fn new(clock: &Clock) -> Arc<Self> {
        Self::with_limits(clock, StoreLimits::default())
    }

    /// Returns an empty store.
    #[must_use]
    pub fn with_limits(clock: &Clock, limits: StoreLimits) -> Arc<Self> {
        let state = State::new(clock.clone(), limits);
        Arc::new(Self { inner: Mutex::new(Inner { state, disk: Disk::Good, held: Vec::new() }) })
    }

    /// Makes every write fail as on a full disk, until [`MemoryStore::mend`].
    pub fn fail_writes(&self) {
        self.lock().disk = Disk::Failing;
    }

    /// Ends [`MemoryStore::fail_writes`] and does what nobody waited for meanwhile.
    pub fn mend(&self) {
        let mut inner = self.lock();
        inner.disk = Disk::Good;
        for note in std::mem::take(&mut inner.held) {
            note(&mut inner.state);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does a write now; the answer is ready at once.
    fn write<T: Send + 'static>(&self, work: impl FnOnce(&mut State) -> Result<T, StoreError>) -> Answer<T> {
        let mut inner = self.lock();
        let answer = match inner.disk {
            Disk::Good => work(&mut inner.state),
            Disk::Failing => Err(StoreError::Unavailable { reason: "the disk is full".into() }),
        };
        Box::pin(std::future::ready(answer))
    }

    fn note(&self, work: impl FnOnce(&mut State) + Send + 'static) {
        let mut inner = self.lock();
        match inner.disk {
            Disk::Good => work(&mut inner.state),
            Disk::Failing => inner.held.push(Box::new(work)),
        }
    }

    fn read<T: Send + 'static>(&self, work: impl FnOnce(&State) -> Result<T, StoreError>) -> Answer<T> {
        Box::pin(std::future::ready(work(&self.lock().state)))
    }
}

#[cfg(test)]
mod tests;
