//! What a store promises, as tests that every implementation is held to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "this is test code")]

mod deadletters;
mod inbox;
pub mod make;
mod media;
mod outbox;
mod pairing;
mod sessions;
mod small;
mod steps;
mod transcripts;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Store, StoreLimits};
use crate::core::Clock;

/// When every case begins, milliseconds since 1970.
pub const START_MS: i64 = 1_800_000_000_000;

/// A fresh store and its clock.
struct Bench {
    store: Arc<dyn Store>,
    clock: Clock,
}

impl Bench {
    fn pass(&self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
    }
}

/// One promise: its sentence, the bounds that it needs, and the test.
struct Case {
    says: &'static str,
    limits: StoreLimits,
    test: fn(Bench) -> BoxFuture<'static, ()>,
}

/// Holds a store to every promise; `open` returns a fresh one each time.
///
/// # Panics
/// A promise is broken; the output names it.
pub async fn run<S: Store>(open: impl Fn(StoreLimits, &Clock) -> Arc<S>) {
    let cases = [
        inbox::cases(),
        outbox::cases(),
        deadletters::cases(),
        pairing::cases(),
        sessions::cases(),
        transcripts::cases(),
        small::cases(),
        media::cases(),
        steps::cases(),
    ];
    for case in cases.into_iter().flatten() {
        println!("a store {}", case.says);
        let clock = Clock::manual(START_MS);
        (case.test)(Bench { store: open(case.limits, &clock), clock }).await;
    }
}

/// Returns a promise that holds with the default bounds.
fn case(says: &'static str, test: fn(Bench) -> BoxFuture<'static, ()>) -> Case {
    Case { says, limits: StoreLimits::default(), test }
}
