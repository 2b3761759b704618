//! The gate that every turn passes: closed at shutdown, so that what runs can finish and what waits stays in its row.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::lanes::Lanes;

/// Counts the turns that run and lets no more begin once it is closed. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct TurnGate(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    closed: AtomicBool,
    running: AtomicUsize,
    left: Notify,
    lanes: Lanes,
}

impl TurnGate {
    /// Lets a turn begin; `None` when the gate is closed.
    #[must_use]
    pub fn enter(&self) -> Option<TurnPass> {
        // Counted before the look at the gate, so that whoever closes it sees this turn or keeps it out. Either side writes one
        // value and reads the other, so both need the one order that only `SeqCst` gives.
        self.0.running.fetch_add(1, Ordering::SeqCst);
        let pass = TurnPass(Arc::clone(&self.0));
        (!self.is_closed()).then_some(pass)
    }

    /// Lets no more turns begin.
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
    }

    /// Returns whether no more turns begin.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::SeqCst)
    }

    /// Returns how many turns run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.0.running.load(Ordering::SeqCst)
    }

    /// Returns the lanes that turns keep to.
    #[must_use]
    pub fn lanes(&self) -> &Lanes {
        &self.0.lanes
    }

    /// Waits until no turn runs.
    pub async fn emptied(&self) {
        loop {
            let left = self.0.left.notified();
            if self.running() == 0 {
                return;
            }
            left.await;
        }
    }
}

/// One running turn: it counts until this is dropped, however the turn ends.
#[derive(Debug)]
pub struct TurnPass(Arc<Inner>);

impl Drop for TurnPass {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.left.notify_waiters();
        }
    }
}
