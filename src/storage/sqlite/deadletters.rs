//! Rows that could not be answered or sent, with their reason.

use callboard_actors::message::{Code, SessionKey};
use callboard_actors::ports::{DeadLetter, DeadLetterId, Direction, Page, StoreError};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::codec::{limit as bound, rfc3339, uuid};
use super::tx::{DEAD, Fault, Outcome, Tx, missing};
use super::{inbox, outbox};

const INBOUND: i64 = 0;
const OUTBOUND: i64 = 1;

/// Why a row is given up.
pub(super) struct Cause<'a> {
    /// The stable code.
    pub code: Code,
    /// The reason for people.
    pub reason: &'a str,
}

/// Moves an open inbox row to the dead letters and counts it.
pub(super) fn bury_inbox(tx: &mut Tx<'_>, place: i64, cause: &Cause<'_>) -> rusqlite::Result<()> {
    tx.sql(
        "INSERT INTO deadletters (id, direction, place, channel, account, chat, session, attempts, code, reason, at_ms)
         SELECT i.id, 0, i.place, a.channel, a.name, c.id, s.key, i.attempts, ?2, ?3, ?4
         FROM inbox i JOIN accounts a USING (account) JOIN chats c USING (chat) JOIN sessions s USING (session)
         WHERE i.place = ?1",
    )?
    .execute(params![place, cause.code.as_str(), cause.reason, tx.now_ms])?;
    tx.sql("UPDATE inbox SET state = ?2 WHERE place = ?1")?.execute(params![place, DEAD])?;
    tx.books.inbox_open = tx.books.inbox_open.saturating_sub(1);
    Ok(())
}

/// Moves an open outbox row to the dead letters; the caller counts.
pub(super) fn bury_outbox(tx: &mut Tx<'_>, place: i64, cause: &Cause<'_>) -> rusqlite::Result<()> {
    tx.sql(
        "INSERT INTO deadletters (id, direction, place, channel, account, chat, session, attempts, code, reason, at_ms)
         SELECT o.id, 1, o.place, a.channel, a.name, c.id, NULL, o.attempts, ?2, ?3, ?4
         FROM outbox o JOIN accounts a USING (account) JOIN chats c USING (chat)
         WHERE o.place = ?1",
    )?
    .execute(params![place, cause.code.as_str(), cause.reason, tx.now_ms])?;
    tx.sql("UPDATE outbox SET state = ?2 WHERE place = ?1")?.execute(params![place, DEAD])?;
    Ok(())
}

/// A dead letter with the place of its row.
struct Letter {
    letter: i64,
    place: i64,
    shown: DeadLetter,
}

const COLUMNS: &str = "letter, place, id, direction, channel, account, chat, session, attempts, code, reason, at_ms";

fn read(row: &Row<'_>) -> rusqlite::Result<Letter> {
    let direction = if row.get::<_, i64>(3)? == OUTBOUND { Direction::Outbound } else { Direction::Inbound };
    let shown = DeadLetter {
        id: uuid(row.get(2)?),
        direction,
        channel: row.get(4)?,
        account: row.get(5)?,
        chat: row.get(6)?,
        session: row.get::<_, Option<String>>(7)?.as_deref().map(SessionKey::new),
        attempts: row.get(8)?,
        // A code of a later version is shown as the one for what is unknown.
        code: row.get::<_, String>(9)?.parse().unwrap_or(Code::Internal),
        reason: row.get(10)?,
        at: rfc3339(row.get(11)?),
    };
    Ok(Letter { letter: row.get(0)?, place: row.get(1)?, shown })
}

/// Returns a page, newest first. `after` names the first letter of the page.
pub(super) fn list(conn: &Connection, after: Option<DeadLetterId>, limit: usize) -> Outcome<Page<DeadLetter>> {
    let from = match after {
        None => i64::MAX,
        Some(id) => match find(conn, id)? {
            Some(found) => found.letter,
            None => return missing(format!("dead letter {id}: it is gone, list from the start")),
        },
    };
    let mut letters = conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM deadletters WHERE letter <= ?1 ORDER BY letter DESC LIMIT ?2"))?
        .query_map(params![from, bound(limit.saturating_add(1))], read)?
        .map(|letter| letter.map(|letter| letter.shown))
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let next = letters.get(limit).map(|letter| letter.id);
    letters.truncate(limit);
    Ok(Page { items: letters, next })
}

fn find(conn: &Connection, id: DeadLetterId) -> rusqlite::Result<Option<Letter>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM deadletters WHERE id = ?1"))?
        .query_row([id.as_bytes()], read)
        .optional()
}

fn must_find(conn: &Connection, id: DeadLetterId) -> Outcome<Letter> {
    find(conn, id)?.ok_or_else(|| Fault::Refused(StoreError::Missing { what: format!("dead letter {id}") }))
}

/// Puts a letter's row back at the end of its chat's queue.
pub(super) fn retry(tx: &mut Tx<'_>, id: DeadLetterId) -> Outcome<DeadLetter> {
    let found = must_find(tx.conn, id)?;
    match found.shown.direction {
        Direction::Inbound => inbox::revive(tx, found.place, found.shown.session.as_ref())?,
        Direction::Outbound => outbox::revive(tx, found.place)?,
    }
    forget(tx, found.letter)?;
    Ok(found.shown)
}

/// Forgets a letter.
pub(super) fn discard(tx: &mut Tx<'_>, id: DeadLetterId) -> Outcome<DeadLetter> {
    let found = must_find(tx.conn, id)?;
    match found.shown.direction {
        Direction::Inbound => inbox::discard(tx, found.place)?,
        Direction::Outbound => outbox::discard(tx, found.place)?,
    }
    forget(tx, found.letter)?;
    Ok(found.shown)
}

fn forget(tx: &Tx<'_>, letter: i64) -> rusqlite::Result<()> {
    tx.sql("DELETE FROM deadletters WHERE letter = ?1")?.execute([letter]).map(drop)
}

/// Discards letters of before a time, oldest first, at most `max`; answers how many.
pub(super) fn expire(tx: &mut Tx<'_>, before_ms: i64, max: usize) -> rusqlite::Result<usize> {
    let old = tx
        .sql("SELECT letter, direction, place FROM deadletters WHERE at_ms < ?1 ORDER BY at_ms LIMIT ?2")?
        .query_map(params![before_ms, bound(max)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<Vec<(i64, i64, i64)>>>()?;
    for (letter, direction, place) in &old {
        if *direction == INBOUND {
            inbox::discard(tx, *place)?
        } else {
            outbox::discard(tx, *place)?
        }
        forget(tx, *letter)?;
    }
    Ok(old.len())
}
