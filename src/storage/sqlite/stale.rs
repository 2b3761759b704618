//! Sessions that may be forgotten: which those are, and the end of one of them.

use callboard_actors::message::SessionKey;
use callboard_actors::ports::{Answer, SessionRow, StoreError};
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::codec::limit as bound;
use super::sessions::{self, COLUMNS, RawSession};
use super::store::SqliteStore;
use super::tx::{Outcome, Tx};

/// Which sessions may be forgotten. Never one with open rows, a main session, or one that somebody set by hand; of those that a session
/// made, settings are no reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleQuery {
    /// Those that changed last before this, milliseconds since 1970.
    pub silent_since_ms: Option<i64>,
    /// Those behind so many that changed later; at least 1.
    pub entries_max: u64,
    /// But none that changed at this time or later.
    pub changed_before_ms: i64,
    /// How the keys of main sessions end, with the colon.
    pub main: String,
    /// How many are told of.
    pub rows_max: usize,
}

/// Sessions that may be forgotten.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stale {
    /// How many there are.
    pub count: u64,
    /// Those that changed longest ago.
    pub rows: Vec<SessionRow>,
}

/// Those that may: with `?1` the time of the last change, `?2` how many newer ones stay, `?3` the time that is too young in any case,
/// `?4` how main sessions end.
const THOSE: &str = "FROM sessions s WHERE updated_ms < ?3
    AND (updated_ms < ?1 OR (updated_ms, session) <
        (SELECT updated_ms, session FROM sessions ORDER BY updated_ms DESC, session DESC LIMIT 1 OFFSET ?2 - 1))
    AND substr(key, -length(?4)) <> ?4
    AND ((label IS NULL AND traits IS NULL) OR json_extract(traits, '$.spawnedBy') IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.session = s.session AND i.state = 0)
    AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.session = s.session AND i.state = 1)";

impl SqliteStore {
    /// Returns the sessions that may be forgotten.
    pub fn stale_sessions(&self, query: StaleQuery) -> Answer<Stale> {
        let raw = self.read(move |conn| find(conn, &query));
        Box::pin(async move {
            let (count, rows) = raw.await?;
            let rows = rows.into_iter().map(RawSession::parse).collect::<Result<_, StoreError>>()?;
            Ok(Stale { count, rows })
        })
    }

    /// Forgets a session with its lines, if it is as it was when it was read and nothing waits in it; says whether it did.
    pub fn prune_session(&self, key: SessionKey, transcript: Uuid, updated_ms: i64) -> Answer<bool> {
        self.write(move |tx| prune(tx, &key, transcript, updated_ms))
    }
}

fn find(conn: &Connection, query: &StaleQuery) -> Outcome<(u64, Vec<RawSession>)> {
    let StaleQuery { silent_since_ms, entries_max, changed_before_ms, main, rows_max } = query;
    let entries_max = i64::try_from((*entries_max).max(1)).unwrap_or(i64::MAX);
    // Both statements are of one moment.
    let conn = conn.unchecked_transaction()?;
    let count: i64 = conn
        .prepare_cached(&format!("SELECT count(*) {THOSE}"))?
        .query_row(params![silent_since_ms, entries_max, changed_before_ms, main], |row| row.get(0))?;
    let rows = conn
        .prepare_cached(&format!("SELECT {COLUMNS} {THOSE} ORDER BY updated_ms, session LIMIT ?5"))?
        .query_map(params![silent_since_ms, entries_max, changed_before_ms, main, bound(*rows_max)], RawSession::read)?
        .collect::<rusqlite::Result<_>>()?;
    Ok((count.unsigned_abs(), rows))
}

fn prune(tx: &mut Tx<'_>, key: &SessionKey, transcript: Uuid, updated_ms: i64) -> Outcome<bool> {
    let Some(session) = tx.books.known_session(tx.conn, key)? else { return Ok(false) };
    let is_same = sessions::read(tx, session)?.is_as(transcript, updated_ms);
    if !is_same || sessions::has_open_rows(tx, session)? {
        return Ok(false);
    }
    sessions::delete(tx, key)?;
    Ok(true)
}
