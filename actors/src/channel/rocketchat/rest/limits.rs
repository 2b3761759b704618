//! The server's own rate limits, as its answers tell them: ten calls a minute and route, unless the user may bypass them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName};

use crate::core::Clock;

/// How long is waited where the server does not say.
const WAIT_UNSAID: Duration = Duration::from_secs(10);
/// The longest wait that is believed.
const WAIT_MAX: Duration = Duration::from_secs(300);
/// A short wait beyond what is told, since the server counts in whole milliseconds of its own.
const WAIT_MORE: Duration = Duration::from_millis(50);
/// How many routes are remembered; a further one goes unlimited until the server says otherwise.
const ROUTES_MAX: usize = 64;

const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What is known of one route, on the clock.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// How many calls are left until then.
    left: u64,
    /// When there are new ones.
    until: Duration,
}

/// What is known of every route.
#[derive(Debug, Default)]
pub(super) struct Limits(Mutex<HashMap<String, Known>>);

impl Limits {
    /// Waits until a call may be made, and counts it.
    pub(super) async fn wait(&self, route: &str, clock: &Clock) {
        while let Some(wait) = self.take(route, clock.elapsed()) {
            clock.sleep(wait).await;
        }
    }

    /// Returns how long to wait so that the calls that are left, but for some, last until there are new ones.
    pub(super) fn pace(&self, route: &str, spared: u64, now: Duration) -> Duration {
        let known = self.known().get(route).copied().filter(|known| known.until > now);
        let Some(Known { left, until }) = known else { return Duration::ZERO };
        let rest = until.saturating_sub(now);
        match u32::try_from(left.saturating_sub(spared)) {
            Ok(0) => rest,
            Ok(left) => rest / left,
            Err(_) => Duration::ZERO,
        }
    }

    /// Counts a call that may be made now; else returns how long it has to wait.
    pub(super) fn take(&self, route: &str, now: Duration) -> Option<Duration> {
        let mut known = self.known();
        let route_known = known.get_mut(route)?;
        if route_known.until <= now {
            known.remove(route);
            return None;
        }
        if route_known.left == 0 {
            return Some(route_known.until.saturating_sub(now) + WAIT_MORE);
        }
        route_known.left -= 1;
        None
    }

    /// Lets no call of a route be made for a while.
    pub(super) fn hold(&self, route: &str, wait: Duration, clock: &Clock) {
        self.set(route, Known { left: 0, until: clock.elapsed() + wait.min(WAIT_MAX) });
    }

    /// Takes over what an answer tells. Several calls may be under way, so what is left only sinks.
    pub(super) fn note(&self, route: &str, headers: &HeaderMap, clock: &Clock) {
        let (Some(left), Some(wait)) = (number(headers, &REMAINING), until_reset(headers, clock)) else { return };
        let now = clock.elapsed();
        let before = self.known().get(route).filter(|known| known.until > now).map(|known| known.left);
        let left = u64::try_from(left).unwrap_or(0);
        self.set(route, Known { left: before.map_or(left, |before| before.min(left)), until: now + wait });
    }

    fn set(&self, route: &str, new: Known) {
        let mut known = self.known();
        if known.len() < ROUTES_MAX || known.contains_key(route) {
            known.insert(route.to_owned(), new);
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns how long a 429 asks to wait: by its text, which is a span of time; else by its headers, which name a moment of the
/// server's own clock.
pub(super) fn told(text: &str, headers: &HeaderMap, clock: &Clock) -> Duration {
    let span =
        seconds_in(text).map(Duration::from_secs).or_else(|| number(headers, &reqwest::header::RETRY_AFTER).map(seconds));
    span.or_else(|| until_reset(headers, clock)).unwrap_or(WAIT_UNSAID).min(WAIT_MAX)
}

fn seconds(number: i64) -> Duration {
    Duration::from_secs(number.max(0).unsigned_abs())
}

/// Returns how long it is to the reset, by the server's clock where the answer tells it.
fn until_reset(headers: &HeaderMap, clock: &Clock) -> Option<Duration> {
    let reset_ms = number(headers, &RESET)?;
    let date = headers.get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
    let server_ms = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|at| at.timestamp().as_millisecond());
    let wait_ms = reset_ms.saturating_sub(server_ms.unwrap_or_else(|| clock.now_ms()));
    let wait = Duration::from_millis(wait_ms.max(0).unsigned_abs());
    Some(wait.min(Duration::from_secs(60)))
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<i64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Returns the number that stands before `second` in a text, as in "You must wait 36 seconds".
fn seconds_in(text: &str) -> Option<u64> {
    let (before, _) = text.split_once(" second")?;
    before.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests;
