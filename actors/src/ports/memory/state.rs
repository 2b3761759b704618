//! What the store in memory holds.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::core::Clock;
use crate::message::{AccountKey, BegunRound, ChatRef, Inbound, InboxId, SessionKey, Target, TraceId};
use crate::ports::{DeadLetter, Drafted, NewOutbox, Pairing, StoreError, StoreLimits, UsageDay};

use super::sessions::Known;

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Waiting,
    Begun,
    Done,
    Dead,
    Discarded,
}

impl Stand {
    /// Returns whether the row still has to be answered or sent.
    pub(super) const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Begun)
    }
}

/// A row of the inbox.
pub(super) struct In {
    pub id: InboxId,
    pub seq: u64,
    pub session: SessionKey,
    pub stand: Stand,
    pub attempts: u32,
    pub crashes: u32,
    pub inbound: Inbound,
    /// The rounds of tools that its turn has had.
    pub steps: Vec<BegunRound>,
    /// What was sent of its answer so far.
    pub said: Vec<String>,
    /// Whether a draft of its answer may be shown.
    pub drafted: Drafted,
}

/// A row of the outbox.
pub(super) struct Out {
    pub seq: u64,
    pub stand: Stand,
    pub attempts: u32,
    pub crashes: u32,
    pub resent: bool,
    pub due_ms: i64,
    pub created_ms: i64,
    pub row: NewOutbox,
    pub receipt: Option<String>,
}

/// An open request to be let in.
pub(super) struct Asked {
    pub target: Target,
    pub trace: TraceId,
    pub created_ms: i64,
    pub expires_ms: i64,
    pub shown: Pairing,
}

/// Who holds a lease.
pub(super) struct Lease {
    pub holder: String,
    pub epoch: u64,
    pub until_ms: i64,
}

/// Everything; rows stand in order of place.
pub(super) struct State {
    pub clock: Clock,
    pub limits: StoreLimits,
    pub inbox: BTreeMap<u64, In>,
    pub outbox: BTreeMap<u64, Out>,
    /// Accounts whose last sending was one row per chat at a time.
    pub one_per_chat: HashSet<AccountKey>,
    /// Oldest first.
    pub letters: Vec<DeadLetter>,
    pub asked: Vec<Asked>,
    pub allowed: BTreeSet<(AccountKey, String)>,
    pub sessions: HashMap<SessionKey, Known>,
    /// How many sessions were ever made.
    pub sessions_made: usize,
    /// Bodies by id.
    pub devices: BTreeMap<String, String>,
    pub cursors: HashMap<String, String>,
    /// What turns used, by day.
    pub usage_days: BTreeMap<i64, UsageDay>,
    pub leases: HashMap<String, Lease>,
    place: u64,
    inbox_seqs: HashMap<(AccountKey, ChatRef), u64>,
    outbox_seqs: HashMap<(AccountKey, ChatRef), u64>,
}

impl State {
    pub(super) fn new(clock: Clock, limits: StoreLimits) -> Self {
        Self {
            clock,
            limits,
            inbox: BTreeMap::new(),
            outbox: BTreeMap::new(),
            one_per_chat: HashSet::new(),
            letters: Vec::new(),
            asked: Vec::new(),
            allowed: BTreeSet::new(),
            sessions: HashMap::new(),
            sessions_made: 0,
            devices: BTreeMap::new(),
            cursors: HashMap::new(),
            usage_days: BTreeMap::new(),
            leases: HashMap::new(),
            place: 0,
            inbox_seqs: HashMap::new(),
            outbox_seqs: HashMap::new(),
        }
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    pub(super) const fn next_place(&mut self) -> u64 {
        self.place += 1;
        self.place
    }

    pub(super) fn next_inbox_seq(&mut self, account: &AccountKey, chat: &ChatRef) -> u64 {
        next(&mut self.inbox_seqs, account, chat)
    }

    pub(super) fn next_outbox_seq(&mut self, account: &AccountKey, chat: &ChatRef) -> u64 {
        next(&mut self.outbox_seqs, account, chat)
    }

    pub(super) fn inbox_open(&self) -> u64 {
        self.inbox.values().filter(|row| row.stand.is_open()).count() as u64
    }

    pub(super) fn outbox_open(&self) -> u64 {
        self.outbox.values().filter(|row| row.stand.is_open()).count() as u64
    }

    pub(super) fn claim(&mut self, name: String, holder: String, until_ms: i64) -> Result<u64, StoreError> {
        let now_ms = self.now_ms();
        let epoch = match self.leases.get(&name) {
            None => 1,
            Some(lease) if lease.holder == holder => lease.epoch,
            Some(lease) if lease.until_ms <= now_ms => lease.epoch + 1,
            Some(lease) => return Err(missing(format!("lease {name} is held by {}", lease.holder))),
        };
        self.leases.insert(name, Lease { holder, epoch, until_ms });
        Ok(epoch)
    }
}

fn next(seqs: &mut HashMap<(AccountKey, ChatRef), u64>, account: &AccountKey, chat: &ChatRef) -> u64 {
    let seq = seqs.entry((account.clone(), chat.clone())).or_default();
    *seq += 1;
    *seq
}

/// Names what is not there.
pub(super) fn missing(what: impl Into<String>) -> StoreError {
    StoreError::Missing { what: what.into() }
}
