//! The port, each outcome done at once.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::message::{
    AccountKey, Activation, BegunRound, BlobId, ChatRef, Code, Entry, InboxId, OutboxId, Receipt, SessionKey, ToolResult, Usage,
};
use crate::ports::{
    Accept, Accepted, Answer, Attempt, Compacted, Context, CrashCount, DeadLetter, DeadLetterId, DeviceRow, InboxFate,
    InboxRow, NewOutbox, OutboxNote, OutboxRow, OutboxState, Page, Pairing, PairingOutcome, PairingRequest, Queued, SendOrder,
    SessionName, SessionRow, Store, StoreHealth, Summary, TurnOutcome, UsageDay, UsageQuery, UsageSums,
};

use super::{Disk, MemoryStore};

impl Store for MemoryStore {
    fn accept(&self, batch: Vec<Accept>) -> Answer<Vec<Accepted>> {
        self.write(|state| state.accept(batch))
    }

    fn begin_turn(&self, session: SessionKey, limit: usize) -> Answer<Vec<InboxRow>> {
        self.write(|state| Ok(state.begin_turn(&session, limit)))
    }

    fn waiting_rows(&self, session: SessionKey, behind: u64, limit: usize) -> Answer<Vec<(u64, InboxRow)>> {
        self.read(|state| Ok(state.waiting_rows(&session, behind, limit)))
    }

