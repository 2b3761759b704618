//! Transcripts, and the end of a turn.

use callboard_actors::message::{Entry, SessionKey, Usage};
use callboard_actors::ports::{HISTORY_BYTES_MAX, LINES_TAKEN_MAX, StoreError, TurnOutcome, UsedBy};
use rusqlite::{Connection, OptionalExtension, Rows, params};

use super::codec::{from_json, limit as bound, to_json};
use super::inbox::{self, RawInbox};
use super::outbox::{self, NewRow};
use super::tx::{Outcome, Tx};
use super::usage;

/// How many bits of an entry's key are its line.
pub(super) const LINE_BITS: u32 = 32;

/// Transcript entries as they are written.
pub(super) struct Lines {
    bodies: Vec<(i64, String)>,
    used_by: UsedBy,
}

impl Lines {
    /// Writes the entries as JSON.
    pub(super) fn prepare(entries: &[Entry]) -> Result<Self, StoreError> {
        let bodies = entries.iter().map(|entry| Ok((entry.at_ms, to_json(entry)?))).collect::<Result<_, StoreError>>()?;
        Ok(Self { bodies, used_by: UsedBy::of(entries) })
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
        outbox::check_room(tx, 1)?;
    }
    inbox::finish(tx, &turn.outcome.done)?;
    inbox::leave(tx, &turn.outcome.session, &turn.outcome.dropped)?;
    append(tx, &turn.outcome.session, &turn.lines, turn.outcome.usage, turn.reply_to.as_deref())?;
    for row in &turn.outbox {
        outbox::put(tx, row)?;
    }
    if next == 0 { Ok(Vec::new()) } else { inbox::begin(tx, &turn.outcome.session, next) }
}

/// Writes transcript entries and counts what they cost. The sums end where a column ends.
pub(super) fn append(tx: &mut Tx<'_>, session: &SessionKey, lines: &Lines, used: Usage, reply_to: Option<&str>) -> Outcome<()> {
    let [input, output, cache_read, cache_write, cost] = usage::columns(used);
    let session = tx.books.session(tx.conn, session, tx.now_ms)?;
    let mut insert = tx.sql("INSERT INTO transcript (entry, at_ms, body) VALUES (?1, ?2, ?3)")?;
    for (at_ms, body) in &lines.bodies {
        let line = tx.books.next_line(session);
        insert.execute(params![(session << LINE_BITS) + line, at_ms, body])?;
    }
    tx.sql(
        "UPDATE sessions SET updated_ms = ?2, lines = lines + ?3, reply_to = coalesce(?4, reply_to),
             input_tokens = min(input_tokens, ?10 - ?5) + ?5, output_tokens = min(output_tokens, ?10 - ?6) + ?6,
             cache_read_tokens = min(cache_read_tokens, ?10 - ?7) + ?7, cache_write_tokens = min(cache_write_tokens, ?10 - ?8) + ?8,
             cost_nanos = min(cost_nanos, ?10 - ?9) + ?9
         WHERE session = ?1",
    )?
    .execute(params![
        session,
        tx.now_ms,
        bound(lines.bodies.len()),
        reply_to,
        input,
        output,
        cache_read,
        cache_write,
        cost,
        i64::MAX
    ])?;
    usage::count(tx, used, lines.used_by)
}

/// Returns the newest entries of a session's transcript, oldest first. One statement, so that the session is not made anew
/// between two.
pub(super) fn history(conn: &Connection, session: &SessionKey, limit: usize) -> Outcome<Vec<Entry>> {
    let mut select = conn.prepare_cached(
        "SELECT t.body FROM sessions s JOIN transcript t ON t.entry BETWEEN (s.session << ?2) AND ((s.session + 1) << ?2) - 1
         WHERE s.key = ?1 ORDER BY t.entry DESC LIMIT ?3",
    )?;
    let rows = select.query(params![session.as_str(), LINE_BITS, bound(limit)])?;
    Ok(RawLines::read(rows)?.parse()?)
}

/// Returns lines of a session's transcript from behind a line on, oldest first, each with its number from 1.
pub(super) fn page(conn: &Connection, session: &SessionKey, behind: u64, limit: usize) -> Outcome<Vec<(u64, Entry)>> {
    // Lines count from 0 in the file.
    let from = i64::try_from(behind).unwrap_or(i64::MAX).min((1 << LINE_BITS) - 1);
    let rows = conn
        .prepare_cached(
            "SELECT t.entry - (s.session << ?2), t.body FROM sessions s
             JOIN transcript t ON t.entry BETWEEN (s.session << ?2) + ?3 AND ((s.session + 1) << ?2) - 1
             WHERE s.key = ?1 ORDER BY t.entry LIMIT ?4",
        )?
        .query_map(params![session.as_str(), LINE_BITS, from, bound(limit)], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs() + 1, row.get::<_, String>(1)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let parsed = rows.into_iter().map(|(line, body)| Ok((line, from_json(Some(&body))?)));
    Ok(parsed.collect::<Result<_, StoreError>>()?)
}

/// Lines as they were read, newest first; they are parsed on the caller's thread.
#[derive(Default)]
pub(super) struct RawLines(Vec<String>);

impl RawLines {
    /// Reads lines, newest first, until there are as many bytes of them as one answer has.
    fn read(mut rows: Rows<'_>) -> rusqlite::Result<Self> {
        let (mut bodies, mut bytes) = (Vec::<String>::new(), 0);
        while let Some(row) = rows.next()? {
            bytes += row.get_ref(0)?.as_str()?.len();
            if bytes > HISTORY_BYTES_MAX && !bodies.is_empty() {
                break;
            }
            bodies.push(row.get(0)?);
        }
        Ok(Self(bodies))
    }

    /// Parses the lines, oldest first.
    pub(super) fn parse(self) -> Result<Vec<Entry>, StoreError> {
        self.0.iter().rev().map(|body| from_json(Some(body))).collect()
    }
}

/// Takes all lines of a transcript but the newest `keep` away; answers with the newest of them.
pub(super) fn take(tx: &mut Tx<'_>, session: i64, keep: usize) -> rusqlite::Result<RawLines> {
    let newest: Option<i64> = tx
        .sql("SELECT entry FROM transcript WHERE entry BETWEEN ?1 AND ?2 ORDER BY entry DESC LIMIT 1 OFFSET ?3")?
        .query_row(params![first(session), last(session), bound(keep)], |row| row.get(0))
        .optional()?;
    let Some(newest) = newest else { return Ok(RawLines::default()) };
    let bodies = tx
        .sql("SELECT body FROM transcript WHERE entry BETWEEN ?1 AND ?2 ORDER BY entry DESC LIMIT ?3")?
        .query_map(params![first(session), newest, bound(LINES_TAKEN_MAX)], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let gone = tx.sql("DELETE FROM transcript WHERE entry BETWEEN ?1 AND ?2")?.execute([first(session), newest])?;
    tx.sql("UPDATE sessions SET trimmed = trimmed + ?2 WHERE session = ?1")?.execute(params![session, bound(gone)])?;
    Ok(RawLines(bodies))
}

const fn first(session: i64) -> i64 {
    session << LINE_BITS
}

const fn last(session: i64) -> i64 {
    (session << LINE_BITS) | ((1 << LINE_BITS) - 1)
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
