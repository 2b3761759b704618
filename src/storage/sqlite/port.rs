//! The port: each outcome as a request. What can be done ahead of the writer or after it is done on the caller's side.

use std::collections::HashSet;

use callboard_actors::message::{
    AccountKey, Activation, BegunRound, BlobId, ChatRef, Code, Entry, InboxId, OutboxId, Receipt, SessionKey, ToolResult, Usage,
};
use callboard_actors::ports::{
    Accept, Accepted, Answer, Attempt, Compacted, Context, CrashCount, DeadLetter, DeadLetterId, DeviceRow, InboxFate,
    InboxRow, NewOutbox, OutboxNote, OutboxRow, OutboxState, Page, Pairing, PairingOutcome, PairingRequest, Queued, SendOrder,
    SessionName, SessionRow, Store, StoreError, StoreHealth, Summary, TurnOutcome, UsageDay, UsageQuery, UsageSums,
};
use serde_json::{Map, Value};

use super::codec::to_json;
use super::inbox::{self, NewInbox, RawInbox};
use super::outbox::{self, NewRow, RawOutbox};
use super::pairing::{self, NewPairing};
use super::store::SqliteStore;
use super::transcript::{self, Finished, Lines, RawLines};
use super::{context, deadletters, media, sessions, small, steps, usage};

/// Answers without asking anybody.
fn at_once<T: Send + 'static>(answer: Result<T, StoreError>) -> Answer<T> {
    Box::pin(std::future::ready(answer))
}

fn parse_inbox(raw: Answer<Vec<RawInbox>>) -> Answer<Vec<InboxRow>> {
    Box::pin(async move { raw.await?.into_iter().map(RawInbox::parse).collect() })
}

fn parse_outbox(raw: Answer<Vec<RawOutbox>>) -> Answer<Vec<OutboxRow>> {
    Box::pin(async move { raw.await?.into_iter().map(RawOutbox::parse).collect() })
}

impl Store for SqliteStore {
    fn accept(&self, batch: Vec<Accept>) -> Answer<Vec<Accepted>> {
        match batch.into_iter().map(NewInbox::prepare).collect::<Result<Vec<_>, _>>() {
            Ok(batch) => self.write(move |tx| inbox::accept(tx, &batch)),
            Err(error) => at_once(Err(error)),
        }
    }

    fn begin_turn(&self, session: SessionKey, limit: usize) -> Answer<Vec<InboxRow>> {
        parse_inbox(self.write(move |tx| inbox::begin(tx, &session, limit)))
    }

    fn waiting_rows(&self, session: SessionKey, behind: u64, limit: usize) -> Answer<Vec<(u64, InboxRow)>> {
        let raw = self.read(move |conn| inbox::waiting(conn, &session, behind, limit));
        Box::pin(async move { raw.await?.into_iter().map(RawInbox::parse_placed).collect() })
    }

