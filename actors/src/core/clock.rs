//! The only source of time. Tests drive it by hand.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

/// Tells the time and waits. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Kind);

#[derive(Clone)]
enum Kind {
    System { start: Instant },
    Manual(Arc<Mutex<Manual>>),
}

struct Manual {
    unix_ms: i64,
    elapsed: Duration,
    next_waiter: u64,
    waiters: BinaryHeap<Reverse<Waiter>>,
}

struct Waiter {
    due: Duration,
    number: u64,
    wake: oneshot::Sender<()>,
}

impl PartialEq for Waiter {
    fn eq(&self, other: &Self) -> bool {
        (self.due, self.number) == (other.due, other.number)
    }
}

impl Eq for Waiter {}

impl PartialOrd for Waiter {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiter {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.number).cmp(&(other.due, other.number))
    }
}

impl Clock {
    /// Returns the machine's clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where everybody else's time comes from")]
    pub fn system() -> Self {
        Self(Kind::System { start: Instant::now() })
    }

    /// Returns a clock that stands still until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(unix_ms: i64) -> Self {
        Self(Kind::Manual(Arc::new(Mutex::new(Manual {
            unix_ms,
            elapsed: Duration::ZERO,
            next_waiter: 0,
            waiters: BinaryHeap::new(),
        }))))
    }

    /// Returns milliseconds since 1970. May jump, so it is for people and rows, never for a wait.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where everybody else's time comes from")]
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Kind::System { .. } => jiff::Timestamp::now().as_millisecond(),
            Kind::Manual(manual) => lock(manual).unix_ms,
        }
    }

    /// Returns the time since the clock was made. Never jumps.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Kind::System { start } => start.elapsed(),
            Kind::Manual(manual) => lock(manual).elapsed,
        }
    }

    /// Waits. A manual clock's wait ends when it has been moved that far.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where everybody else's time comes from")]
    pub fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        match &self.0 {
            Kind::System { .. } => Box::pin(tokio::time::sleep(wait)),
            Kind::Manual(manual) => {
                let (wake, woken) = oneshot::channel();
                let mut manual = lock(manual);
                let number = manual.next_waiter;
                manual.next_waiter += 1;
                let due = manual.elapsed.saturating_add(wait);
                manual.waiters.push(Reverse(Waiter { due, number, wake }));
                Box::pin(async move {
                    if woken.await.is_err() {
                        std::future::pending::<()>().await;
                    }
                })
            }
        }
    }

    /// Waits for a future, at most so long; `None` when the time was over first.
    pub async fn within<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = self.sleep(limit) => None,
        }
    }

    /// Moves a manual clock and ends the waits that are over by then, in their order; the machine's clock does not move.
    pub fn advance(&self, by: Duration) {
        let Kind::Manual(manual) = &self.0 else { return };
        let mut manual = lock(manual);
        manual.elapsed = manual.elapsed.saturating_add(by);
        manual.unix_ms = manual.unix_ms.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
        while manual.waiters.peek().is_some_and(|Reverse(waiter)| waiter.due <= manual.elapsed) {
            if let Some(Reverse(waiter)) = manual.waiters.pop() {
                // A waiter whose future was dropped needs no waking.
                let _ = waiter.wake.send(());
            }
        }
    }

    /// Tells whether time is moved by hand.
    #[must_use]
    pub fn is_manual(&self) -> bool {
        matches!(self.0, Kind::Manual(_))
    }

    /// Returns how many waits of a manual clock are still open, those of dropped futures left out; 0 for the machine's clock.
    #[must_use]
    pub fn waiters(&self) -> usize {
        match &self.0 {
            Kind::System { .. } => 0,
            Kind::Manual(manual) => lock(manual).waiters.iter().filter(|Reverse(waiter)| !waiter.wake.is_closed()).count(),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::System { .. } => "Clock::system",
            Kind::Manual(_) => "Clock::manual",
        })
    }
}

fn lock(manual: &Mutex<Manual>) -> MutexGuard<'_, Manual> {
    manual.lock().unwrap_or_else(PoisonError::into_inner)
}
