//! Cursors that are written behind the acknowledgements, one batch at a time: what is written late is read twice, and known by its
//! id then.

use std::collections::BTreeMap;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};

use super::cursors::Cursors;

/// Writes that are over, with what they wrote and whether it is on the disk.
pub(super) type Written = (BTreeMap<String, String>, bool);

/// The cursors of one account that change during a link's life. Of one that changes again before it is written the newest counts, so
/// that no more wait than there are places.
pub(super) struct LateCursors {
    cursors: Cursors,
    dirty: BTreeMap<String, String>,
    state: State,
}

/// Whether writes are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// As soon as there is something to write.
    Ready,
    /// Some are under way.
    Writing,
    /// The last ones failed: not before [`LateCursors::try_again`].
    Failed,
}

impl LateCursors {
    /// Returns those of an account; nothing waits.
    pub(super) const fn new(cursors: Cursors) -> Self {
        Self { cursors, dirty: BTreeMap::new(), state: State::Ready }
    }

    /// Records what a cursor says from now on.
    pub(super) fn set(&mut self, name: String, value: String) {
        self.dirty.insert(name, value);
    }

    /// Returns whether nothing waits to be written, or is.
    pub(super) fn is_idle(&self) -> bool {
        self.state != State::Writing && self.dirty.is_empty()
    }

    /// Returns the writes that are due; one batch at a time.
    pub(super) fn write(&mut self) -> Option<BoxFuture<'static, Written>> {
        if self.state != State::Ready || self.dirty.is_empty() {
            return None;
        }
        self.state = State::Writing;
        let batch = std::mem::take(&mut self.dirty);
        let writes: Vec<_> = batch.iter().map(|(name, value)| self.cursors.write(name, value.clone())).collect();
        Some(async move { (batch, join_all(writes).await.iter().all(Result::is_ok)) }.boxed())
    }

    /// Takes over what became of writes; those that failed are due again once that is said.
    pub(super) fn written(&mut self, (batch, done): Written) {
        self.state = if done { State::Ready } else { State::Failed };
        if !done {
            for (name, value) in batch {
                self.dirty.entry(name).or_insert(value);
            }
        }
    }

    /// Says that writes which failed may be tried again.
    pub(super) fn try_again(&mut self) {
        if self.state == State::Failed {
            self.state = State::Ready;
        }
    }
}
