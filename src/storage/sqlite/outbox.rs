//! Payloads on their way to platforms.

use callboard_actors::message::{AccountKey, ChatRef, Outbound, OutboxId, Receipt, TraceId};
use callboard_actors::ports::{
    Attempt, CrashCount, NewOutbox, OutboxNote, OutboxRow, OutboxState, Queued, SendOrder, StoreError,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::books::{Sequence, chat_kind, kind_number};
use super::codec::{from_json, limit as bound, to_json, uuid};
use super::crash;
use super::deadletters::{self, Cause};
use super::lanes::{Held, Left};
use super::tx::{BEGUN, DEAD, DISCARDED, DONE, EPOCH, Outcome, Tx, WAITING, missing};

/// A payload with what the caller's thread could do ahead of the writer's.
pub(super) struct NewRow {
    row: NewOutbox,
    body: String,
}

impl NewRow {
    /// Makes the row's body.
    pub(super) fn prepare(row: NewOutbox) -> Result<Self, StoreError> {
        let body = to_json(&row.outbound)?;
        Ok(Self { row, body })
    }
}

/// A row as it was read; its body is parsed on the caller's thread.
pub(super) struct RawOutbox {
    place: i64,
    id: Uuid,
    seq: i64,
    attempts: u32,
    resent: bool,
    created_ms: i64,
    due_ms: i64,
    trace: Uuid,
    body: Option<String>,
    /// The platform's id of the message of the row that it is about.
    about: Option<String>,
}

impl RawOutbox {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            place: row.get(0)?,
            id: uuid(row.get(1)?),
            seq: row.get(2)?,
            attempts: row.get(3)?,
            resent: row.get(4)?,
            created_ms: row.get(5)?,
            due_ms: row.get(6)?,
            trace: uuid(row.get(7)?),
            body: row.get(8)?,
            about: row.get(9)?,
        })
    }

    /// Parses the body.
    pub(super) fn parse(self) -> Result<OutboxRow, StoreError> {
        let mut outbound: Outbound = from_json(self.body.as_deref())?;
        if let Some(platform_id) = self.about {
            outbound.act.found(platform_id);
        }
        Ok(OutboxRow {
            id: OutboxId::from_uuid(self.id),
            seq: self.seq.unsigned_abs(),
            attempts: self.attempts,
            resent: self.resent,
            created_ms: self.created_ms,
            outbound,
            trace: TraceId::from_uuid(self.trace),
        })
    }
}

/// Refuses what would take the outbox past its bound.
pub(super) fn check_room(tx: &Tx<'_>, new: usize) -> Outcome<()> {
    let (rows, max) = (tx.books.outbox_open, tx.limits.outbox_rows_max);
    if rows.saturating_add(u64::try_from(new).unwrap_or(u64::MAX)) > max {
        return Err(StoreError::Full { table: "outbox", rows, setting: "outboxRowsMax" }.into());
    }
    Ok(())
}

/// Writes the payloads of one request, all or none; where any of them is there, the request was made before.
pub(super) fn enqueue(tx: &mut Tx<'_>, rows: &[NewRow]) -> Outcome<Vec<Queued>> {
    let mut there = Vec::new();
    for new in rows {
        there.extend(known(tx, &new.row)?.map(|id| Queued { id, new: false }));
    }
    if !there.is_empty() {
        return Ok(there);
    }
    check_room(tx, rows.len())?;
    for new in rows {
        insert(tx, new)?;
    }
    Ok(rows.iter().map(|new| Queued { id: new.row.id, new: true }).collect())
}

/// Writes a payload, at the bound too, unless it is there already.
pub(super) fn put(tx: &mut Tx<'_>, new: &NewRow) -> Outcome<()> {
    if known(tx, &new.row)?.is_none() {
        insert(tx, new)?;
    }
    Ok(())
}

