//! Messages on their way to sessions.

use callboard_actors::message::{AccountKey, Code, InboxId, SessionKey};
use callboard_actors::ports::{Accept, Accepted, CrashCount, InboxFate, InboxRow, StoreError};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::books::Sequence;
use super::codec::{from_json, limit as bound, to_json, uuid};
use super::crash;
use super::deadletters::{self, Cause};
use super::steps::{self, RawSteps};
use super::tx::{BEGUN, DEAD, DISCARDED, DONE, EPOCH, Outcome, Tx, WAITING, missing};

/// A message with what the caller's thread could do ahead of the writer's.
pub(super) struct NewInbox {
    id: InboxId,
    accept: Accept,
    body: String,
}

impl NewInbox {
    /// Makes the row's id and body.
    pub(super) fn prepare(accept: Accept) -> Result<Self, StoreError> {
        let body = to_json(&accept.inbound)?;
        Ok(Self { id: InboxId::new(), accept, body })
    }
}

/// A row as it was read; its body is parsed on the caller's thread.
pub(super) struct RawInbox {
    place: i64,
    id: Uuid,
    seq: i64,
    crashes: u32,
    body: Option<String>,
    steps: RawSteps,
}

impl RawInbox {
    /// Reads a row, and its steps where the last column says that it has any.
    fn read(conn: &Connection, row: &Row<'_>) -> rusqlite::Result<Self> {
        let id = uuid(row.get(1)?);
        let steps = if row.get(5)? { RawSteps::read(conn, id.as_bytes())? } else { RawSteps::default() };
        Ok(Self { place: row.get(0)?, id, seq: row.get(2)?, crashes: row.get(3)?, body: row.get(4)?, steps })
    }

    /// Parses the body; answers with the row's place as well.
    pub(super) fn parse_placed(self) -> Result<(u64, InboxRow), StoreError> {
        Ok((self.place.unsigned_abs(), self.parse()?))
    }

    /// Parses the body.
    pub(super) fn parse(self) -> Result<InboxRow, StoreError> {
        let (steps, said, drafted) = self.steps.parse()?;
        Ok(InboxRow {
            id: InboxId::from_uuid(self.id),
            seq: self.seq.unsigned_abs(),
            crashes: self.crashes,
            inbound: from_json(self.body.as_deref())?,
            steps,
            said,
            drafted,
        })
    }
}

/// Refuses while the inbox is at its bound.
pub(super) fn check_room(tx: &Tx<'_>) -> Outcome<()> {
    let (rows, max) = (tx.books.inbox_open, tx.limits.inbox_rows_max);
    if rows >= max {
        return Err(StoreError::Full { table: "inbox", rows, setting: "inboxRowsMax" }.into());
    }
    Ok(())
}

/// Writes messages, each with the next number of its chat.
pub(super) fn accept(tx: &mut Tx<'_>, batch: &[NewInbox]) -> Outcome<Vec<Accepted>> {
    check_room(tx)?;
    batch.iter().map(|new| insert(tx, new)).collect()
}

fn insert(tx: &mut Tx<'_>, new: &NewInbox) -> Outcome<Accepted> {
    let inbound = &new.accept.inbound;
    let account = tx.books.account(tx.conn, &inbound.route.account)?;
    if is_known(tx, account, &inbound.platform_id)? {
        return Ok(Accepted::Duplicate);
    }
    let chat = tx.books.chat(tx.conn, account, &inbound.route.chat)?;
    let session = tx.books.session(tx.conn, &new.accept.session, tx.now_ms)?;
    let seq = tx.books.next_seq(tx.conn, chat, Sequence::Inbox)?;
    let place = tx.books.inbox_place();
    tx.sql(
        "INSERT INTO inbox (place, id, account, chat, seq, session, owner_epoch, trace_id, created_ms, platform_id, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        place,
        new.id.as_uuid().as_bytes(),
        account,
        chat,
        seq,
        session,
        EPOCH,
        inbound.trace.as_uuid().as_bytes(),
        tx.now_ms,
        inbound.platform_id,
        new.body,
    ])?;
    tx.books.inbox_open += 1;
    Ok(Accepted::New { id: new.id, seq: seq.unsigned_abs() })
}

