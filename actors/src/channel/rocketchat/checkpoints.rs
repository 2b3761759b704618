//! Where reading stopped in each room, on the disk. Written behind the acknowledgements: what is written late is read twice, and
//! known by its id then.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};

use crate::channel::Cursors;
use crate::ports::StoreError;

/// Since when the account listens at all, milliseconds since 1970.
const SINCE: &str = "since";
/// The ids of people whom the settings name, JSON.
const NAMES: &str = "names";

/// Writes that are under way, with what they write.
pub(super) type Written = (BTreeMap<String, i64>, bool);

/// The checkpoints of one account during a link's life.
pub(super) struct Checkpoints {
    cursors: Cursors,
    dirty: BTreeMap<String, i64>,
    state: State,
}

/// Whether writes are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// As soon as there is something to write.
    Ready,
    /// Some are under way.
    Writing,
    /// The last ones failed: not before [`Checkpoints::try_again`].
    Failed,
}

impl Checkpoints {
    pub(super) const fn new(cursors: Cursors) -> Self {
        Self { cursors, dirty: BTreeMap::new(), state: State::Ready }
    }

    /// Returns since when the account listens: from now on, when it never did.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub(super) async fn since(&self, now_ms: i64) -> Result<i64, StoreError> {
        if let Some(since) = self.cursors.read(SINCE).await?.and_then(|text| text.parse().ok()) {
            return Ok(since);
        }
        self.cursors.write(SINCE, now_ms.to_string()).await?;
        Ok(now_ms)
    }

    /// Returns the ids of those names that are still wanted and were found before.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) async fn names(&self, wanted: &BTreeSet<String>) -> Result<BTreeMap<String, String>, StoreError> {
        let kept = self.cursors.read(NAMES).await?;
        let kept: BTreeMap<String, String> = kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Ok(kept.into_iter().filter(|(name, _)| wanted.contains(name)).collect())
    }

    /// Writes the ids of names.
    pub(super) fn keep_names(&self, names: &BTreeMap<String, String>) -> BoxFuture<'static, Result<(), StoreError>> {
        self.cursors.write(NAMES, serde_json::to_string(names).unwrap_or_default())
    }

    /// Returns a reader for where reading stopped in rooms, for a task of its own.
    pub(super) fn reader(&self) -> Reader {
        Reader(self.cursors.clone())
    }

    /// Records how far a room is done with.
    pub(super) fn done(&mut self, room: &str, at_ms: i64) {
        self.dirty.insert(room.to_owned(), at_ms);
    }

    /// Returns whether nothing waits to be written, or is.
    pub(super) fn is_idle(&self) -> bool {
        self.state != State::Writing && self.dirty.is_empty()
    }

    /// Returns the writes that are due; one at a time.
    pub(super) fn write(&mut self) -> Option<BoxFuture<'static, Written>> {
        if self.state != State::Ready || self.dirty.is_empty() {
            return None;
        }
        self.state = State::Writing;
        let batch = std::mem::take(&mut self.dirty);
        let writes: Vec<_> = batch.iter().map(|(room, at)| self.cursors.write(&room_name(room), at.to_string())).collect();
        Some(async move { (batch, join_all(writes).await.iter().all(Result::is_ok)) }.boxed())
    }

    /// Takes over what became of writes; those that failed are due again once that is said.
    pub(super) fn written(&mut self, (batch, done): Written) {
        self.state = if done { State::Ready } else { State::Failed };
        if !done {
            for (room, at_ms) in batch {
                self.dirty.entry(room).or_insert(at_ms);
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

/// Reads where reading stopped.
#[derive(Clone)]
pub(super) struct Reader(Cursors);

impl Reader {
    /// Returns where reading stopped in each room; `None` for one that was never read.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) async fn read(&self, rooms: &[String]) -> Result<Vec<Option<i64>>, StoreError> {
        let reads: Vec<_> = rooms.iter().map(|room| self.0.read(&room_name(room))).collect();
        let texts: Vec<Option<String>> = join_all(reads).await.into_iter().collect::<Result<_, _>>()?;
        Ok(texts.into_iter().map(|text| text.and_then(|text| text.parse().ok())).collect())
    }
}

fn room_name(room: &str) -> String {
    format!("room:{room}")
}