    fn take_rows(&self, session: SessionKey, take: Vec<InboxId>, drop: Vec<(InboxId, &'static str)>) -> Answer<Vec<InboxId>> {
        self.write(|state| Ok(state.take_rows(&session, &take, &drop)))
    }

    fn finish_turn(&self, outcome: TurnOutcome, next: usize) -> Answer<Vec<InboxRow>> {
        self.write(|state| state.finish_turn(outcome, next))
    }

    fn begin_round(&self, row: InboxId, round: usize, calls: BegunRound) -> Answer<()> {
        self.write(|state| state.begin_round(row, round, calls))
    }

    fn finish_call(&self, row: InboxId, round: usize, call: usize, result: ToolResult) -> Answer<()> {
        self.write(|state| state.finish_call(row, round, call, result))
    }

    fn say(&self, row: InboxId, number: usize, words: String, payloads: Vec<NewOutbox>) -> Answer<()> {
        self.write(|state| state.say(row, number, words, payloads))
    }

    fn reopen_inbox(&self, session: SessionKey, crash: CrashCount) -> Answer<usize> {
        self.write(|state| Ok(state.reopen_inbox(&session, crash)))
    }

    fn bury_inbox(&self, id: InboxId, code: Code, reason: String) -> Answer<()> {
        self.write(|state| state.bury_inbox(id, code, reason))
    }

    fn sessions_with_open_rows(&self) -> Answer<Vec<SessionKey>> {
        self.read(|state| Ok(state.sessions_with_open_rows()))
    }

    fn enqueue_all(&self, rows: Vec<NewOutbox>) -> Answer<Vec<Queued>> {
        self.write(|state| state.enqueue(rows))
    }

    fn begin_send(&self, account: AccountKey, limit: usize, order: SendOrder) -> Answer<Vec<OutboxRow>> {
        self.write(|state| Ok(state.begin_send(&account, limit, order)))
    }

    fn confirm_send(&self, confirmed: Vec<(OutboxId, Receipt)>) {
        self.note(move |state| confirmed.into_iter().for_each(|(id, receipt)| state.confirm(id, receipt)));
    }

    fn fail_send(&self, id: OutboxId, attempt: Attempt) -> Answer<()> {
        self.write(|state| state.fail_send(id, attempt))
    }

    fn reopen_outbox(&self, account: AccountKey, crash: CrashCount) -> Answer<usize> {
        self.write(|state| Ok(state.reopen_outbox(&account, crash)))
    }

    fn next_due(&self, account: AccountKey) -> Answer<Option<i64>> {
        self.read(|state| Ok(state.next_due(&account)))
    }

    fn outbox_state(&self, id: OutboxId) -> Answer<Option<OutboxState>> {
        self.read(|state| Ok(state.outbox_state(id)))
    }

    fn outbox_note(&self, id: OutboxId) -> Answer<Option<OutboxNote>> {
        self.read(|state| Ok(state.outbox_note(id)))
    }

    fn owes(&self, account: AccountKey, chat: ChatRef) -> Answer<bool> {
        self.read(|state| Ok(state.owes(&account, &chat)))
    }

    fn sent_as(&self, account: AccountKey, platform_id: String) -> Answer<Option<OutboxId>> {
        self.read(|state| Ok(state.sent_as(&account, &platform_id)))
    }

    fn media_in_use(&self) -> Answer<HashSet<BlobId>> {
        self.read(|state| Ok(state.media_in_use()))
    }

    fn history(&self, session: SessionKey, limit: usize) -> Answer<Vec<Entry>> {
        self.read(|state| Ok(state.history(&session, limit)))
    }

    fn transcript(&self, session: SessionKey, behind: u64, limit: usize) -> Answer<Vec<(u64, Entry)>> {
        self.read(|state| Ok(state.transcript(&session, behind, limit)))
    }

    fn append_transcript(&self, session: SessionKey, entries: Vec<Entry>, usage: Usage) {
        self.note(move |state| {
            state.append(&session, entries, usage);
        });
    }

    fn sessions(&self, limit: usize) -> Answer<Vec<SessionRow>> {
        self.read(|state| Ok(state.list_sessions(limit)))
    }

    fn session(&self, session: SessionKey) -> Answer<Option<SessionRow>> {
        self.read(|state| Ok(state.known_session(&session)))
    }

    fn find_session(&self, name: SessionName) -> Answer<Option<SessionRow>> {
        self.read(|state| Ok(state.find_session(&name)))
    }

    fn activations(&self) -> Answer<Vec<(SessionKey, Activation)>> {
        self.read(|state| Ok(state.activations()))
    }

    fn patch_session(&self, session: SessionKey, patch: Map<String, Value>) -> Answer<SessionRow> {
        self.write(|state| state.patch_session(&session, &patch))
    }

    fn reset_session(&self, session: SessionKey) -> Answer<(SessionRow, Vec<Entry>)> {
        self.write(|state| Ok(state.reset_session(&session)))
    }

    fn delete_session(&self, session: SessionKey) -> Answer<Option<Vec<Entry>>> {
        self.write(|state| Ok(state.delete_session(&session)))
    }

    fn context(&self, session: SessionKey, limit: usize) -> Answer<Context> {
        self.read(|state| Ok(state.context(&session, limit)))
    }

    fn summarise(&self, session: SessionKey, summary: Summary) -> Answer<SessionRow> {
        self.write(|state| state.summarise(&session, summary))
    }

    fn compact_session(&self, session: SessionKey, keep: usize) -> Answer<Compacted> {
        self.write(|state| Ok(state.compact_session(&session, keep)))
    }

    fn open_rows(&self, limit: usize) -> Answer<Vec<(SessionKey, u64)>> {
        self.read(|state| Ok(state.open_rows(limit)))
    }

    fn usage_sums(&self, query: UsageQuery) -> Answer<UsageSums> {
        self.read(move |state| Ok(state.usage_sums(&query)))
    }

    fn usage_days(&self, from: i64) -> Answer<Vec<UsageDay>> {
        self.read(|state| Ok(state.usage_days.range(from..).map(|(_, day)| *day).collect()))
    }

    fn inbox_fate(&self, account: AccountKey, platform_id: String) -> Answer<Option<InboxFate>> {
        self.read(|state| Ok(state.inbox_fate(&account, &platform_id)))
    }

    fn devices(&self) -> Answer<Vec<DeviceRow>> {
        let device = |(id, body): (&String, &String)| DeviceRow { id: id.clone(), body: body.clone() };
        self.read(|state| Ok(state.devices.iter().map(device).collect()))
    }

    fn put_device(&self, device: DeviceRow) -> Answer<()> {
        self.write(|state| {
            state.devices.insert(device.id, device.body);
            Ok(())
        })
    }

    fn remove_device(&self, id: String) -> Answer<()> {
        self.write(|state| {
            state.devices.remove(&id);
            Ok(())
        })
    }

    fn dead_letters(&self, after: Option<DeadLetterId>, limit: usize) -> Answer<Page<DeadLetter>> {
        self.read(|state| state.dead_letters(after, limit))
    }

    fn retry_dead_letter(&self, id: DeadLetterId) -> Answer<DeadLetter> {
        self.write(|state| state.retry_dead_letter(id))
    }

    fn discard_dead_letter(&self, id: DeadLetterId) -> Answer<DeadLetter> {
        self.write(|state| state.discard_dead_letter(id))
    }

    fn request_pairing(&self, request: PairingRequest) -> Answer<PairingOutcome> {
        self.write(|state| Ok(state.request_pairing(request)))
    }

    fn pairings(&self, now_ms: i64) -> Answer<Vec<Pairing>> {
        self.read(|state| Ok(state.pairings(now_ms)))
    }

    fn approve_pairing(&self, channel: String, code: String, notice: String, now_ms: i64) -> Answer<Option<Pairing>> {
        self.write(|state| Ok(state.approve_pairing(&channel, &code, notice, now_ms)))
    }

    fn reject_pairing(&self, channel: String, code: String, now_ms: i64) -> Answer<Option<Pairing>> {
        self.write(|state| Ok(state.reject_pairing(&channel, &code, now_ms)))
    }

    fn allowed_peers(&self, account: AccountKey) -> Answer<Vec<String>> {
        self.read(|state| Ok(state.allowed_peers(&account)))
    }

    fn allow_peer(&self, account: AccountKey, peer: String, _: i64) -> Answer<bool> {
        self.write(|state| Ok(state.allow_peer(account, peer)))
    }

    fn forget_peer(&self, account: AccountKey, peer: String) -> Answer<bool> {
        self.write(|state| Ok(state.forget_peer(account, peer)))
    }

    fn cursor(&self, name: String) -> Answer<Option<String>> {
        self.read(|state| Ok(state.cursors.get(&name).cloned()))
    }

    fn set_cursor(&self, name: String, value: String) -> Answer<()> {
        self.write(|state| {
            state.cursors.insert(name, value);
            Ok(())
        })
    }

    fn claim(&self, name: String, holder: String, until_ms: i64) -> Answer<u64> {
        self.write(|state| state.claim(name, holder, until_ms))
    }

    fn flush(&self) -> Answer<()> {
        self.write(|_| Ok(()))
    }

    fn health(&self) -> StoreHealth {
        let inner = self.lock();
        let failing = inner.disk == Disk::Failing;
        StoreHealth {
            trouble: failing.then(|| (Code::StoreUnavailable, "the disk is full".to_owned())),
            inbox_open: inner.state.inbox_open(),
            outbox_open: inner.state.outbox_open(),
        }
    }
}
