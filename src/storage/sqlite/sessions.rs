//! Sessions: what is known of them, and what can be changed by hand.

use callboard_actors::message::{Activation, SessionKey, Target, Usage};
use callboard_actors::ports::{ACTIVATIONS_MAX, SessionName, SessionRow, SessionTraits, StoreError, UsageQuery, UsageSums};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::codec::{from_json, limit as bound, to_json, uuid};
use super::transcript::{self, RawLines};
use super::tx::{Outcome, Tx};
use super::usage;

pub(super) const COLUMNS: &str = "key, id, updated_ms, lines - trimmed, reply_to, label, traits,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_nanos, compactions";

/// What a session that begins anew has used, and what it is told of before: nothing.
const NOTHING_USED: &str = "input_tokens = 0, output_tokens = 0, cache_read_tokens = 0, cache_write_tokens = 0, cost_nanos = 0,
    summary = NULL, told_from = 0, compactions = 0";

/// A session as it was read; its texts are parsed on the caller's thread.
pub(super) struct RawSession {
    key: String,
    id: Uuid,
    updated_ms: i64,
    entries: i64,
    usage: Usage,
    reply_to: Option<String>,
    label: Option<String>,
    traits: Option<String>,
    compactions: i64,
}

impl RawSession {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            id: uuid(row.get(1)?),
            updated_ms: row.get(2)?,
            entries: row.get(3)?,
            reply_to: row.get(4)?,
            label: row.get(5)?,
            traits: row.get(6)?,
            usage: usage::read(row, 7)?,
            compactions: row.get(12)?,
        })
    }

    /// Returns whether it is the session that has this transcript.
    pub(super) fn has(&self, transcript: Uuid) -> bool {
        self.id == transcript
    }

    /// Returns whether nothing was said in it or changed since it had this transcript at that time.
    pub(super) fn is_as(&self, transcript: Uuid, updated_ms: i64) -> bool {
        self.has(transcript) && self.updated_ms == updated_ms
    }

    /// Parses the texts.
    pub(super) fn parse(self) -> Result<SessionRow, StoreError> {
        let reply_to: Option<Target> = self.reply_to.map(|body| from_json(Some(&body))).transpose()?;
        let traits = parse_traits(self.label, self.traits.as_deref())?;
        Ok(SessionRow {
            key: SessionKey::new(&self.key),
            id: self.id,
            updated_ms: self.updated_ms,
            entries: self.entries.unsigned_abs(),
            usage: self.usage,
            compactions: self.compactions.unsigned_abs(),
            reply_to,
            traits,
        })
    }
}

/// Joins the label, which stands in its own column because it is unique, and the other settings.
fn parse_traits(label: Option<String>, others: Option<&str>) -> Result<SessionTraits, StoreError> {
    let traits = others.map(|body| from_json(Some(body))).transpose()?.unwrap_or_default();
    Ok(SessionTraits { label, ..traits })
}

/// Returns known sessions, newest first.
pub(super) fn list(conn: &Connection, limit: usize) -> Outcome<Vec<SessionRow>> {
    let rows = conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM sessions ORDER BY updated_ms DESC, session DESC LIMIT ?1"))?
        .query_map([bound(limit)], RawSession::read)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(rows.into_iter().map(RawSession::parse).collect::<Result<_, _>>()?)
}

/// What sessions used, with the newest of them as they were read.
pub(super) struct RawSums {
    sums: UsageSums,
    rows: Vec<RawSession>,
}

impl RawSums {
    /// Parses the rows.
    pub(super) fn parse(self) -> Result<UsageSums, StoreError> {
        let rows = self.rows.into_iter().map(RawSession::parse).collect::<Result<_, _>>()?;
        Ok(UsageSums { rows, ..self.sums })
    }
}

