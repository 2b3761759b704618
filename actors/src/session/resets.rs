//! When a session begins anew by itself: a pure function of the settings, of when it last spoke, and of now.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::sending::SessionKind;

/// When a session begins anew; the earlier of the two counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResetPolicy {
    /// At this hour of each day, local time, 0 to 23.
    pub daily_at: Option<i8>,
    /// When it has said nothing for so long.
    pub idle: Option<Duration>,
}

/// The settings of resets. By default no session begins anew by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetRules {
    /// What holds where nothing else is said (`session.reset`).
    pub usual: ResetPolicy,
    /// For direct chats (`session.resetByType.dm`).
    pub direct: Option<ResetPolicy>,
    /// For groups and rooms (`session.resetByType.group`).
    pub group: Option<ResetPolicy>,
    /// For threads (`session.resetByType.thread`).
    pub thread: Option<ResetPolicy>,
    /// For single integrations, by their kind in lower case; counts before all others (`session.resetByChannel`).
    pub by_channel: BTreeMap<String, ResetPolicy>,
    /// Where the day begins.
    pub zone: TimeZone,
}

impl Default for ResetRules {
    fn default() -> Self {
        Self {
            usual: ResetPolicy::default(),
            direct: None,
            group: None,
            thread: None,
            by_channel: BTreeMap::new(),
            zone: TimeZone::UTC,
        }
    }
}

impl ResetRules {
    /// Returns whether a session that spoke last then begins anew now.
    #[must_use]
    pub fn is_due(&self, channel: &str, kind: SessionKind, last_ms: i64, now_ms: i64) -> bool {
        let by_kind = match kind {
            SessionKind::Direct => self.direct,
            SessionKind::Group | SessionKind::Channel => self.group,
            SessionKind::Thread => self.thread,
        };
        let policy = self.by_channel.get(channel).copied().or(by_kind).unwrap_or(self.usual);
        let idle = policy.idle.is_some_and(|idle| {
            let silent = u128::from(now_ms.saturating_sub(last_ms).max(0).unsigned_abs());
            silent >= idle.as_millis()
        });
        idle || policy.daily_at.and_then(|hour| self.day_began(hour, now_ms)).is_some_and(|began_ms| last_ms < began_ms)
    }

    /// Returns when the hour was last struck; `None` for a time or an hour that no calendar has.
    fn day_began(&self, hour: i8, now_ms: i64) -> Option<i64> {
        let now = Timestamp::from_millisecond(now_ms).ok()?.to_zoned(self.zone.clone());
        let today = now.start_of_day().ok()?.with().hour(hour).build().ok()?;
        let struck = if today <= now { today } else { today.checked_sub(1.day()).ok()? };
        Some(struck.timestamp().as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn a_session_begins_anew_at_its_hour_or_after_its_silence() {
        let daily = ResetPolicy { daily_at: Some(4), idle: None };
        let idle = ResetPolicy { daily_at: None, idle: Some(Duration::from_secs(3_600)) };
        let both = ResetPolicy { idle: idle.idle, ..daily };
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        // The policy, when it spoke last, now, whether it begins anew.
        let cases = [
            (ResetPolicy::default(), "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", false),
            // 04:00 here is 02:00 there.
            (daily, "2026-01-01T01:59:59Z", "2026-01-01T02:00:00Z", true),
            (daily, "2026-01-01T02:00:00Z", "2026-01-02T01:59:59Z", false),
            (daily, "2026-01-01T02:00:00Z", "2026-01-02T02:00:00Z", true),
            (daily, "2025-12-31T23:00:00Z", "2026-01-01T01:00:00Z", false),
            (idle, "2026-01-01T00:00:00Z", "2026-01-01T00:59:59Z", false),
            (idle, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", true),
            (both, "2026-01-01T01:30:00Z", "2026-01-01T02:00:00Z", true),
            (both, "2026-01-01T02:00:00Z", "2026-01-01T03:00:00Z", true),
            (both, "2026-01-01T02:00:00Z", "2026-01-01T02:59:00Z", false),
            // A clock that was set back resets nothing.
            (both, "2026-01-02T00:00:00Z", "2026-01-01T12:00:00Z", false),
        ];
        for (usual, last, now, expected) in cases {
            let rules = ResetRules { usual, zone: zone.clone(), ..ResetRules::default() };
            assert_eq!(rules.is_due("chat", SessionKind::Direct, at(last), at(now)), expected, "{usual:?} {last} {now}");
        }
    }

    #[test]
    fn an_integrations_word_goes_before_that_of_the_kind_and_that_before_the_usual() {
        let idle = |secs| ResetPolicy { daily_at: None, idle: Some(Duration::from_secs(secs)) };
        let rules = ResetRules {
            usual: idle(10),
            group: Some(idle(20)),
            by_channel: [("chat".to_owned(), idle(30))].into(),
            ..ResetRules::default()
        };
        let due = |channel, kind, secs: i64| rules.is_due(channel, kind, 0, secs * 1_000);
        assert!(due("other", SessionKind::Direct, 10) && due("other", SessionKind::Thread, 10));
        assert!(!due("other", SessionKind::Channel, 19) && due("other", SessionKind::Group, 20));
        assert!(!due("chat", SessionKind::Group, 29) && due("chat", SessionKind::Direct, 30));
    }

    #[test]
    fn the_hour_that_a_day_skips_does_not_reset_twice() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let rules = ResetRules { usual: ResetPolicy { daily_at: Some(2), idle: None }, zone, ..ResetRules::default() };
        // On 2026-03-29 it is 03:00 at once after 01:59.
        let due = |last, now| rules.is_due("chat", SessionKind::Direct, at(last), at(now));
        assert!(due("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"));
        assert!(!due("2026-03-29T01:30:00Z", "2026-03-29T20:00:00Z"));
    }
}