fn known(tx: &Tx<'_>, row: &NewOutbox) -> rusqlite::Result<Option<OutboxId>> {
    if let Some(key) = &row.idempotency_key {
        let found = tx.sql("SELECT id FROM outbox WHERE request_key = ?1")?.query_row([key], |row| row.get(0)).optional()?;
        if let Some(id) = found {
            return Ok(Some(OutboxId::from_uuid(uuid(id))));
        }
    }
    let known = tx.sql("SELECT 1 FROM outbox WHERE id = ?1")?.exists([row.id.as_uuid().as_bytes()])?;
    Ok(known.then_some(row.id))
}

fn insert(tx: &mut Tx<'_>, new: &NewRow) -> rusqlite::Result<()> {
    let target = &new.row.outbound.target;
    let account = tx.books.account(tx.conn, &target.account)?;
    let chat = tx.books.chat(tx.conn, account, &target.chat)?;
    let seq = tx.books.next_seq(tx.conn, chat, Sequence::Outbox)?;
    let place = tx.books.outbox_place();
    tx.sql(
        "INSERT INTO outbox (place, id, account, chat, seq, due_ms, owner_epoch, trace_id, created_ms, request_key, body, about)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?6, ?9, ?10, ?11)",
    )?
    .execute(params![
        place,
        new.row.id.as_uuid().as_bytes(),
        account,
        chat,
        seq,
        tx.now_ms,
        EPOCH,
        new.row.trace.as_uuid().as_bytes(),
        new.row.idempotency_key,
        new.body,
        new.row.outbound.act.row().map(|row| row.as_uuid().into_bytes()),
    ])?;
    tx.books.outbox_open += 1;
    tx.books.lanes.arrive(account, chat, 1, tx.now_ms);
    Ok(())
}

/// Takes due rows in hand: whole chats in the order in which they became due, rows in the order of their chat.
pub(super) fn begin(tx: &mut Tx<'_>, account: &AccountKey, limit: usize, order: SendOrder) -> Outcome<Vec<RawOutbox>> {
    let account = tx.books.account(tx.conn, account)?;
    let mut taken = Vec::new();
    while taken.len() < limit {
        let Some(chat) = tx.books.lanes.next(account, order, tx.now_ms) else { break };
        let room = match order {
            SendOrder::Pipelined => limit - taken.len(),
            SendOrder::OnePerChat => 1,
        };
        taken.extend(visit(tx, account, chat, room)?);
    }
    Ok(taken)
}

fn visit(tx: &mut Tx<'_>, account: i64, chat: i64, room: usize) -> rusqlite::Result<Vec<RawOutbox>> {
    let mut rows = tx
        .sql(
            "SELECT place, id, seq, attempts, resent, created_ms, due_ms, trace_id, body,
                 CASE WHEN about IS NULL THEN NULL ELSE (SELECT r.receipt FROM outbox r WHERE r.id = outbox.about) END
             FROM outbox WHERE chat = ?1 AND state = 0 ORDER BY seq LIMIT ?2",
        )?
        .query_map(params![chat, bound(room)], RawOutbox::read)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let due = rows.iter().take_while(|row| row.due_ms <= tx.now_ms).count();
    let left = rows.get(due).map_or(Left::Ready, |first| Left::Due(first.due_ms));
    rows.truncate(due);
    let mut take = tx.sql("UPDATE outbox SET state = 1, owner_epoch = ?2 WHERE place = ?1")?;
    for row in &rows {
        take.execute(params![row.place, EPOCH])?;
    }
    tx.books.lanes.visited(account, chat, due as u64, left, tx.now_ms);
    Ok(rows)
}

/// An open row, found by its id.
struct Open {
    place: i64,
    account: i64,
    chat: i64,
    held: Held,
}

fn find_open(tx: &Tx<'_>, id: OutboxId) -> rusqlite::Result<Option<Open>> {
    tx.sql("SELECT place, account, chat, state FROM outbox WHERE id = ?1 AND state IN (0, 1)")?
        .query_row([id.as_uuid().as_bytes()], |row| {
            let held = if row.get::<_, i64>(3)? == BEGUN { Held::Begun } else { Held::Waiting };
            Ok(Open { place: row.get(0)?, account: row.get(1)?, chat: row.get(2)?, held })
        })
        .optional()
}