fn is_known(tx: &Tx<'_>, account: i64, platform_id: &str) -> rusqlite::Result<bool> {
    tx.sql("SELECT 1 FROM inbox WHERE account = ?1 AND platform_id = ?2")?.exists(params![account, platform_id])
}

/// Takes the oldest waiting rows of a session in hand.
pub(super) fn begin(tx: &mut Tx<'_>, session: &SessionKey, limit: usize) -> Outcome<Vec<RawInbox>> {
    let Some(session) = tx.books.known_session(tx.conn, session)? else { return Ok(Vec::new()) };
    let rows = tx
        .sql(
            "SELECT place, id, seq, crashes, body, EXISTS (SELECT 1 FROM steps WHERE row = id) FROM inbox
             WHERE session = ?1 AND state = 0 ORDER BY place LIMIT ?2",
        )?
        .query_map(params![session, bound(limit)], |row| RawInbox::read(tx.conn, row))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut take = tx.sql("UPDATE inbox SET state = 1, attempts = attempts + 1, owner_epoch = ?2 WHERE place = ?1")?;
    for row in &rows {
        take.execute(params![row.place, EPOCH])?;
    }
    Ok(rows)
}

/// Returns the rows of a session that wait, from behind a place on.
pub(super) fn waiting(conn: &Connection, session: &SessionKey, behind: u64, limit: usize) -> Outcome<Vec<RawInbox>> {
    let behind = i64::try_from(behind).unwrap_or(i64::MAX);
    let rows = conn
        .prepare_cached(
            "SELECT i.place, i.id, i.seq, i.crashes, i.body, EXISTS (SELECT 1 FROM steps WHERE row = i.id) FROM sessions s JOIN inbox i USING (session)
             WHERE s.key = ?1 AND i.state = 0 AND i.place > ?2 ORDER BY i.place LIMIT ?3",
        )?
        .query_map(params![session.as_str(), behind, bound(limit)], |row| RawInbox::read(conn, row))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(rows)
}

/// Takes some of a session's waiting rows in hand and ends others without an answer; those that do not wait stay as they are.
pub(super) fn take(
    tx: &mut Tx<'_>,
    session: &SessionKey,
    take: &[InboxId],
    drop: &[(InboxId, &'static str)],
) -> Outcome<Vec<InboxId>> {
    let Some(session) = tx.books.known_session(tx.conn, session)? else { return Ok(Vec::new()) };
    let mut begin = tx.sql(
        "UPDATE inbox SET state = 1, attempts = attempts + 1, owner_epoch = ?3 WHERE id = ?1 AND session = ?2 AND state = 0",
    )?;
    let mut taken = Vec::with_capacity(take.len());
    for id in take {
        if begin.execute(params![id.as_uuid().as_bytes(), session, EPOCH])? > 0 {
            taken.push(*id);
        }
    }
    end_unanswered(tx, session, drop)?;
    Ok(taken)
}

/// Ends waiting rows of a session without an answer; those that do not wait stay as they are.
pub(super) fn leave(tx: &mut Tx<'_>, session: &SessionKey, drop: &[(InboxId, &'static str)]) -> Outcome<()> {
    if drop.is_empty() {
        return Ok(());
    }
    match tx.books.known_session(tx.conn, session)? {
        Some(session) => end_unanswered(tx, session, drop),
        None => Ok(()),
    }
}

fn end_unanswered(tx: &mut Tx<'_>, session: i64, drop: &[(InboxId, &'static str)]) -> Outcome<()> {
    let mut end = tx.sql(
        "UPDATE inbox SET state = 2, ended_ms = ?3, body = NULL, reason = ?4 WHERE id = ?1 AND session = ?2 AND state = 0",
    )?;
    for (id, reason) in drop {
        let ended = end.execute(params![id.as_uuid().as_bytes(), session, tx.now_ms, reason])? as u64;
        if ended > 0 {
            tx.books.inbox_open = tx.books.inbox_open.saturating_sub(ended);
            steps::forget(tx, *id)?;
        }
    }
    Ok(())
}

