//! Where reading stopped in each place, on the disk.

use serde::{Deserialize, Serialize};

use super::place::Place;
use crate::channel::Cursors;
use crate::channel::late_cursors::LateCursors;
use crate::ports::StoreError;

/// When the places were last listed, by the server's clock, milliseconds since 1970.
const LISTED: &str = "listed";

/// Where reading stopped in one place. Moments are the server's, milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Since when it is listened to: what was written before is none of ours.
    #[serde(rename = "first")]
    pub(super) first_ms: i64,
    /// The number of the last event of a session that is done with; `None` while there was none.
    #[serde(default)]
    pub(super) cursor: Option<u64>,
    /// When the newest message was written that is done with.
    #[serde(default, rename = "done")]
    pub(super) done_ms: Option<i64>,
    /// When the place was forgotten, since no list had it any more.
    #[serde(default, rename = "gone", skip_serializing_if = "Option::is_none")]
    pub(super) gone_ms: Option<i64>,
}

/// How long the mark of a place that is gone counts, milliseconds: one that comes back sooner is read from there; later, what was said
/// in between is history.
const GONE_KEPT_MS: i64 = 24 * 3_600_000;

impl Mark {
    /// Returns the mark of a place that nothing was read of.
    pub(super) const fn first(first_ms: i64) -> Self {
        Self { first_ms, cursor: None, done_ms: None, gone_ms: None }
    }
}

/// The marks of one account during a link's life.
pub(super) struct Marks {
    cursors: Cursors,
    /// Those that are to be written.
    pub(super) late: LateCursors,
}

impl Marks {
    pub(super) fn new(cursors: Cursors) -> Self {
        Self { late: LateCursors::new(cursors.clone()), cursors }
    }

    /// Returns a clerk for what is kept, for a task of its own.
    pub(super) fn clerk(&self) -> Clerk {
        Clerk(self.cursors.clone())
    }

    /// Records where reading a place stopped.
    pub(super) fn set(&mut self, place: &Place, mark: Mark) {
        self.late.set(name(place), text(&mark));
    }
}

/// Reads and begins marks.
#[derive(Clone)]
pub(super) struct Clerk(Cursors);

impl Clerk {
    /// Returns when the places were last listed; `None` where they never were.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) async fn listed(&self) -> Result<Option<i64>, StoreError> {
        Ok(self.0.read(LISTED).await?.and_then(|text| text.parse().ok()))
    }

    /// Records when the places were listed. To be said after their marks are kept: what is new at the next listing was not there.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(super) async fn keep_listed(&self, at_ms: i64) -> Result<(), StoreError> {
        self.0.write(LISTED, at_ms.to_string()).await
    }

    /// Returns the mark of a place; one that has none, or was gone for long, gets one, which is on the disk when this answers. `now_ms` is
    /// the server's.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub(super) async fn mark(&self, place: &Place, first: Mark, now_ms: i64) -> Result<Mark, StoreError> {
        let name = name(place);
        let kept: Option<Mark> = self.0.read(&name).await?.and_then(|text| serde_json::from_str(&text).ok());
        let mark = match kept {
            Some(mark) if mark.gone_ms.is_none() => return Ok(mark),
            Some(mark) if mark.gone_ms.is_some_and(|gone_ms| now_ms.saturating_sub(gone_ms) < GONE_KEPT_MS) => {
                Mark { gone_ms: None, ..mark }
            }
            Some(_) | None => first,
        };
        self.0.write(&name, text(&mark)).await?;
        Ok(mark)
    }
}

fn name(place: &Place) -> String {
    let sort = if place.is_session() { "session" } else { "panel" };
    format!("{sort}:{}", place.id)
}

fn text(mark: &Mark) -> String {
    serde_json::to_string(mark).unwrap_or_default()
}
