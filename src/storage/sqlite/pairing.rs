//! Who asked to be let in, and who was.

use callboard_actors::message::{AccountKey, Outbound, OutboxId, Target, TraceId};
use callboard_actors::ports::{NewOutbox, Pairing, PairingOutcome, PairingRequest, StoreError};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::codec::{from_json, rfc3339, to_json, uuid};
use super::outbox::{self, NewRow};
use super::tx::{Outcome, Tx};

/// A request with what the caller's thread could do ahead of the writer's.
pub(super) struct NewPairing {
    request: PairingRequest,
    target: String,
    notice: NewRow,
}

impl NewPairing {
    /// Writes the target and the notice as JSON.
    pub(super) fn prepare(request: PairingRequest) -> Result<Self, StoreError> {
        let target = to_json(&request.notice.outbound.target)?;
        let notice = NewRow::prepare(request.notice.clone())?;
        Ok(Self { request, target, notice })
    }
}

/// Opens a request, or finds the peer's open one.
pub(super) fn request(tx: &mut Tx<'_>, new: &NewPairing) -> Outcome<PairingOutcome> {
    let request = &new.request;
    let account = tx.books.account(tx.conn, &request.account)?;
    tx.sql("DELETE FROM pairings WHERE account = ?1 AND expires_ms <= ?2")?.execute(params![account, request.now_ms])?;
    let open = |peer: &str| tx.sql("SELECT 1 FROM pairings WHERE account = ?1 AND peer = ?2")?.exists(params![account, peer]);
    if open(&request.peer)? {
        return Ok(PairingOutcome::Pending);
    }
    let pending: i64 = tx.sql("SELECT count(*) FROM pairings WHERE account = ?1")?.query_row([account], |row| row.get(0))?;
    if pending.unsigned_abs() >= request.pending_max as u64 {
        return Ok(PairingOutcome::Full);
    }
    tx.sql(
        "INSERT INTO pairings (account, peer, name, code, target, trace_id, created_ms, expires_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        account,
        request.peer,
        request.name,
        request.code,
        new.target,
        request.notice.trace.as_uuid().as_bytes(),
        request.now_ms,
        request.expires_ms,
    ])?;
    // The bound on open requests is this notice's bound too, so it is written even at the outbox's own.
    outbox::put(tx, &new.notice)?;
    Ok(PairingOutcome::New)
}

/// An open request with what only the store needs.
struct Found {
    account: i64,
    target: String,
    trace: TraceId,
    shown: Pairing,
}

const SELECT: &str =
    "SELECT p.account, p.target, p.trace_id, a.channel, a.name, p.code, p.peer, p.name, p.created_ms, p.expires_ms
    FROM pairings p JOIN accounts a USING (account)";

fn read(row: &Row<'_>) -> rusqlite::Result<Found> {
    let shown = Pairing {
        channel: row.get(3)?,
        account: row.get(4)?,
        code: row.get(5)?,
        peer: row.get(6)?,
        name: row.get(7)?,
        created_at: rfc3339(row.get(8)?),
        expires_at: rfc3339(row.get(9)?),
    };
    let trace = TraceId::from_uuid(uuid(row.get(2)?));
    Ok(Found { account: row.get(0)?, target: row.get(1)?, trace, shown })
}

/// Returns the requests that have not expired, oldest first.
pub(super) fn list(conn: &Connection, now_ms: i64) -> Outcome<Vec<Pairing>> {
    let open = conn
        .prepare_cached(&format!("{SELECT} WHERE p.expires_ms > ?1 ORDER BY p.created_ms, p.account, p.peer"))?
        .query_map([now_ms], |row| read(row).map(|found| found.shown))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(open)
}

/// Takes an open request of a channel out by its code, read without regard to case.
fn take(tx: &Tx<'_>, channel: &str, code: &str, now_ms: i64) -> rusqlite::Result<Option<Found>> {
    let found = tx
        .sql(&format!(
            "{SELECT} WHERE a.channel = ?1 AND p.code = ?2 AND p.expires_ms > ?3 ORDER BY p.created_ms, p.account, p.peer LIMIT 1"
        ))?
        .query_row(params![channel.to_lowercase(), code, now_ms], read)
        .optional()?;
    if let Some(found) = &found {
        tx.sql("DELETE FROM pairings WHERE account = ?1 AND peer = ?2")?.execute(params![found.account, found.shown.peer])?;
    }
    Ok(found)
}

/// Lets a peer in and tells them.
pub(super) fn approve(tx: &mut Tx<'_>, channel: &str, code: &str, notice: &str, now_ms: i64) -> Outcome<Option<Pairing>> {
    let Some(found) = take(tx, channel, code, now_ms)? else { return Ok(None) };
    tx.sql("INSERT INTO allowed (account, peer, name, at_ms) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?
        .execute(params![found.account, found.shown.peer, found.shown.name, now_ms])?;
    if !notice.is_empty() {
        let target: Target = from_json(Some(&found.target)).map_err(poisoned)?;
        let outbound = Outbound::text(target, notice.to_owned());
        let row = NewOutbox { id: OutboxId::new(), outbound, trace: found.trace, idempotency_key: None };
        outbox::put(tx, &NewRow::prepare(row).map_err(poisoned)?)?;
    }
    Ok(Some(found.shown))
}

/// A refusal after something was written would leave half of it: this ends the transaction instead.
fn poisoned(error: StoreError) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

/// Turns a peer away.
pub(super) fn reject(tx: &mut Tx<'_>, channel: &str, code: &str, now_ms: i64) -> Outcome<Option<Pairing>> {
    Ok(take(tx, channel, code, now_ms)?.map(|found| found.shown))
}

/// Returns the peers that were let in.
pub(super) fn allowed(conn: &Connection, account: &AccountKey) -> Outcome<Vec<String>> {
    let peers = conn
        .prepare_cached(
            "SELECT peer FROM allowed JOIN accounts a USING (account) WHERE a.channel = ?1 AND a.name = ?2 ORDER BY peer",
        )?
        .query_map(params![account.channel(), account.account()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(peers)
}

/// Lets a peer in by hand; answers whether it was not let in before.
pub(super) fn allow(tx: &mut Tx<'_>, account: &AccountKey, peer: &str, now_ms: i64) -> Outcome<bool> {
    let account = tx.books.account(tx.conn, account)?;
    let made = tx
        .sql("INSERT INTO allowed (account, peer, name, at_ms) VALUES (?1, ?2, '', ?3) ON CONFLICT DO NOTHING")?
        .execute(params![account, peer, now_ms])?;
    Ok(made > 0)
}

/// Lets a peer in no longer; answers whether it was.
pub(super) fn forget(tx: &mut Tx<'_>, account: &AccountKey, peer: &str) -> Outcome<bool> {
    let account = tx.books.account(tx.conn, account)?;
    Ok(tx.sql("DELETE FROM allowed WHERE account = ?1 AND peer = ?2")?.execute(params![account, peer])? > 0)
}

/// Forgets requests that have expired, at most `max`; answers how many.
pub(super) fn expire(tx: &Tx<'_>, now_ms: i64, max: usize) -> rusqlite::Result<usize> {
    tx.sql(
        "DELETE FROM pairings WHERE (account, peer) IN
             (SELECT account, peer FROM pairings WHERE expires_ms <= ?1 LIMIT ?2)",
    )?
    .execute(params![now_ms, super::codec::limit(max)])
}
