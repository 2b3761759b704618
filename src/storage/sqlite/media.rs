//! Which blobs of the media room rows name.

use std::collections::HashSet;

use callboard_actors::message::BlobId;
use rusqlite::Connection;

use super::tx::Fault;

/// Of rows that wait, are in hand or are dead letters. Bodies of others are gone.
const NAMED: [&str; 2] = [
    "SELECT body FROM inbox WHERE state IN (0, 1, 3) AND instr(body, '\"blob\":\"') > 0",
    "SELECT body FROM outbox WHERE state IN (0, 1, 3) AND instr(body, '\"blob\":\"') > 0",
];

/// Returns the blobs that are needed still.
pub(super) fn in_use(conn: &Connection) -> Result<HashSet<BlobId>, Fault> {
    let mut named = HashSet::new();
    for query in NAMED {
        let mut statement = conn.prepare_cached(query)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            named.extend(BlobId::named_in(row.get_ref(0)?.as_str().unwrap_or_default()));
        }
    }
    Ok(named)
}
