//! A store that may not be open yet: the port is served first, the store is opened beside it.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use callboard_actors::message::{
    AccountKey, Activation, BegunRound, BlobId, ChatRef, Code, Entry, InboxId, OutboxId, Receipt, SessionKey, ToolResult, Usage,
};
use callboard_actors::ports::{
    Accept, Accepted, Answer, Attempt, Compacted, Context, CrashCount, DeadLetter, DeadLetterId, DeviceRow, InboxFate,
    InboxRow, NewOutbox, OutboxNote, OutboxRow, OutboxState, Page, Pairing, PairingOutcome, PairingRequest, Queued, SendOrder,
    SessionName, SessionRow, Store, StoreError, StoreHealth, Summary, TurnOutcome, UsageDay, UsageQuery, UsageSums,
};
use serde_json::{Map, Value};

/// Passes everything on to the store once there is one; until then every request is answered `Unavailable`.
#[derive(Default)]
pub struct LateStore(OnceLock<Arc<dyn Store>>);

impl LateStore {
    /// Puts the store in its place; only the first call counts.
    pub fn arrive(&self, store: Arc<dyn Store>) {
        let _ = self.0.set(store);
    }
}

fn opening<T: Send + 'static>() -> Answer<T> {
    Box::pin(std::future::ready(Err(StoreError::Unavailable { reason: "the store is being opened".into() })))
}

/// Writes the methods that pass a request on and its answer back.
macro_rules! pass_on {
    ($($name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($arg: $type),*) -> Answer<$answer> {
            self.0.get().map_or_else(opening, |store| store.$name($($arg),*))
        })*
    };
}

impl Store for LateStore {
    pass_on! {
        accept(batch: Vec<Accept>) -> Vec<Accepted>;
        begin_turn(session: SessionKey, limit: usize) -> Vec<InboxRow>;
        waiting_rows(session: SessionKey, behind: u64, limit: usize) -> Vec<(u64, InboxRow)>;
        take_rows(session: SessionKey, take: Vec<InboxId>, drop: Vec<(InboxId, &'static str)>) -> Vec<InboxId>;
        finish_turn(outcome: TurnOutcome, next: usize) -> Vec<InboxRow>;
        begin_round(row: InboxId, round: usize, calls: BegunRound) -> ();
        finish_call(row: InboxId, round: usize, call: usize, result: ToolResult) -> ();
        say(row: InboxId, number: usize, words: String, payloads: Vec<NewOutbox>) -> ();
        reopen_inbox(session: SessionKey, crash: CrashCount) -> usize;
        bury_inbox(id: InboxId, code: Code, reason: String) -> ();
        sessions_with_open_rows() -> Vec<SessionKey>;
        enqueue_all(rows: Vec<NewOutbox>) -> Vec<Queued>;
        begin_send(account: AccountKey, limit: usize, order: SendOrder) -> Vec<OutboxRow>;
        fail_send(id: OutboxId, attempt: Attempt) -> ();
        reopen_outbox(account: AccountKey, crash: CrashCount) -> usize;
        next_due(account: AccountKey) -> Option<i64>;
        outbox_state(id: OutboxId) -> Option<OutboxState>;
        outbox_note(id: OutboxId) -> Option<OutboxNote>;
        owes(account: AccountKey, chat: ChatRef) -> bool;
        sent_as(account: AccountKey, platform_id: String) -> Option<OutboxId>;
        media_in_use() -> HashSet<BlobId>;
        history(session: SessionKey, limit: usize) -> Vec<Entry>;
        context(session: SessionKey, limit: usize) -> Context;
        summarise(session: SessionKey, summary: Summary) -> SessionRow;
        transcript(session: SessionKey, behind: u64, limit: usize) -> Vec<(u64, Entry)>;
        sessions(limit: usize) -> Vec<SessionRow>;
        session(session: SessionKey) -> Option<SessionRow>;
        find_session(name: SessionName) -> Option<SessionRow>;
        activations() -> Vec<(SessionKey, Activation)>;
        patch_session(session: SessionKey, patch: Map<String, Value>) -> SessionRow;
        reset_session(session: SessionKey) -> (SessionRow, Vec<Entry>);
        delete_session(session: SessionKey) -> Option<Vec<Entry>>;
        compact_session(session: SessionKey, keep: usize) -> Compacted;
        open_rows(limit: usize) -> Vec<(SessionKey, u64)>;
        usage_sums(query: UsageQuery) -> UsageSums;
        usage_days(from: i64) -> Vec<UsageDay>;
        inbox_fate(account: AccountKey, platform_id: String) -> Option<InboxFate>;
        devices() -> Vec<DeviceRow>;
        put_device(device: DeviceRow) -> ();
        remove_device(id: String) -> ();
        dead_letters(after: Option<DeadLetterId>, limit: usize) -> Page<DeadLetter>;
        retry_dead_letter(id: DeadLetterId) -> DeadLetter;
        discard_dead_letter(id: DeadLetterId) -> DeadLetter;
        request_pairing(request: PairingRequest) -> PairingOutcome;
        pairings(now_ms: i64) -> Vec<Pairing>;
        approve_pairing(channel: String, code: String, notice: String, now_ms: i64) -> Option<Pairing>;
        reject_pairing(channel: String, code: String, now_ms: i64) -> Option<Pairing>;
        allowed_peers(account: AccountKey) -> Vec<String>;
        allow_peer(account: AccountKey, peer: String, now_ms: i64) -> bool;
        forget_peer(account: AccountKey, peer: String) -> bool;
        cursor(name: String) -> Option<String>;
        set_cursor(name: String, value: String) -> ();
        claim(name: String, holder: String, until_ms: i64) -> u64;
        flush() -> ();
    }

    fn confirm_send(&self, confirmed: Vec<(OutboxId, Receipt)>) {
        if let Some(store) = self.0.get() {
            store.confirm_send(confirmed);
        }
    }

    fn append_transcript(&self, session: SessionKey, entries: Vec<Entry>, usage: Usage) {
        if let Some(store) = self.0.get() {
            store.append_transcript(session, entries, usage);
        }
    }

    fn health(&self) -> StoreHealth {
        self.0.get().map_or_else(
            || StoreHealth {
                trouble: Some((Code::Unavailable, "the store is being opened".into())),
                inbox_open: 0,
                outbox_open: 0,
            },
            |store| store.health(),
        )
    }
}
