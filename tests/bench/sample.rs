//! Many measurements of one thing.

use std::time::Duration;

/// Durations, sorted when they are asked about.
#[derive(Clone, Debug, Default)]
pub struct Sample(Vec<Duration>);

impl Sample {
    /// Adds one.
    pub fn add(&mut self, value: Duration) {
        self.0.push(value);
    }

    /// Adds all of another.
    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the value that so many of a hundred do not exceed, milliseconds.
    pub fn percentile_ms(&mut self, percent: f64) -> f64 {
        assert!(!self.0.is_empty(), "nothing was measured");
        self.0.sort_unstable();
        let rank = (percent / 100.0 * self.0.len() as f64).ceil() as usize;
        self.0[rank.clamp(1, self.0.len()) - 1].as_secs_f64() * 1000.0
    }
}

/// Returns the middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    assert!(!values.is_empty(), "nothing was measured");
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