    fn take_rows(&self, session: SessionKey, take: Vec<InboxId>, drop: Vec<(InboxId, &'static str)>) -> Answer<Vec<InboxId>> {
        self.write(move |tx| inbox::take(tx, &session, &take, &drop))
    }

    fn finish_turn(&self, outcome: TurnOutcome, next: usize) -> Answer<Vec<InboxRow>> {
        match Finished::prepare(outcome) {
            Ok(turn) => parse_inbox(self.write(move |tx| transcript::finish_turn(tx, &turn, next))),
            Err(error) => at_once(Err(error)),
        }
    }

    fn begin_round(&self, row: InboxId, round: usize, calls: BegunRound) -> Answer<()> {
        match steps::Round::prepare(calls) {
            Ok(body) => self.write(move |tx| steps::begin(tx, row, round, &body)),
            Err(error) => at_once(Err(error)),
        }
    }

    fn finish_call(&self, row: InboxId, round: usize, call: usize, result: ToolResult) -> Answer<()> {
        match to_json(&result) {
            Ok(body) => self.write(move |tx| steps::finish(tx, row, round, call, &body)),
            Err(error) => at_once(Err(error)),
        }
    }

    fn say(&self, row: InboxId, number: usize, words: String, payloads: Vec<NewOutbox>) -> Answer<()> {
        match steps::Part::prepare(&words, payloads) {
            Ok(part) => self.write(move |tx| steps::say(tx, row, number, &part)),
            Err(error) => at_once(Err(error)),
        }
    }

    fn reopen_inbox(&self, session: SessionKey, crash: CrashCount) -> Answer<usize> {
        self.write(move |tx| inbox::reopen(tx, &session, crash))
    }

    fn bury_inbox(&self, id: InboxId, code: Code, reason: String) -> Answer<()> {
        self.write(move |tx| inbox::bury(tx, id, code, &reason))
    }

    fn sessions_with_open_rows(&self) -> Answer<Vec<SessionKey>> {
        self.read(sessions::with_open_rows)
    }

    fn enqueue_all(&self, rows: Vec<NewOutbox>) -> Answer<Vec<Queued>> {
        match rows.into_iter().map(NewRow::prepare).collect::<Result<Vec<_>, _>>() {
            Ok(rows) => self.write(move |tx| outbox::enqueue(tx, &rows)),
            Err(error) => at_once(Err(error)),
        }
    }

    fn begin_send(&self, account: AccountKey, limit: usize, order: SendOrder) -> Answer<Vec<OutboxRow>> {
        parse_outbox(self.write(move |tx| outbox::begin(tx, &account, limit, order)))
    }

    fn confirm_send(&self, confirmed: Vec<(OutboxId, Receipt)>) {
        self.note("confirm_send", move |tx| {
            for (id, receipt) in &confirmed {
                outbox::confirm(tx, *id, receipt)?;
            }
            Ok(())
        });
    }

    fn fail_send(&self, id: OutboxId, attempt: Attempt) -> Answer<()> {
        self.write(move |tx| outbox::fail(tx, id, &attempt))
    }

    fn reopen_outbox(&self, account: AccountKey, crash: CrashCount) -> Answer<usize> {
        self.write(move |tx| outbox::reopen(tx, &account, crash))
    }

    fn next_due(&self, account: AccountKey) -> Answer<Option<i64>> {
        self.write(move |tx| outbox::next_due(tx, &account))
    }

    fn outbox_state(&self, id: OutboxId) -> Answer<Option<OutboxState>> {
        self.read(move |conn| outbox::state(conn, id))
    }

    fn outbox_note(&self, id: OutboxId) -> Answer<Option<OutboxNote>> {
        self.read(move |conn| outbox::note(conn, id))
    }

    fn owes(&self, account: AccountKey, chat: ChatRef) -> Answer<bool> {
        self.read(move |conn| outbox::owes(conn, &account, &chat))
    }

    fn sent_as(&self, account: AccountKey, platform_id: String) -> Answer<Option<OutboxId>> {
        self.read(move |conn| outbox::sent_as(conn, &account, &platform_id))
    }

    fn media_in_use(&self) -> Answer<HashSet<BlobId>> {
        self.read(media::in_use)
    }

    fn history(&self, session: SessionKey, limit: usize) -> Answer<Vec<Entry>> {
        self.read(move |conn| transcript::history(conn, &session, limit))
    }

    fn transcript(&self, session: SessionKey, behind: u64, limit: usize) -> Answer<Vec<(u64, Entry)>> {
        self.read(move |conn| transcript::page(conn, &session, behind, limit))
    }

    fn append_transcript(&self, session: SessionKey, entries: Vec<Entry>, usage: Usage) {
        match Lines::prepare(&entries) {
            Ok(lines) => self.note("append_transcript", move |tx| transcript::append(tx, &session, &lines, usage, None)),
            Err(error) => tracing::error!(event = "store.dropped", %error, "transcript entries cannot be written"),
        }
    }

    fn sessions(&self, limit: usize) -> Answer<Vec<SessionRow>> {
        self.read(move |conn| sessions::list(conn, limit))
    }

    fn session(&self, session: SessionKey) -> Answer<Option<SessionRow>> {
        self.read(move |conn| sessions::find(conn, &session))
    }

    fn find_session(&self, name: SessionName) -> Answer<Option<SessionRow>> {
        self.read(move |conn| sessions::find_named(conn, &name))
    }

    fn activations(&self) -> Answer<Vec<(SessionKey, Activation)>> {
        self.read(sessions::activations)
    }

    fn patch_session(&self, session: SessionKey, patch: Map<String, Value>) -> Answer<SessionRow> {
        let raw = self.write(move |tx| sessions::patch(tx, &session, &patch));
        Box::pin(async move { raw.await?.parse() })
    }

    fn reset_session(&self, session: SessionKey) -> Answer<(SessionRow, Vec<Entry>)> {
        let raw = self.write(move |tx| sessions::reset(tx, &session));
        Box::pin(async move {
            let (row, lines) = raw.await?;
            Ok((row.parse()?, lines.parse()?))
        })
    }

    fn delete_session(&self, session: SessionKey) -> Answer<Option<Vec<Entry>>> {
        let raw = self.write(move |tx| sessions::delete(tx, &session));
        Box::pin(async move { raw.await?.map(RawLines::parse).transpose() })
    }

    fn context(&self, session: SessionKey, limit: usize) -> Answer<Context> {
        let raw = self.read(move |conn| context::read(conn, &session, limit));
        Box::pin(async move { raw.await?.parse() })
    }

    fn summarise(&self, session: SessionKey, summary: Summary) -> Answer<SessionRow> {
        let raw = Lines::prepare(std::slice::from_ref(&summary.line))
            .map(|lines| self.write(move |tx| context::summarise(tx, &session, &summary, &lines)));
        Box::pin(async move { raw?.await?.parse() })
    }

    fn compact_session(&self, session: SessionKey, keep: usize) -> Answer<Compacted> {
        let raw = self.write(move |tx| sessions::compact(tx, &session, keep));
        Box::pin(async move {
            let (dropped, kept) = raw.await?;
            Ok(Compacted { dropped: dropped.parse()?, kept })
        })
    }

    fn open_rows(&self, limit: usize) -> Answer<Vec<(SessionKey, u64)>> {
        self.read(move |conn| sessions::open_rows(conn, limit))
    }

    fn usage_sums(&self, query: UsageQuery) -> Answer<UsageSums> {
        let raw = self.read(move |conn| sessions::usage_sums(conn, &query));
        Box::pin(async move { raw.await?.parse() })
    }

    fn usage_days(&self, from: i64) -> Answer<Vec<UsageDay>> {
        self.read(move |conn| usage::days(conn, from))
    }

    fn inbox_fate(&self, account: AccountKey, platform_id: String) -> Answer<Option<InboxFate>> {
        self.read(move |conn| inbox::fate(conn, &account, &platform_id))
    }

    fn devices(&self) -> Answer<Vec<DeviceRow>> {
        self.read(small::devices)
    }

    fn put_device(&self, device: DeviceRow) -> Answer<()> {
        self.write(move |tx| small::put_device(tx, &device))
    }

    fn remove_device(&self, id: String) -> Answer<()> {
        self.write(move |tx| small::remove_device(tx, &id))
    }

    fn dead_letters(&self, after: Option<DeadLetterId>, limit: usize) -> Answer<Page<DeadLetter>> {
        self.read(move |conn| deadletters::list(conn, after, limit))
    }

    fn retry_dead_letter(&self, id: DeadLetterId) -> Answer<DeadLetter> {
        self.write(move |tx| deadletters::retry(tx, id))
    }

    fn discard_dead_letter(&self, id: DeadLetterId) -> Answer<DeadLetter> {
        self.write(move |tx| deadletters::discard(tx, id))
    }

    fn request_pairing(&self, request: PairingRequest) -> Answer<PairingOutcome> {
        match NewPairing::prepare(request) {
            Ok(request) => self.write(move |tx| pairing::request(tx, &request)),
            Err(error) => at_once(Err(error)),
        }
    }

    fn pairings(&self, now_ms: i64) -> Answer<Vec<Pairing>> {
        self.read(move |conn| pairing::list(conn, now_ms))
    }

    fn approve_pairing(&self, channel: String, code: String, notice: String, now_ms: i64) -> Answer<Option<Pairing>> {
        self.write(move |tx| pairing::approve(tx, &channel, &code, &notice, now_ms))
    }

    fn reject_pairing(&self, channel: String, code: String, now_ms: i64) -> Answer<Option<Pairing>> {
        self.write(move |tx| pairing::reject(tx, &channel, &code, now_ms))
    }

    fn allowed_peers(&self, account: AccountKey) -> Answer<Vec<String>> {
        self.read(move |conn| pairing::allowed(conn, &account))
    }

    fn allow_peer(&self, account: AccountKey, peer: String, now_ms: i64) -> Answer<bool> {
        self.write(move |tx| pairing::allow(tx, &account, &peer, now_ms))
    }

    fn forget_peer(&self, account: AccountKey, peer: String) -> Answer<bool> {
        self.write(move |tx| pairing::forget(tx, &account, &peer))
    }

    fn cursor(&self, name: String) -> Answer<Option<String>> {
        self.read(move |conn| small::cursor(conn, &name))
    }

    fn set_cursor(&self, name: String, value: String) -> Answer<()> {
        self.write(move |tx| small::set_cursor(tx, &name, &value))
    }

    fn claim(&self, name: String, holder: String, until_ms: i64) -> Answer<u64> {
        self.write(move |tx| small::claim(tx, &name, &holder, until_ms))
    }

    fn flush(&self) -> Answer<()> {
        self.write(|_| Ok(()))
    }

    fn health(&self) -> StoreHealth {
        self.gauges().health()
    }
}
