//! Rows that wait for others of their chat: which of them are answered now. A pure function of the rows and the time, so that a
//! restart changes nothing about it.

use std::collections::HashSet;
use std::time::Duration;

use super::plan::{Sort, Waiting, is_same_place};
use crate::message::{Ends, Hold, Route};
use crate::ports::InboxRow;

/// What is to be done about rows that wait for others.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::session) enum Held {
    /// To answer these, all of one place.
    Now(Vec<InboxRow>),
    /// To answer first what waits for nothing.
    Others,
    /// To wait so long, at the most.
    Later(Duration),
    /// There is nothing at all.
    Nothing,
}

/// Returns how a row waits; `None` for one that waits for nothing, as a command or an order.
pub(in crate::session) fn hold(waiting: &Waiting) -> Option<Hold> {
    waiting.row.inbound.hold.filter(|_| waiting.sort == Sort::Message)
}

/// Looks at rows in the order of their arrival. What waits in one place keeps no other place out.
pub(in crate::session) fn held(waiting: &[Waiting], now_ms: i64) -> Held {
    let mut looked_at: HashSet<&Route> = HashSet::new();
    let mut soonest: Option<Duration> = None;
    for (at, next) in waiting.iter().enumerate() {
        let Some(first) = hold(next) else { return Held::Others };
        let route = &next.row.inbound.route;
        if looked_at.iter().any(|known| is_same_place(known, route)) {
            continue;
        }
        looked_at.insert(route);
        let behind = waiting.iter().skip(at).filter(|other| is_same_place(&other.row.inbound.route, route));
        let group: Vec<(&Waiting, Hold)> = behind.filter_map(|other| Some((other, hold(other)?))).collect();
        let ended = group.iter().rposition(|(_, hold)| hold.ends == Ends::Now);
        let due_ms = due_ms(first, group.last().map_or(first, |(_, last)| *last));
        let count = match ended {
            Some(last) => last + 1,
            // A clock that was set back would have them wait for as long as that.
            None if due_ms <= now_ms || first.since_ms > now_ms => group.len(),
            None => {
                let wait = Duration::from_millis(due_ms.saturating_sub(now_ms).unsigned_abs());
                soonest = Some(soonest.map_or(wait, |soonest| soonest.min(wait)));
                continue;
            }
        };
        return Held::Now(group.into_iter().take(count).map(|(waiting, _)| waiting.row.clone()).collect());
    }
    soonest.map_or(Held::Nothing, Held::Later)
}

/// Returns when rows are answered of which nothing ends the waiting: after the quiet, and not later than the first can bear.
fn due_ms(first: Hold, last: Hold) -> i64 {
    let quiet_ms = last.since_ms.saturating_add_unsigned(last.quiet_ms);
    quiet_ms.min(first.since_ms.saturating_add_unsigned(first.longest_ms))
}