/// Ends a row that the platform confirmed, also one that was put back in the meantime. One that is not open is left alone.
pub(super) fn confirm(tx: &mut Tx<'_>, id: OutboxId, receipt: &Receipt) -> rusqlite::Result<()> {
    let Some(row) = find_open(tx, id)? else { return Ok(()) };
    tx.sql("UPDATE outbox SET state = ?2, ended_ms = ?3, receipt = ?4, body = NULL WHERE place = ?1")?.execute(params![
        row.place,
        DONE,
        tx.now_ms,
        receipt.platform_id
    ])?;
    closed(tx, &row);
    Ok(())
}

/// Counts an open row that is open no longer.
fn closed(tx: &mut Tx<'_>, row: &Open) {
    tx.books.outbox_open = tx.books.outbox_open.saturating_sub(1);
    tx.books.lanes.leave(row.account, row.chat, row.held, tx.now_ms);
}

/// Records a failed attempt of a row in hand.
pub(super) fn fail(tx: &mut Tx<'_>, id: OutboxId, attempt: &Attempt) -> Outcome<()> {
    let row = match find_open(tx, id)? {
        Some(row) if row.held == Held::Begun => row,
        _ => return missing(format!("outbox row {id} is not in hand")),
    };
    tx.sql(
        "UPDATE outbox SET state = 0, attempts = attempts + 1, due_ms = coalesce(?2, due_ms), code = ?3, reason = ?4
         WHERE place = ?1",
    )?
    .execute(params![row.place, attempt.next_ms, attempt.code.as_str(), attempt.reason])?;
    match attempt.next_ms {
        Some(due_ms) => tx.books.lanes.put_back(row.account, row.chat, due_ms, tx.now_ms),
        None => {
            let cause = Cause { code: attempt.code, reason: &attempt.reason };
            deadletters::bury_outbox(tx, row.place, &cause)?;
            closed(tx, &row);
        }
    }
    Ok(())
}

/// Puts the begun rows of an account back; answers how many there were.
pub(super) fn reopen(tx: &mut Tx<'_>, account: &AccountKey, crash: CrashCount) -> Outcome<usize> {
    let account = tx.books.account(tx.conn, account)?;
    let rows = tx
        .sql("SELECT place, chat FROM outbox WHERE account = ?1 AND state = 1 ORDER BY chat, seq")?
        .query_map([account], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(i64, i64)>>>()?;
    for (place, chat) in &rows {
        if crash::reopen_outbox(tx, *place, crash)? {
            tx.books.lanes.put_back(account, *chat, tx.now_ms, tx.now_ms);
        } else {
            closed(tx, &Open { place: *place, account, chat: *chat, held: Held::Begun });
        }
    }
    Ok(rows.len())
}

/// Returns when the earliest chat of an account has something to send.
pub(super) fn next_due(tx: &mut Tx<'_>, account: &AccountKey) -> Outcome<Option<i64>> {
    let account = tx.books.account(tx.conn, account)?;
    Ok(tx.books.lanes.next_due(account))
}

/// Returns whether a row waits for its chat or is on its way there. The states are in the words of the indexes.
pub(super) fn owes(conn: &Connection, account: &AccountKey, chat: &ChatRef) -> Outcome<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM outbox WHERE chat = c.chat AND state = 0)
             OR EXISTS (SELECT 1 FROM outbox WHERE account = c.account AND chat = c.chat AND state = 1)
         FROM chats c JOIN accounts a ON a.account = c.account
         WHERE a.channel = ?1 AND a.name = ?2 AND c.kind = ?3 AND c.id = ?4";
    let named = params![account.channel(), account.account(), kind_number(chat.kind), chat.id];
    Ok(conn.prepare_cached(sql)?.query_row(named, |row| row.get(0)).optional()?.unwrap_or(false))
}

