//! What of a transcript its later turns are told.

use callboard_actors::message::{Entry, Role, SessionKey, Usage};
use callboard_actors::ports::{Context, HISTORY_BYTES_MAX, StoreError, Summary};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::codec::{from_json, limit as bound, uuid};
use super::sessions::{self, RawSession};
use super::transcript::{self, LINE_BITS, Lines};
use super::tx::{Outcome, Tx};

/// The lines as they were read, newest first; they are parsed on the caller's thread.
#[derive(Default)]
pub(super) struct RawContext {
    id: Option<Uuid>,
    summary: Option<String>,
    lines: Vec<(i64, String)>,
}

impl RawContext {
    /// Parses the lines.
    pub(super) fn parse(self) -> Result<Context, StoreError> {
        let line = |body: &String| from_json::<Entry>(Some(body));
        let summary = self.summary.as_ref().map(line).transpose()?;
        // A page has them under the same numbers.
        let numbered = |(number, body): &(i64, String)| Ok((number.unsigned_abs() + 1, line(body)?));
        let mut lines = self.lines.iter().rev().map(numbered).collect::<Result<Vec<_>, StoreError>>()?;
        // The newest summary says what older ones say.
        lines.retain(|(_, line)| line.role != Role::Summary);
        Ok(Context { id: self.id, summary, lines })
    }
}

/// Reads the summary and the newest lines that it does not tell of; all of it as it was at one moment.
pub(super) fn read(conn: &Connection, key: &SessionKey, limit: usize) -> Outcome<RawContext> {
    let moment = conn.unchecked_transaction()?;
    let found: Option<(i64, Uuid, Option<i64>, i64)> = moment
        .prepare_cached("SELECT session, id, summary, told_from FROM sessions WHERE key = ?1")?
        .query_row([key.as_str()], |row| Ok((row.get(0)?, uuid(row.get(1)?), row.get(2)?, row.get(3)?)))
        .optional()?;
    let Some((session, id, summary, from)) = found else { return Ok(RawContext::default()) };
    let first = session << LINE_BITS;
    let mut context = RawContext { id: Some(id), ..RawContext::default() };
    if let Some(line) = summary {
        let mut select = moment.prepare_cached("SELECT body FROM transcript WHERE entry = ?1")?;
        context.summary = select.query_row([first + line], |row| row.get(0)).optional()?;
    }
    let mut select = moment.prepare_cached(
        "SELECT entry - ?1, body FROM transcript WHERE entry BETWEEN ?1 + ?2 AND ?1 + ?3 AND entry IS NOT ?1 + ?4
         ORDER BY entry DESC LIMIT ?5",
    )?;
    let mut rows = select.query(params![first, from, (1_i64 << LINE_BITS) - 1, summary, bound(limit)])?;
    let mut bytes = context.summary.as_ref().map_or(0, String::len);
    while let Some(row) = rows.next()? {
        bytes += row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?.len();
        if bytes > HISTORY_BYTES_MAX && !context.lines.is_empty() {
            break;
        }
        context.lines.push((row.get(0)?, row.get(1)?));
    }
    Ok(context)
}

/// Adds a summary behind the transcript that it is of.
pub(super) fn summarise(tx: &mut Tx<'_>, key: &SessionKey, summary: &Summary, lines: &Lines) -> Outcome<RawSession> {
    let known = tx.books.known_session(tx.conn, key)?;
    let Some(session) = known else { return Err(replaced(key).into()) };
    if !sessions::read(tx, session)?.has(summary.id) {
        return Err(replaced(key).into());
    }
    transcript::append(tx, key, lines, Usage::default(), None)?;
    let from = i64::try_from(summary.from.saturating_sub(1)).unwrap_or(i64::MAX);
    tx.sql("UPDATE sessions SET summary = lines, told_from = ?2, compactions = compactions + 1 WHERE session = ?1")?
        .execute(params![session, from])?;
    Ok(sessions::read(tx, session)?)
}

fn replaced(key: &SessionKey) -> StoreError {
    StoreError::Conflict { what: format!("session {key} has another transcript by now") }
}
