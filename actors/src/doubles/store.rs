//! A store that does not answer, or answers that it could not.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Map, Value};
use tokio::sync::oneshot;

use crate::core::Clock;
use crate::message::{
    AccountKey, Activation, BegunRound, BlobId, ChatRef, Code, Entry, InboxId, OutboxId, Receipt, SessionKey, ToolResult, Usage,
};
use crate::ports::memory::MemoryStore;
use crate::ports::{
    Accept, Accepted, Answer, Attempt, Compacted, Context, CrashCount, DeadLetter, DeadLetterId, DeviceRow, InboxFate,
    InboxRow, NewOutbox, OutboxNote, OutboxRow, OutboxState, Page, Pairing, PairingOutcome, PairingRequest, Queued, SendOrder,
    SessionName, SessionRow, Store, StoreError, StoreHealth, Summary, TurnOutcome, UsageDay, UsageQuery, UsageSums,
};

/// How a request goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is not done.
    Fails,
    /// It is done, and its answer is lost.
    IsLate,
}

impl Trouble {
    /// All there are.
    pub(crate) const ALL: [Self; 2] = [Self::Fails, Self::IsLate];
}

/// The store in memory behind a bad line; requests go by the names of their methods.
pub(crate) struct ShakyStore {
    pub(crate) inner: Arc<MemoryStore>,
    rules: Mutex<Rules>,
}

#[derive(Default)]
struct Rules {
    failing: HashSet<&'static str>,
    lost: HashSet<&'static str>,
    failing_once: HashSet<&'static str>,
    held: HashMap<&'static str, oneshot::Receiver<()>>,
    asked: HashMap<&'static str, usize>,
}

impl ShakyStore {
    pub(crate) fn new(clock: &Clock) -> Arc<Self> {
        Arc::new(Self { inner: MemoryStore::new(clock), rules: Mutex::default() })
    }

    /// Has every such request fail, until it is mended.
    pub(crate) fn fail(&self, request: &'static str) {
        self.rules().failing.insert(request);
    }

    pub(crate) fn mend(&self, request: &'static str) {
        self.rules().failing.remove(request);
    }

    /// Has the next such request fail.
    pub(crate) fn fail_once(&self, request: &'static str) {
        self.rules().failing_once.insert(request);
    }

    /// Has the next such request done, and its answer lost.
    pub(crate) fn lose_answer(&self, request: &'static str) {
        self.rules().lost.insert(request);
    }

    /// Has the next such request go wrong.
    pub(crate) fn trouble(&self, how: Trouble, request: &'static str) {
        match how {
            Trouble::Fails => self.fail_once(request),
            Trouble::IsLate => self.lose_answer(request),
        }
    }

    /// Has the next such request done at once, and answered when what is returned is dropped.
    pub(crate) fn hold_answer(&self, request: &'static str) -> oneshot::Sender<()> {
        let (open, gate) = oneshot::channel();
        self.rules().held.insert(request, gate);
        open
    }

    /// Returns how often such a request was made.
    pub(crate) fn asked(&self, request: &'static str) -> usize {
        self.rules().asked.get(request).copied().unwrap_or_default()
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap()
    }

    fn fails(&self, request: &'static str) -> bool {
        let mut rules = self.rules();
        *rules.asked.entry(request).or_default() += 1;
        rules.failing.contains(request) || rules.failing_once.remove(request)
    }

    fn pass<T: Send + 'static>(&self, request: &'static str, work: impl FnOnce(&MemoryStore) -> Answer<T>) -> Answer<T> {
        if self.fails(request) {
            return Box::pin(std::future::ready(Err(StoreError::Unavailable { reason: "the line is bad".into() })));
        }
        let answer = work(&self.inner);
        if let Some(gate) = self.rules().held.remove(request) {
            return Box::pin(async move {
                let _ = gate.await;
                answer.await
            });
        }
        if self.rules().lost.remove(request) { Box::pin(std::future::pending()) } else { answer }
    }
}

macro_rules! passed_on {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($argument: $type),*) -> Answer<$answer> {
            self.pass(stringify!($name), |store| store.$name($($argument),*))
        })*
    };
}