/// Returns the row of an account that was confirmed under an id of the platform's. Asked rarely, of rows that are kept for a while only:
/// so without an index, which every send would pay for.
pub(super) fn sent_as(conn: &Connection, account: &AccountKey, platform_id: &str) -> Outcome<Option<OutboxId>> {
    let sql = "SELECT o.id FROM outbox o JOIN accounts a ON a.account = o.account
         WHERE a.channel = ?1 AND a.name = ?2 AND o.state = ?3 AND o.receipt = ?4";
    let id = conn
        .prepare_cached(sql)?
        .query_row(params![account.channel(), account.account(), DONE, platform_id], |row| row.get::<_, [u8; 16]>(0))
        .optional()?;
    Ok(id.map(|id| OutboxId::from_uuid(uuid(id))))
}

/// Puts a dead row at the end of its chat's queue, due at once and as young as a new one: its age may be what it died of.
pub(super) fn revive(tx: &mut Tx<'_>, place: i64) -> Outcome<()> {
    check_room(tx, 1)?;
    let (account, chat) = tx
        .sql("SELECT account, chat FROM outbox WHERE place = ?1")?
        .query_row([place], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let seq = tx.books.next_seq(tx.conn, chat, Sequence::Outbox)?;
    let last = tx.books.outbox_place();
    tx.sql(
        "UPDATE outbox SET place = ?2, seq = ?3, state = ?4, attempts = 0, crashes = 0, due_ms = ?5, created_ms = ?5,
             ended_ms = NULL, owner_epoch = ?6
         WHERE place = ?1",
    )?
    .execute(params![place, last, seq, WAITING, tx.now_ms, EPOCH])?;
    tx.books.outbox_open += 1;
    tx.books.lanes.arrive(account, chat, 1, tx.now_ms);
    Ok(())
}

/// Forgets a dead row's payload; its id and its request's key stay until retention.
pub(super) fn discard(tx: &mut Tx<'_>, place: i64) -> rusqlite::Result<()> {
    tx.sql("UPDATE outbox SET state = ?2, ended_ms = ?3, body = NULL WHERE place = ?1")?
        .execute(params![place, DISCARDED, tx.now_ms])
        .map(drop)
}

/// Returns where a row stands.
pub(super) fn state(conn: &Connection, id: OutboxId) -> Outcome<Option<OutboxState>> {
    let state = conn
        .prepare_cached("SELECT state FROM outbox WHERE id = ?1")?
        .query_row([id.as_uuid().as_bytes()], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(state.and_then(stand))
}

const fn stand(state: i64) -> Option<OutboxState> {
    match state {
        DISCARDED => None,
        DONE => Some(OutboxState::Sent),
        DEAD => Some(OutboxState::Dead),
        _ => Some(OutboxState::Queued),
    }
}

/// Returns what is known of a row, whatever became of its payload.
pub(super) fn note(conn: &Connection, id: OutboxId) -> Outcome<Option<OutboxNote>> {
    let sql = "SELECT o.state, o.receipt, a.channel, a.name, c.kind, c.id, d.reason
         FROM outbox o JOIN accounts a ON a.account = o.account JOIN chats c ON c.chat = o.chat
             LEFT JOIN deadletters d ON d.id = o.id
         WHERE o.id = ?1";
    let found = conn
        .prepare_cached(sql)?
        .query_row([id.as_uuid().as_bytes()], |row| {
            let account = AccountKey::new(&row.get::<_, String>(2)?, &row.get::<_, String>(3)?);
            let chat = ChatRef { kind: chat_kind(row.get(4)?), id: row.get(5)? };
            Ok((row.get(0)?, row.get(1)?, account, chat, row.get(6)?))
        })
        .optional()?;
    Ok(found.and_then(|(state, platform_id, account, chat, dead)| {
        Some(OutboxNote { state: stand(state)?, platform_id, account, chat, dead })
    }))
}
