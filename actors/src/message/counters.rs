//! What is counted for the metrics page, shared by whoever counts and whoever shows.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};

use super::AccountKey;

/// A number that only grows; it starts at 0 with the process.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn inc(&self) {
        self.add(1);
    }

    /// Adds.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    /// Returns the number.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// What is counted for one account. Held by its channel actor, so that counting takes no lock.
#[derive(Debug, Default)]
pub struct AccountCounters {
    /// Messages that got an inbox row.
    pub inbound_accepted: Counter,
    /// Messages that had a row already.
    pub inbound_duplicate: Counter,
    /// Messages that policy let go no further.
    pub inbound_dropped: Counter,
    /// Frames that could not be read.
    pub inbound_bad: Counter,
    /// Payloads that the platform confirmed.
    pub outbound_sent: Counter,
    /// Attempts to send that failed and are made again.
    pub outbound_retried: Counter,
    /// Payloads that were given up: dead letters.
    pub outbound_dead: Counter,
    /// Payloads that were begun, never confirmed and sent again: the platform may have seen them twice.
    pub outbox_resent: Counter,
    /// Marks of messages that were taken in that were left out, or that the platform did not take.
    pub marks_dropped: Counter,
    /// Links made after the first.
    pub reconnects: Counter,
    /// Changes of the way by which messages come, the first of each link included.
    pub way_changes: Counter,
}

/// What is counted over all sessions.
#[derive(Debug, Default)]
pub struct TurnCounters {
    /// Turns that ended with a whole answer.
    pub answered: Counter,
    /// Turns that ended without one.
    pub failed: Counter,
    /// Turns that were aborted, by hand or because their client was gone.
    pub aborted: Counter,
    /// Turns that were run again after a crash.
    pub again: Counter,
    /// Commands that were carried out.
    pub commands: Counter,
    /// Messages that were ended without an answer, because too many waited or a stop came behind them.
    pub dropped: Counter,
    /// Messages that were handed to a running turn.
    pub steered: Counter,
}

/// All that is counted.
#[derive(Debug, Default)]
pub struct Counters {
    /// Of sessions.
    pub turns: TurnCounters,
    accounts: RwLock<BTreeMap<AccountKey, Arc<AccountCounters>>>,
}

impl Counters {
    /// Returns an account's counters, the same ones over all its restarts. There are as many as accounts were ever configured.
    #[must_use]
    pub fn account(&self, key: &AccountKey) -> Arc<AccountCounters> {
        if let Some(found) = self.accounts.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Arc::clone(found);
        }
        Arc::clone(self.accounts.write().unwrap_or_else(PoisonError::into_inner).entry(key.clone()).or_default())
    }

    /// Returns every account's counters, in the order of their keys.
    #[must_use]
    pub fn accounts(&self) -> Vec<(AccountKey, Arc<AccountCounters>)> {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        accounts.iter().map(|(key, counters)| (key.clone(), Arc::clone(counters))).collect()
    }
}
