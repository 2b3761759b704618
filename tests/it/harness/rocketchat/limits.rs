//! How many calls a route takes in a window, as the real server counts them.

use std::collections::BTreeMap;

/// The bound of every route.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// Calls in a window.
    pub calls: u64,
    /// How long the window is, ms.
    pub window_ms: i64,
}

/// What the headers of an answer say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Calls in a window.
    pub limit: u64,
    /// Calls that are left in this one.
    pub remaining: u64,
    /// When the next one begins, ms since 1970 by the server's clock.
    pub reset_ms: i64,
    /// Whether this call was within the bound.
    pub verdict: Verdict,
}

/// Whether a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Within,
    /// It came too early.
    Over,
}

/// The counters. Without a bound the caller has the permission to go around them, and no header says anything.
#[derive(Debug, Default)]
pub struct Limits {
    /// The bound, if there is one.
    pub bound: Option<Bound>,
    windows: BTreeMap<String, (i64, u64)>,
}

impl Limits {
    /// Counts a call to a route at this time; `None` without a bound.
    pub fn count(&mut self, route: &str, now_ms: i64) -> Option<Standing> {
        let bound = self.bound?;
        let window = self.windows.entry(route.to_owned()).or_insert((now_ms, 0));
        if now_ms - window.0 >= bound.window_ms {
            *window = (now_ms, 0);
        }
        let verdict = if window.1 < bound.calls { Verdict::Within } else { Verdict::Over };
        window.1 += u64::from(verdict == Verdict::Within);
        let (remaining, reset_ms) = (bound.calls - window.1, window.0 + bound.window_ms);
        Some(Standing { limit: bound.calls, remaining, reset_ms, verdict })
    }
}
