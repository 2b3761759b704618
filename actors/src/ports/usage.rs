//! What turns cost, day by day.

use serde::{Deserialize, Serialize};

use crate::message::Usage;

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3_600_000;

/// What the turns of one day used, over all sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageDay {
    /// Days since 1970, in UTC.
    pub day: i64,
    /// What was counted; each count stops at `i64::MAX`.
    pub usage: Usage,
    /// How many turns counted something.
    pub turns: u64,
    /// Those among them that cost nothing, as far as is known: their model has no price.
    pub unpriced: u64,
}

impl UsageDay {
    /// Returns the day of a time, milliseconds since 1970.
    #[must_use]
    pub const fn of(at_ms: i64) -> i64 {
        at_ms.div_euclid(DAY_MS)
    }

    /// Returns what one turn adds to its day; `None` for one that counted nothing.
    #[must_use]
    pub fn turn(at_ms: i64, usage: Usage) -> Option<Self> {
        let counted = usage.read() > 0 || usage.output > 0 || usage.cost_nanos > 0;
        let unpriced = u64::from(usage.cost_nanos == 0);
        counted.then(|| Self { day: Self::of(at_ms), usage, turns: 1, unpriced })
    }

    /// Returns the sum of two, under the day of the first.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            day: self.day,
            usage: self.usage.plus(other.usage).within(i64::MAX.unsigned_abs()),
            turns: self.turns.saturating_add(other.turns),
            unpriced: self.unpriced.saturating_add(other.unpriced),
        }
    }
}