/// Sums what sessions used, row by row, so that a sum ends where a number does; the newest are read with all that they have.
pub(super) fn usage_sums(conn: &Connection, query: &UsageQuery) -> Outcome<RawSums> {
    const THOSE: &str = "FROM sessions WHERE updated_ms BETWEEN ?1 AND ?2
        AND (?3 IS NULL OR substr(key || ':', 1, length(?3)) = ?3)";
    // What both statements read is of one moment: a sum has the rows that are told beside it.
    let conn = conn.unchecked_transaction()?;
    let (from, to) = query.span_ms();
    let agent = query.agent.as_ref().map(|agent| format!("agent:{agent}:"));
    let mut sums = UsageSums::default();
    let columns = usage::COLUMNS;
    let mut all =
        conn.prepare_cached(&format!("SELECT key, json_extract(reply_to, '$.account.channel'), {columns} {THOSE}"))?;
    let mut rows = all.query(params![from, to, agent])?;
    while let Some(row) = rows.next()? {
        let (key, channel): (String, Option<String>) = (row.get(0)?, row.get(1)?);
        sums.add(&SessionKey::new(&key), channel.as_deref(), usage::read(row, 2)?);
    }
    let rows = conn
        .prepare_cached(&format!("SELECT {COLUMNS} {THOSE} ORDER BY updated_ms DESC, session DESC LIMIT ?4"))?
        .query_map(params![from, to, agent, bound(query.rows_max)], RawSession::read)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(RawSums { sums, rows })
}

/// Returns a session if it is known.
pub(super) fn find(conn: &Connection, session: &SessionKey) -> Outcome<Option<SessionRow>> {
    let found = conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM sessions WHERE key = ?1"))?
        .query_row([session.as_str()], RawSession::read)
        .optional()?;
    Ok(found.map(RawSession::parse).transpose()?)
}

/// Finds a session by the id of its transcript, over the index of them.
pub(super) const BY_ID: &str = "SELECT key FROM sessions WHERE id = ?1";

/// Returns the session of a name.
pub(super) fn find_named(conn: &Connection, name: &SessionName) -> Outcome<Option<SessionRow>> {
    let key: Option<String> = match name {
        SessionName::Id(id) => conn.prepare_cached(BY_ID)?.query_row([id.as_bytes()], |row| row.get(0)).optional()?,
        SessionName::Label(label) => {
            conn.prepare_cached(LABELLED)?.query_row(params![label, None::<i64>], |row| row.get(0)).optional()?
        }
    };
    key.map_or(Ok(None), |key| find(conn, &SessionKey::new(&key)))
}

pub(super) fn read(tx: &Tx<'_>, session: i64) -> rusqlite::Result<RawSession> {
    tx.sql(&format!("SELECT {COLUMNS} FROM sessions WHERE session = ?1"))?.query_row([session], RawSession::read)
}

/// Merges a patch into a session's settings. Whatever refuses it does so before a row is written.
pub(super) fn patch(tx: &mut Tx<'_>, key: &SessionKey, patch: &Map<String, Value>) -> Outcome<RawSession> {
    let known = tx.books.known_session(tx.conn, key)?;
    let before = match known {
        Some(session) => read(tx, session)?.parse()?.traits,
        None => SessionTraits::default(),
    };
    let mut traits = before.patched(patch)?;
    let label = traits.label.take();
    check_label(tx, label.as_deref(), known)?;
    let others = if traits == SessionTraits::default() { None } else { Some(to_json(&traits)?) };
    let session = tx.books.session(tx.conn, key, tx.now_ms)?;
    tx.sql("UPDATE sessions SET updated_ms = ?2, label = ?3, traits = ?4 WHERE session = ?1")?
        .execute(params![session, tx.now_ms, label, others])?;
    Ok(read(tx, session)?)
}

/// Finds the other session that has a label.
pub(super) const LABELLED: &str = "SELECT key FROM sessions WHERE label = ?1 AND session IS NOT ?2";

fn check_label(tx: &Tx<'_>, label: Option<&str>, session: Option<i64>) -> Outcome<()> {
    let Some(label) = label else { return Ok(()) };
    let other: Option<String> = tx.sql(LABELLED)?.query_row(params![label, session], |row| row.get(0)).optional()?;
    match other {
        None => Ok(()),
        Some(other) => Err(StoreError::Conflict { what: format!("the label `{label}` is that of session {other}") }.into()),
    }
}