/// Ends rows, all of which have to be open. What is kept of them is what tells a duplicate.
pub(super) fn finish(tx: &mut Tx<'_>, ids: &[InboxId]) -> Outcome<()> {
    // A single row is its own check: where it is not open, nothing was written.
    if ids.len() > 1 {
        check_open(tx, ids)?;
    }
    let mut end = tx.sql("UPDATE inbox SET state = 2, ended_ms = ?2, body = NULL WHERE id = ?1 AND state IN (0, 1)")?;
    for id in ids {
        let ended = end.execute(params![id.as_uuid().as_bytes(), tx.now_ms])? as u64;
        if ended == 0 && ids.len() == 1 {
            return missing(format!("inbox row {id} is not open"));
        }
        tx.books.inbox_open = tx.books.inbox_open.saturating_sub(ended);
        steps::forget(tx, *id)?;
    }
    Ok(())
}

fn check_open(tx: &Tx<'_>, ids: &[InboxId]) -> Outcome<()> {
    let mut find = tx.sql("SELECT 1 FROM inbox WHERE id = ?1 AND state IN (0, 1)")?;
    for id in ids {
        if !find.exists([id.as_uuid().as_bytes()])? {
            return missing(format!("inbox row {id} is not open"));
        }
    }
    Ok(())
}

/// Puts the rows that a session had in hand back; answers how many wait again.
pub(super) fn reopen(tx: &mut Tx<'_>, session: &SessionKey, crash: CrashCount) -> Outcome<usize> {
    let Some(session) = tx.books.known_session(tx.conn, session)? else { return Ok(0) };
    let places = tx
        .sql("SELECT place FROM inbox WHERE session = ?1 AND state = 1 ORDER BY place")?
        .query_map([session], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    crash::reopen_inbox(tx, &places, crash)
}

/// Moves an open row to the dead letters.
pub(super) fn bury(tx: &mut Tx<'_>, id: InboxId, code: Code, reason: &str) -> Outcome<()> {
    let found = tx
        .sql("SELECT place, state FROM inbox WHERE id = ?1")?
        .query_row([id.as_uuid().as_bytes()], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    match found {
        Some((place, WAITING | BEGUN)) => Ok(deadletters::bury_inbox(tx, place, &Cause { code, reason })?),
        _ => missing(format!("inbox row {id} is not open")),
    }
}

/// Puts a dead row at the end of its chat's queue. Its session may have been deleted since and is made anew then.
pub(super) fn revive(tx: &mut Tx<'_>, place: i64, session: Option<&SessionKey>) -> Outcome<()> {
    check_room(tx)?;
    let session = session.map(|key| tx.books.session(tx.conn, key, tx.now_ms)).transpose()?;
    let chat = tx.sql("SELECT chat FROM inbox WHERE place = ?1")?.query_row([place], |row| row.get(0))?;
    let seq = tx.books.next_seq(tx.conn, chat, Sequence::Inbox)?;
    let last = tx.books.inbox_place();
    tx.sql(
        "UPDATE inbox SET place = ?2, seq = ?3, state = 0, attempts = 0, crashes = 0, ended_ms = NULL, owner_epoch = ?4,
             session = coalesce(?5, session)
         WHERE place = ?1",
    )?
    .execute(params![place, last, seq, EPOCH, session])?;
    tx.books.inbox_open += 1;
    Ok(())
}

/// Forgets a dead row's payload; what tells a duplicate stays until retention.
pub(super) fn discard(tx: &mut Tx<'_>, place: i64) -> rusqlite::Result<()> {
    let id = tx.sql("SELECT id FROM inbox WHERE place = ?1")?.query_row([place], |row| Ok(uuid(row.get(0)?)))?;
    tx.sql("UPDATE inbox SET state = ?2, ended_ms = ?3, body = NULL WHERE place = ?1")?
        .execute(params![place, DISCARDED, tx.now_ms])?;
    steps::forget(tx, InboxId::from_uuid(id))
}

/// Finds a message by what tells a duplicate, over the index that does.
pub(super) const FATE: &str = "SELECT i.state FROM accounts a JOIN inbox i USING (account)
     WHERE a.channel = ?1 AND a.name = ?2 AND i.platform_id = ?3";

/// Returns what became of a message.
pub(super) fn fate(conn: &Connection, account: &AccountKey, platform_id: &str) -> Outcome<Option<InboxFate>> {
    let state = conn
        .prepare_cached(FATE)?
        .query_row(params![account.channel(), account.account(), platform_id], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(state.and_then(|state| match state {
        DISCARDED => None,
        DONE => Some(InboxFate::Done),
        DEAD => Some(InboxFate::Dead),
        _ => Some(InboxFate::Open),
    }))
}
