//! What the status lists show of a channel account, kept apart from its actor so that it outlives a crash.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::marks::Marks;
use super::speakers::Speakers;
use crate::message::{AccountKey, LinkState, LinkStatus};

/// What is known of one account's link. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Where the link stands.
    pub status: LinkStatus,
    /// Failed tries since it last stood.
    pub reconnect_attempts: u32,
    /// When the account's actor was last started.
    pub last_start_ms: Option<i64>,
    /// When it was last stopped.
    pub last_stop_ms: Option<i64>,
    /// When the link last came up.
    pub last_connected_ms: Option<i64>,
    /// When the link last dropped.
    pub last_disconnect_ms: Option<i64>,
    /// When the last message came in.
    pub last_inbound_ms: Option<i64>,
    /// When the platform last confirmed one.
    pub last_outbound_ms: Option<i64>,
    /// What the last failure said.
    pub last_error: Option<String>,
    /// By which way messages come, where the platform has several and the link is up.
    pub way: Option<&'static str>,
    /// How many messages went no further, by the reason's name. As many as reasons are known.
    pub dropped: BTreeMap<&'static str, u64>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            status: LinkStatus::plain(LinkState::Down),
            reconnect_attempts: 0,
            last_start_ms: None,
            last_stop_ms: None,
            last_connected_ms: None,
            last_disconnect_ms: None,
            last_inbound_ms: None,
            last_outbound_ms: None,
            last_error: None,
            way: None,
            dropped: BTreeMap::new(),
        }
    }
}

/// The facts of one account, with the wishes that others have of its actor. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Desk(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    facts: Mutex<Facts>,
    speakers: Speakers,
    marks: Marks,
    approvals_changed: AtomicBool,
    lives: AtomicU64,
}

impl Desk {
    /// Returns the facts of this moment.
    #[must_use]
    pub fn facts(&self) -> Facts {
        self.lock().clone()
    }

    /// Returns what its turns have to say before their end.
    pub(super) fn speakers(&self) -> &Speakers {
        &self.0.speakers
    }

    /// Returns the marks that come off once their messages are answered.
    pub(super) fn marks(&self) -> &Marks {
        &self.0.marks
    }

    /// Says that the list of approved peers has changed; the actor reads it when it is next woken.
    pub fn approvals_changed(&self) {
        self.0.approvals_changed.store(true, Ordering::Release);
    }

    /// Returns whether the list of approved peers is to be read again, once.
    pub(super) fn take_approvals_changed(&self) -> bool {
        self.0.approvals_changed.swap(false, Ordering::AcqRel)
    }

    /// Returns a number for a link's life that no earlier one had, not even before a crash.
    pub(super) fn next_life(&self) -> u64 {
        self.0.lives.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts messages that go no further.
    pub(super) fn dropped(&self, reason: &'static str, count: u64) {
        self.update(|facts| *facts.dropped.entry(reason).or_default() += count);
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, Facts> {
        self.0.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The desks of all accounts.
#[derive(Debug, Default)]
pub struct Desks(Mutex<BTreeMap<AccountKey, Desk>>);

impl Desks {
    /// Returns an account's desk, a fresh one at the first time.
    #[must_use]
    pub fn desk(&self, account: &AccountKey) -> Desk {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(account.clone()).or_default().clone()
    }

    /// Forgets an account that is configured no more.
    pub fn remove(&self, account: &AccountKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(account);
    }
}