/// Begins a session's transcript anew.
pub(super) fn reset(tx: &mut Tx<'_>, key: &SessionKey) -> Outcome<(RawSession, RawLines)> {
    let session = tx.books.session(tx.conn, key, tx.now_ms)?;
    let lines = transcript::take(tx, session, 0)?;
    tx.sql(&format!("UPDATE sessions SET id = ?2, updated_ms = ?3, {NOTHING_USED} WHERE session = ?1"))?.execute(params![
        session,
        Uuid::now_v7().as_bytes(),
        tx.now_ms
    ])?;
    Ok((read(tx, session)?, lines))
}

/// Forgets a session. One that has open rows stays under its number as if they had made it, so that they are found.
pub(super) fn delete(tx: &mut Tx<'_>, key: &SessionKey) -> Outcome<Option<RawLines>> {
    let Some(session) = tx.books.known_session(tx.conn, key)? else { return Ok(None) };
    let lines = transcript::take(tx, session, 0)?;
    if has_open_rows(tx, session)? {
        tx.sql(&format!(
            "UPDATE sessions SET id = ?2, updated_ms = ?3, {NOTHING_USED}, reply_to = NULL, label = NULL, traits = NULL
                 WHERE session = ?1"
        ))?
        .execute(params![session, Uuid::now_v7().as_bytes(), tx.now_ms])?;
    } else {
        tx.sql("DELETE FROM sessions WHERE session = ?1")?.execute([session])?;
        tx.books.forget_session(key);
    }
    Ok(Some(lines))
}

/// Returns whether a session has rows that wait or are in hand.
pub(super) fn has_open_rows(tx: &Tx<'_>, session: i64) -> rusqlite::Result<bool> {
    tx.sql(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM inbox WHERE session = ?1 AND state = 0)
             OR EXISTS (SELECT 1 FROM inbox WHERE session = ?1 AND state = 1)",
    )?
    .exists([session])
}

/// Keeps the newest lines of a session's transcript; answers with those that went and how many are left.
pub(super) fn compact(tx: &mut Tx<'_>, key: &SessionKey, keep: usize) -> Outcome<(RawLines, u64)> {
    let Some(session) = tx.books.known_session(tx.conn, key)? else { return Ok((RawLines::default(), 0)) };
    let dropped = transcript::take(tx, session, keep)?;
    let kept: i64 = tx
        .sql("UPDATE sessions SET updated_ms = ?2 WHERE session = ?1 RETURNING lines - trimmed")?
        .query_row(params![session, tx.now_ms], |row| row.get(0))?;
    Ok((dropped, kept.unsigned_abs()))
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

/// Returns the sessions with a word of their own on when they answer in a group, the newest first.
pub(super) fn activations(conn: &Connection) -> Outcome<Vec<(SessionKey, Activation)>> {
    // Few sessions have settings at all, and this is read once at the start.
    let mut rows = conn.prepare_cached(
        "SELECT key, json_extract(traits, '$.groupActivation') AS word FROM sessions
         WHERE traits IS NOT NULL AND word IS NOT NULL ORDER BY updated_ms DESC, session DESC LIMIT ?1",
    )?;
    let own = rows
        .query_map([bound(ACTIVATIONS_MAX)], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let read = |(key, word): (String, String)| Some((SessionKey::new(&key), Activation::parse(&word)?));
    Ok(own.into_iter().filter_map(read).collect())
}

/// Returns how many open rows each session has, the ones with most first.
pub(super) fn open_rows(conn: &Connection, limit: usize) -> Outcome<Vec<(SessionKey, u64)>> {
    let counted = conn
        .prepare_cached(
            "SELECT s.key, sum(o.rows) AS total FROM
                 (SELECT session, count(*) AS rows FROM inbox WHERE state = 0 GROUP BY session
                  UNION ALL SELECT session, count(*) FROM inbox WHERE state = 1 GROUP BY session) o
             JOIN sessions s USING (session)
             GROUP BY s.session ORDER BY total DESC, s.session LIMIT ?1",
        )?
        .query_map([bound(limit)], |row| {
            Ok((SessionKey::new(&row.get::<_, String>(0)?), row.get::<_, i64>(1)?.unsigned_abs()))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(counted)
}
