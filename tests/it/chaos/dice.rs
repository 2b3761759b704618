//! Chance that can be played again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A generator (SplitMix64) whose run depends on its seed and on no library's version.
pub(super) struct Dice(u64);

impl Dice {
    /// Takes the seed from `CALLBOARD_TEST_SEED`, else from the clock, and prints it.
    pub(super) fn from_env(test: &str) -> Self {
        let given = std::env::var("CALLBOARD_TEST_SEED").ok().map(|seed| seed.parse().expect("a whole number as seed"));
        let seed = given.unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
            since.as_micros() as u64
        });
        eprintln!("{test}: CALLBOARD_TEST_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below the bound.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Returns a time shorter than this many milliseconds.
    pub(super) fn within_ms(&mut self, bound: usize) -> Duration {
        Duration::from_micros(self.below(bound * 1000) as u64)
    }

    /// Returns this many numbers between the ends, in rising order.
    pub(super) fn moments(&mut self, count: usize, from: usize, to: usize) -> Vec<usize> {
        let mut moments: Vec<_> = (0..count).map(|_| from + self.below(to - from)).collect();
        moments.sort_unstable();
        moments
    }
}
