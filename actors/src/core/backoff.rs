//! Growing waits between tries.

use std::time::Duration;

use rand::RngExt as _;

/// How waits grow: doubling from `base` to `max`, each spread by `jitter`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The first wait.
    pub base: Duration,
    /// The longest wait, before jitter.
    pub max: Duration,
    /// How far a wait is spread to either side, as a share of it, 0 to 1.
    pub jitter: f64,
}

impl Backoff {
    /// Returns the wait before a try, `failures` counting the failures in a row before it, from 1.
    #[must_use]
    pub fn wait(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let grown = self.base.saturating_mul(1 << doublings).min(self.max);
        let spread = rand::rng().random_range(-1.0..=1.0) * self.jitter.clamp(0.0, 1.0);
        Duration::try_from_secs_f64(grown.as_secs_f64() * (1.0 + spread)).unwrap_or(grown)
    }
}
