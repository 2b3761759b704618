//! The server's own rate limit, which holds for all calls of an agent: who was told to wait waits, and everybody with it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::core::Clock;

/// How long is waited where the server does not say.
const WAIT_UNSAID: Duration = Duration::from_secs(5);
/// The longest wait that is believed.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// Until when no call is made, on the clock.
#[derive(Debug, Default)]
pub(super) struct Limits(Mutex<Duration>);

impl Limits {
    /// Waits until a call may be made.
    pub(super) async fn wait(&self, clock: &Clock) {
        loop {
            let left = self.until().saturating_sub(clock.elapsed());
            if left.is_zero() {
                return;
            }
            clock.sleep(left).await;
        }
    }

    /// Lets no call be made for a while.
    pub(super) fn hold(&self, wait: Duration, clock: &Clock) {
        let until = clock.elapsed() + wait.min(WAIT_MAX);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = (*held).max(until);
    }

    fn until(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns how long an answer asks to wait: seconds, or a date by the server's own clock.
pub(super) fn told(headers: &HeaderMap, clock: &Clock) -> Duration {
    let said = headers.get(RETRY_AFTER).and_then(|said| said.to_str().ok()).map(str::trim);
    let seconds = said.and_then(|said| said.parse::<f64>().ok()).filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
    let wait = match (seconds, said) {
        (Some(seconds), _) => Duration::try_from_secs_f64(seconds).unwrap_or(WAIT_MAX),
        (None, Some(date)) => until(date, headers, clock).unwrap_or(WAIT_UNSAID),
        (None, None) => WAIT_UNSAID,
    };
    wait.min(WAIT_MAX)
}

fn until(date: &str, headers: &HeaderMap, clock: &Clock) -> Option<Duration> {
    let at_ms = |date: &str| Some(jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_millisecond());
    let now = headers.get(reqwest::header::DATE).and_then(|date| date.to_str().ok()).and_then(at_ms);
    let wait_ms = at_ms(date)?.saturating_sub(now.unwrap_or_else(|| clock.now_ms()));
    Some(Duration::from_millis(wait_ms.max(0).unsigned_abs()))
}
