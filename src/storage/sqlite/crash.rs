//! Rows that were in hand when whoever held them went away.

use callboard_actors::message::Code;
use callboard_actors::ports::CrashCount;
use rusqlite::{Connection, params};

use super::deadletters::{self, Cause};
use super::tx::{Outcome, Tx};

/// Returns the reason that stands in a poison row's dead letter.
fn reason(crashes: u32) -> String {
    format!("it was in hand at {crashes} crashes in a row and is kept out of the way; retry it by hand")
}

/// Puts inbox rows in hand back; answers how many wait again, the others being dead letters now.
pub(super) fn reopen_inbox(tx: &mut Tx<'_>, places: &[i64], crash: CrashCount) -> Outcome<usize> {
    let mut waiting = 0;
    for place in places {
        let crashes: u32 = tx
            .sql("UPDATE inbox SET state = 0, crashes = crashes + ?2 WHERE place = ?1 RETURNING crashes")?
            .query_row(params![place, step(crash)], |row| row.get(0))?;
        if is_poison(crashes, crash) {
            deadletters::bury_inbox(tx, *place, &Cause { code: Code::Poison, reason: &reason(crashes) })?;
        } else {
            waiting += 1;
        }
    }
    Ok(waiting)
}

/// Puts an outbox row in hand back; false when it is a dead letter now. The caller counts.
pub(super) fn reopen_outbox(tx: &mut Tx<'_>, place: i64, crash: CrashCount) -> rusqlite::Result<bool> {
    let crashes: u32 = tx
        .sql(
            "UPDATE outbox SET state = 0, resent = 1, crashes = crashes + ?2, attempts = attempts + ?2
             WHERE place = ?1 RETURNING crashes",
        )?
        .query_row(params![place, step(crash)], |row| row.get(0))?;
    let poison = is_poison(crashes, crash);
    if poison {
        deadletters::bury_outbox(tx, place, &Cause { code: Code::Poison, reason: &reason(crashes) })?;
    }
    Ok(!poison)
}

const fn step(crash: CrashCount) -> u32 {
    match crash {
        CrashCount::Counted { .. } => 1,
        CrashCount::Uncounted => 0,
    }
}

const fn is_poison(crashes: u32, crash: CrashCount) -> bool {
    matches!(crash, CrashCount::Counted { max } if crashes >= max)
}

/// Counts a crash against every row that an aborted process left in hand; answers how many there were.
pub(super) fn recover(tx: &mut Tx<'_>, max: u32) -> Outcome<usize> {
    let crash = CrashCount::Counted { max };
    let inbox = begun(tx.conn, "SELECT place FROM inbox WHERE state = 1 ORDER BY place")?;
    let outbox = begun(tx.conn, "SELECT place FROM outbox WHERE state = 1 ORDER BY place")?;
    reopen_inbox(tx, &inbox, crash)?;
    for place in &outbox {
        reopen_outbox(tx, *place, crash)?;
    }
    Ok(inbox.len() + outbox.len())
}

fn begun(conn: &Connection, sql: &str) -> rusqlite::Result<Vec<i64>> {
    conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// Puts every row in hand back without counting: the store is closed in order.
pub(super) fn put_all_back(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(
        "BEGIN IMMEDIATE;
         UPDATE inbox SET state = 0 WHERE state = 1;
         UPDATE outbox SET state = 0, resent = 1 WHERE state = 1;
         COMMIT;",
    )
}
