//! What turns used: counts in columns, and the days.

use callboard_actors::message::Usage;
use callboard_actors::ports::{UsageDay, UsedBy};
use rusqlite::{Connection, Row, params};

use super::tx::{Outcome, Tx};

/// The columns of a count, in the order in which [`read`] and [`columns`] have them.
pub(super) const COLUMNS: &str = "input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_nanos";

/// Reads a count from its five columns.
pub(super) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Usage> {
    let count = |place: usize| row.get::<_, i64>(first + place).map(i64::unsigned_abs);
    Ok(Usage { input: count(0)?, output: count(1)?, cache_read: count(2)?, cache_write: count(3)?, cost_nanos: count(4)? })
}

/// Returns a count as its columns have it, which end at `i64::MAX`.
pub(super) fn columns(usage: Usage) -> [i64; 5] {
    let Usage { input, output, cache_read, cache_write, cost_nanos } = usage;
    [input, output, cache_read, cache_write, cost_nanos].map(|count| i64::try_from(count).unwrap_or(i64::MAX))
}

/// Adds what was used to its day.
pub(super) fn count(tx: &Tx<'_>, usage: Usage, used_by: UsedBy) -> Outcome<()> {
    let Some(added) = UsageDay::of_lines(tx.now_ms, usage, used_by) else { return Ok(()) };
    let (turns, unpriced) = (i64::from(added.turns > 0), i64::from(added.unpriced > 0));
    let [input, output, cache_read, cache_write, cost] = columns(usage);
    tx.sql(
        "INSERT INTO usage_days VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?9, ?7)
         ON CONFLICT (day) DO UPDATE SET
             input_tokens = min(input_tokens, ?8 - ?2) + ?2, output_tokens = min(output_tokens, ?8 - ?3) + ?3,
             cache_read_tokens = min(cache_read_tokens, ?8 - ?4) + ?4, cache_write_tokens = min(cache_write_tokens, ?8 - ?5) + ?5,
             cost_nanos = min(cost_nanos, ?8 - ?6) + ?6, turns = turns + ?9, unpriced = unpriced + ?7",
    )?
    .execute(params![added.day, input, output, cache_read, cache_write, cost, unpriced, i64::MAX, turns])?;
    Ok(())
}

/// Returns the days from one on, oldest first.
pub(super) fn days(conn: &Connection, from: i64) -> Outcome<Vec<UsageDay>> {
    let days = conn
        .prepare_cached(&format!("SELECT day, turns, unpriced, {COLUMNS} FROM usage_days WHERE day >= ?1 ORDER BY day"))?
        .query_map([from], |row| {
            let count = |place: usize| row.get::<_, i64>(place).map(i64::unsigned_abs);
            Ok(UsageDay { day: row.get(0)?, turns: count(1)?, unpriced: count(2)?, usage: read(row, 3)? })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(days)
}

/// Forgets the days before one; answers how many those were. There is a row a day, so one step is enough.
pub(super) fn expire(tx: &Tx<'_>, before: i64) -> Outcome<usize> {
    Ok(tx.sql("DELETE FROM usage_days WHERE day < ?1")?.execute([before])?)
}
