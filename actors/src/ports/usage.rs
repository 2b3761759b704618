//! What turns cost: day by day, and session by session.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SessionRow;
use crate::message::{Entry, Role, SessionKey, Usage};

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3_600_000;

/// How many agents with how many channels are told apart in a sum; what more there are is summed under [`USAGE_OTHER`].
pub const USAGE_GROUPS_MAX: usize = 1_000;

/// The agent and the channel of a sum of all that are not told apart; no agent and no channel has this name.
pub const USAGE_OTHER: &str = "(other)";

/// What the turns of one day used, over all sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageDay {
    /// Days since 1970, in UTC.
    pub day: i64,
    /// What was counted; each count stops at `i64::MAX`.
    pub usage: Usage,
    /// How many answers counted something. What a summary used, or a try that failed, is no answer and counted in `usage` alone.
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

    /// Returns what is added to its day with lines of a transcript; `None` where nothing was counted.
    #[must_use]
    pub fn of_lines(at_ms: i64, usage: Usage, lines: UsedBy) -> Option<Self> {
        let counted = usage.read() > 0 || usage.output > 0 || usage.cost_nanos > 0;
        let turns = u64::from(lines == UsedBy::Answer);
        let unpriced = if usage.cost_nanos == 0 { turns } else { 0 };
        counted.then(|| Self { day: Self::of(at_ms), usage, turns, unpriced })
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

/// What was used for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsedBy {
    /// An answer, which has a line in the transcript.
    Answer,
    /// Something else: a piece of a summary, a try that failed.
    Other,
}

impl UsedBy {
    /// Returns what lines were used for that are written down together.
    #[must_use]
    pub fn of(lines: &[Entry]) -> Self {
        if lines.iter().any(|line| line.role == Role::Assistant) { Self::Answer } else { Self::Other }
    }
}

/// Which sessions are summed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageQuery {
    /// Only those of this agent, as keys spell it.
    pub agent: Option<String>,
    /// Only those that changed on this day or later, days since 1970 in UTC.
    pub first_day: i64,
    /// Only those that changed on this day or before.
    pub last_day: i64,
    /// How many of the newest are told of, beside the sums of all.
    pub rows_max: usize,
}

impl UsageQuery {
    /// Returns whether a session is one of those.
    #[must_use]
    pub fn has(&self, key: &SessionKey, updated_ms: i64) -> bool {
        (self.first_day..=self.last_day).contains(&UsageDay::of(updated_ms))
            && self.agent.as_deref().is_none_or(|agent| key.agent() == Some(agent))
    }

    /// Returns the first and the last moment of its days, milliseconds since 1970.
    #[must_use]
    pub fn span_ms(&self) -> (i64, i64) {
        let end = self.last_day.saturating_add(1).saturating_mul(DAY_MS).saturating_sub(1);
        (self.first_day.saturating_mul(DAY_MS), end)
    }
}

/// What sessions used since their last reset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UsageSums {
    /// The sums of all of them by agent and channel, in order; at most [`USAGE_GROUPS_MAX`] and one.
    pub groups: BTreeMap<UsageGroup, UsageSum>,
    /// The newest of them.
    pub rows: Vec<SessionRow>,
}

/// Whose sum it is. A session without an agent or without a place where its answers go has an empty name; those that are not told apart
/// have [`USAGE_OTHER`] for both.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageGroup {
    /// The agent.
    pub agent: String,
    /// The channel to which their answers went last.
    pub channel: String,
}

/// What several sessions used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageSum {
    /// How many they are.
    pub sessions: u64,
    /// What was counted; each count ends where a number does.
    pub usage: Usage,
    /// How many of them used tokens and cost nothing: whether their turns had a price is not kept.
    pub unpriced: u64,
}

impl UsageSum {
    /// Returns the sum of two.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            sessions: self.sessions.saturating_add(other.sessions),
            usage: self.usage.plus(other.usage),
            unpriced: self.unpriced.saturating_add(other.unpriced),
        }
    }
}

impl UsageSums {
    /// Adds what a session used.
    pub fn add(&mut self, key: &SessionKey, channel: Option<&str>, usage: Usage) {
        let group =
            UsageGroup { agent: key.agent().unwrap_or_default().to_owned(), channel: channel.unwrap_or_default().to_owned() };
        let has_room = self.groups.len() < USAGE_GROUPS_MAX || self.groups.contains_key(&group);
        let other = || UsageGroup { agent: USAGE_OTHER.to_owned(), channel: USAGE_OTHER.to_owned() };
        let sum = self.groups.entry(if has_room { group } else { other() }).or_default();
        let unpriced = u64::from(usage.total() > 0 && usage.cost_nanos == 0);
        *sum = sum.plus(UsageSum { sessions: 1, usage, unpriced });
    }

    /// Adds what a session used, and tells of it.
    pub fn add_row(&mut self, row: SessionRow) {
        let channel = row.reply_to.as_ref().map(|target| target.account.channel());
        self.add(&row.key, channel, row.usage);
        self.rows.push(row);
    }

    /// Returns the sum of all groups.
    #[must_use]
    pub fn total(&self) -> UsageSum {
        self.groups.values().fold(UsageSum::default(), |sum, group| sum.plus(*group))
    }

    /// Returns the sums by what `name` takes of each group.
    #[must_use]
    pub fn by(&self, name: fn(&UsageGroup) -> &str) -> BTreeMap<&str, UsageSum> {
        let mut sums: BTreeMap<&str, UsageSum> = BTreeMap::new();
        for (group, sum) in &self.groups {
            let known = sums.entry(name(group)).or_default();
            *known = known.plus(*sum);
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_told_apart_is_summed_under_a_name_that_nobody_has() {
        let mut sums = UsageSums::default();
        for number in 0..USAGE_GROUPS_MAX + 5 {
            sums.add(&SessionKey::new(&format!("agent:a{number}:main")), None, Usage::tokens(1, 0));
        }
        sums.add(&SessionKey::new("agent:a0:main"), None, Usage::tokens(1, 0));
        assert_eq!(sums.groups.len(), USAGE_GROUPS_MAX + 1);
        let by_agent = sums.by(|group| &group.agent);
        assert_eq!((by_agent[USAGE_OTHER].sessions, by_agent["a0"].sessions), (5, 2));
        assert_eq!(sums.by(|group| &group.channel)[USAGE_OTHER].sessions, 5, "not those without a channel");
    }
}