impl Store for ShakyStore {
    passed_on! {
        fn accept(batch: Vec<Accept>) -> Vec<Accepted>;
        fn begin_turn(session: SessionKey, limit: usize) -> Vec<InboxRow>;
        fn waiting_rows(session: SessionKey, behind: u64, limit: usize) -> Vec<(u64, InboxRow)>;
        fn take_rows(session: SessionKey, take: Vec<InboxId>, drop: Vec<(InboxId, &'static str)>) -> Vec<InboxId>;
        fn finish_turn(outcome: TurnOutcome, next: usize) -> Vec<InboxRow>;
        fn begin_round(row: InboxId, round: usize, calls: BegunRound) -> ();
        fn finish_call(row: InboxId, round: usize, call: usize, result: ToolResult) -> ();
        fn say(row: InboxId, number: usize, words: String, payloads: Vec<NewOutbox>) -> ();
        fn note_draft(row: InboxId) -> ();
        fn reopen_inbox(session: SessionKey, crash: CrashCount) -> usize;
        fn bury_inbox(id: InboxId, code: Code, reason: String) -> ();
        fn sessions_with_open_rows() -> Vec<SessionKey>;
        fn enqueue_all(rows: Vec<NewOutbox>) -> Vec<Queued>;
        fn begin_send(account: AccountKey, limit: usize, order: SendOrder) -> Vec<OutboxRow>;
        fn fail_send(id: OutboxId, attempt: Attempt) -> ();
        fn reopen_outbox(account: AccountKey, crash: CrashCount) -> usize;
        fn next_due(account: AccountKey) -> Option<i64>;
        fn outbox_state(id: OutboxId) -> Option<OutboxState>;
        fn outbox_note(id: OutboxId) -> Option<OutboxNote>;
        fn owes(account: AccountKey, chat: ChatRef) -> bool;
        fn sent_as(account: AccountKey, platform_id: String) -> Option<OutboxId>;
        fn media_in_use() -> HashSet<BlobId>;
        fn history(session: SessionKey, limit: usize) -> Vec<Entry>;
        fn context(session: SessionKey, limit: usize) -> Context;
        fn summarise(session: SessionKey, summary: Summary) -> SessionRow;
        fn transcript(session: SessionKey, behind: u64, limit: usize) -> Vec<(u64, Entry)>;
        fn sessions(limit: usize) -> Vec<SessionRow>;
        fn session(session: SessionKey) -> Option<SessionRow>;
        fn find_session(name: SessionName) -> Option<SessionRow>;
        fn activations() -> Vec<(SessionKey, Activation)>;
        fn patch_session(session: SessionKey, patch: Map<String, Value>) -> SessionRow;
        fn reset_session(session: SessionKey) -> (SessionRow, Vec<Entry>);
        fn delete_session(session: SessionKey) -> Option<Vec<Entry>>;
        fn compact_session(session: SessionKey, keep: usize) -> Compacted;
        fn open_rows(limit: usize) -> Vec<(SessionKey, u64)>;
        fn usage_sums(query: UsageQuery) -> UsageSums;
        fn usage_days(from: i64) -> Vec<UsageDay>;
        fn inbox_fate(account: AccountKey, platform_id: String) -> Option<InboxFate>;
        fn devices() -> Vec<DeviceRow>;
        fn put_device(device: DeviceRow) -> ();
        fn remove_device(id: String) -> ();
        fn dead_letters(after: Option<DeadLetterId>, limit: usize) -> Page<DeadLetter>;
        fn retry_dead_letter(id: DeadLetterId) -> DeadLetter;
        fn discard_dead_letter(id: DeadLetterId) -> DeadLetter;
        fn request_pairing(request: PairingRequest) -> PairingOutcome;
        fn pairings(now_ms: i64) -> Vec<Pairing>;
        fn approve_pairing(channel: String, code: String, notice: String, now_ms: i64) -> Option<Pairing>;
        fn reject_pairing(channel: String, code: String, now_ms: i64) -> Option<Pairing>;
        fn allowed_peers(account: AccountKey) -> Vec<String>;
        fn allow_peer(account: AccountKey, peer: String, now_ms: i64) -> bool;
        fn forget_peer(account: AccountKey, peer: String) -> bool;
        fn cursor(name: String) -> Option<String>;
        fn set_cursor(name: String, value: String) -> ();
        fn claim(name: String, holder: String, until_ms: i64) -> u64;
        fn flush() -> ();
    }

    fn confirm_send(&self, confirmed: Vec<(OutboxId, Receipt)>) {
        if !self.fails("confirm_send") {
            self.inner.confirm_send(confirmed);
        }
    }

    fn append_transcript(&self, session: SessionKey, entries: Vec<Entry>, usage: Usage) {
        if !self.fails("append_transcript") {
            self.inner.append_transcript(session, entries, usage);
        }
    }

    fn health(&self) -> StoreHealth {
        self.inner.health()
    }
}
