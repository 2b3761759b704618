//! Where reading stopped in each room, on the disk.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{BoxFuture, join_all};

use crate::channel::Cursors;
use crate::channel::late_cursors::LateCursors;
use crate::ports::StoreError;

/// Since when the account listens at all, milliseconds since 1970.
const SINCE: &str = "since";
/// The ids of people whom the settings name, JSON.
const NAMES: &str = "names";

/// The checkpoints of one account during a link's life.
pub(super) struct Checkpoints {
    cursors: Cursors,
    /// Those that are to be written.
    pub(super) late: LateCursors,
}

impl Checkpoints {
    pub(super) fn new(cursors: Cursors) -> Self {
        Self { late: LateCursors::new(cursors.clone()), cursors }
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
        self.late.set(room_name(room), at_ms.to_string());
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
