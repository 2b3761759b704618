//! Sessions, their transcripts, and the end of a turn.

use callboard_actors::message::{Entry, SessionKey};
use callboard_actors::ports::{SessionRow, StoreError, TurnOutcome};
use rusqlite::{Connection, OptionalExtension, params};

use super::codec::{from_json, limit as bound, to_json};
use super::inbox::{self, RawInbox};
use super::outbox::{self, NewRow};
use super::tx::{Outcome, Tx};

/// How many bits of an entry's key are its line.
const LINE_BITS: u32 = 32;

/// Transcript entries as they are written.
pub(super) struct Lines(Vec<(i64, String)>);

impl Lines {
    /// Writes the entries as JSON.
    pub(super) fn prepare(entries: &[Entry]) -> Result<Self, StoreError> {
        entries.iter().map(|entry| Ok((entry.at_ms, to_json(entry)?))).collect::<Result<_, _>>().map(Self)
    }
}

/// A turn's end with what the caller's thread could do ahead of the writer's.
pub(super) struct Finished {
    outcome: TurnOutcome,
    lines: Lines,
    outbox: Vec<NewRow>,
    reply_to: Option<String>,
}

impl Finished {
    /// Writes everything as JSON.
    pub(super) fn prepare(mut outcome: TurnOutcome) -> Result<Self, StoreError> {
        let lines = Lines::prepare(&outcome.entries)?;
        let outbox = std::mem::take(&mut outcome.outbox).into_iter().map(NewRow::prepare).collect::<Result<_, _>>()?;
        let reply_to = outcome.reply_to.as_ref().map(to_json).transpose()?;
        Ok(Self { outcome, lines, outbox, reply_to })
    }
}

/// Ends a turn and takes the session's next rows in hand.
pub(super) fn finish_turn(tx: &mut Tx<'_>, turn: &Finished, next: usize) -> Outcome<Vec<RawInbox>> {
    if !turn.outbox.is_empty() {
        outbox::check_room(tx)?;
    }
    inbox::finish(tx, &turn.outcome.done)?;
    append(tx, &turn.outcome.session, &turn.lines, turn.reply_to.as_deref())?;
    for row in &turn.outbox {
        outbox::put(tx, row)?;
    }
    if next == 0 { Ok(Vec::new()) } else { inbox::begin(tx, &turn.outcome.session, next) }
}

/// Writes transcript entries.
pub(super) fn append(tx: &mut Tx<'_>, session: &SessionKey, lines: &Lines, reply_to: Option<&str>) -> Outcome<()> {
    let session = tx.books.session(tx.conn, session, tx.now_ms)?;
    let mut insert = tx.sql("INSERT INTO transcript (entry, at_ms, body) VALUES (?1, ?2, ?3)")?;
    for (at_ms, body) in &lines.0 {
        let line = tx.books.next_line(session);
        insert.execute(params![(session << LINE_BITS) + line, at_ms, body])?;
    }
    tx.sql("UPDATE sessions SET updated_ms = ?2, lines = lines + ?3, reply_to = coalesce(?4, reply_to) WHERE session = ?1")?
        .execute(params![session, tx.now_ms, bound(lines.0.len()), reply_to])?;
    Ok(())
}

/// Returns the newest entries of a session's transcript, oldest first.
pub(super) fn history(conn: &Connection, session: &SessionKey, limit: usize) -> Outcome<Vec<Entry>> {
    let found: Option<i64> = conn
        .prepare_cached("SELECT session FROM sessions WHERE key = ?1")?
        .query_row([session.as_str()], |row| row.get(0))
        .optional()?;
    let Some(session) = found else { return Ok(Vec::new()) };
    let mut bodies = conn
        .prepare_cached("SELECT body FROM transcript WHERE entry BETWEEN ?1 AND ?2 ORDER BY entry DESC LIMIT ?3")?
        .query_map(params![first(session), last(session), bound(limit)], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    bodies.reverse();
    Ok(bodies.iter().map(|body| from_json(Some(body))).collect::<Result<_, _>>()?)
}

const fn first(session: i64) -> i64 {
    session << LINE_BITS
}

const fn last(session: i64) -> i64 {
    (session << LINE_BITS) | ((1 << LINE_BITS) - 1)
}

/// Returns known sessions, newest first.
pub(super) fn list(conn: &Connection, limit: usize) -> Outcome<Vec<SessionRow>> {
    let rows = conn
        .prepare_cached(
            "SELECT key, updated_ms, lines - trimmed FROM sessions ORDER BY updated_ms DESC, session DESC LIMIT ?1",
        )?
        .query_map([bound(limit)], |row| {
            Ok(SessionRow {
                key: SessionKey::new(&row.get::<_, String>(0)?),
                updated_ms: row.get(1)?,
                entries: row.get::<_, i64>(2)?.unsigned_abs(),
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// Returns the sessions that have open rows. Steps from session to session in the indexes, not from row to row.
pub(super) fn with_open_rows(conn: &Connection) -> Outcome<Vec<SessionKey>> {
    let keys = conn
        .prepare_cached(
            "WITH RECURSIVE
                 waiting (session) AS (
                     SELECT min(session) FROM inbox WHERE state = 0
                     UNION ALL
                     SELECT (SELECT min(i.session) FROM inbox i WHERE i.state = 0 AND i.session > w.session)
                     FROM waiting w WHERE w.session IS NOT NULL),
                 begun (session) AS (
                     SELECT min(session) FROM inbox WHERE state = 1
                     UNION ALL
                     SELECT (SELECT min(i.session) FROM inbox i WHERE i.state = 1 AND i.session > b.session)
                     FROM begun b WHERE b.session IS NOT NULL)
             SELECT key FROM sessions
             WHERE session IN (SELECT session FROM waiting UNION SELECT session FROM begun) ORDER BY session",
        )?
        .query_map([], |row| row.get::<_, String>(0).map(|key| SessionKey::new(&key)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(keys)
}

/// What a step of [`trim`] came to.
pub(super) struct Trimmed {
    /// How many entries it took away.
    pub entries: usize,
    /// Where the next step begins; `None` after the last session.
    pub next: Option<i64>,
}

/// Takes away the entries of one session that are older than a time, at most `max`, beginning with session `from`.
pub(super) fn trim(tx: &mut Tx<'_>, from: i64, before_ms: i64, max: usize) -> Outcome<Trimmed> {
    let found: Option<i64> = tx
        .sql("SELECT session FROM sessions WHERE session >= ?1 AND lines > trimmed ORDER BY session LIMIT 1")?
        .query_row([from], |row| row.get(0))
        .optional()?;
    let Some(session) = found else { return Ok(Trimmed { entries: 0, next: None }) };
    // Times are the platform's, so the cut is at the first entry that is young enough, whatever stands behind it.
    let cut: i64 = tx
        .sql("SELECT entry FROM transcript WHERE entry BETWEEN ?1 AND ?2 AND at_ms >= ?3 ORDER BY entry LIMIT 1")?
        .query_row(params![first(session), last(session), before_ms], |row| row.get(0))
        .optional()?
        .unwrap_or(last(session));
    let entries = tx
        .sql(
            "DELETE FROM transcript WHERE entry IN
                 (SELECT entry FROM transcript WHERE entry >= ?1 AND entry < ?2 ORDER BY entry LIMIT ?3)",
        )?
        .execute(params![first(session), cut, bound(max)])?;
    tx.sql("UPDATE sessions SET trimmed = trimmed + ?2 WHERE session = ?1")?.execute(params![session, bound(entries)])?;
    Ok(Trimmed { entries, next: Some(if entries < max { session + 1 } else { session }) })
}
