//! Retention: old rows go in small steps, each a request like any other, so that nobody waits long behind one.

use callboard_actors::ports::UsageDay;
use rusqlite::params;

use super::codec::limit as bound;
use super::tx::{DISCARDED, DONE, Outcome, Tx};
use super::{deadletters, pairing, transcript, usage};

/// How many rows a step looks at.
pub(super) const STEP_ROWS_MAX: usize = 1_000;

/// What retention took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Finished rows of the inbox.
    pub inbox: u64,
    /// Confirmed rows of the outbox.
    pub outbox: u64,
    /// Dead letters.
    pub deadletters: u64,
    /// Transcript entries.
    pub entries: u64,
    /// Requests to be let in that had expired.
    pub pairings: u64,
    /// Days of which it was kept what turns used.
    pub usage_days: u64,
}

/// Where a purge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Dead letters, which become finished rows.
    DeadLetters,
    /// Rows of a table from a place on.
    Rows(Table, i64),
    /// Transcripts from a session on.
    Transcripts(i64),
    /// Expired pairing requests.
    Pairings,
    /// Days of usage.
    UsageDays,
}

/// A table whose finished rows go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// Messages to sessions.
    Inbox,
    /// Payloads to platforms.
    Outbox,
}

/// Where a purge begins.
pub(super) const FIRST: Stage = Stage::DeadLetters;

/// Does one step; answers with the stage of the next, `None` after the last.
pub(super) fn step(tx: &mut Tx<'_>, stage: Stage, now_ms: i64, purged: &mut Purged) -> Outcome<Option<Stage>> {
    let limits = tx.limits;
    let next = match stage {
        Stage::DeadLetters => {
            let gone = deadletters::expire(tx, now_ms - limits.deadletters_retention_ms, STEP_ROWS_MAX)?;
            purged.deadletters += gone as u64;
            if gone == STEP_ROWS_MAX { stage } else { Stage::Rows(Table::Inbox, 0) }
        }
        Stage::Rows(table, after) => {
            let (retention_ms, count, then) = match table {
                Table::Inbox => (limits.inbox_retention_ms, &mut purged.inbox, Stage::Rows(Table::Outbox, 0)),
                Table::Outbox => (limits.outbox_retention_ms, &mut purged.outbox, Stage::Transcripts(0)),
            };
            let (gone, next) = sweep(tx, table, after, now_ms - retention_ms)?;
            *count += gone;
            next.map_or(then, |after| Stage::Rows(table, after))
        }
        Stage::Transcripts(_) if limits.transcript_retention_ms == 0 => Stage::Pairings,
        Stage::Transcripts(from) => {
            let trimmed = transcript::trim(tx, from, now_ms - limits.transcript_retention_ms, STEP_ROWS_MAX)?;
            purged.entries += trimmed.entries as u64;
            trimmed.next.map_or(Stage::Pairings, Stage::Transcripts)
        }
        Stage::Pairings => {
            purged.pairings += pairing::expire(tx, now_ms, STEP_ROWS_MAX)? as u64;
            Stage::UsageDays
        }
        Stage::UsageDays => {
            // Today is one of the days that are kept.
            let first = UsageDay::of(now_ms) + 1 - limits.usage_retention_days.max(1);
            purged.usage_days += usage::expire(tx, first)? as u64;
            return Ok(None);
        }
    };
    Ok(Some(next))
}

/// Deletes finished rows among the next ones in order of place; answers how many, and where the next step begins. It ends at
/// the first row that is younger than the cut: what was made later has not ended earlier.
fn sweep(tx: &mut Tx<'_>, table: Table, after: i64, before_ms: i64) -> Outcome<(u64, Option<i64>)> {
    let (select, delete) = match table {
        Table::Inbox => (
            "SELECT place, state, ended_ms FROM inbox WHERE place > ?1 AND created_ms < ?2 ORDER BY place LIMIT ?3",
            "DELETE FROM inbox WHERE place = ?1",
        ),
        Table::Outbox => (
            "SELECT place, state, ended_ms FROM outbox WHERE place > ?1 AND created_ms < ?2 ORDER BY place LIMIT ?3",
            "DELETE FROM outbox WHERE place = ?1",
        ),
    };
    let rows = tx
        .sql(select)?
        .query_map(params![after, before_ms, bound(STEP_ROWS_MAX)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<Vec<(i64, i64, Option<i64>)>>>()?;
    let mut gone = 0;
    let mut delete = tx.sql(delete)?;
    for (place, state, ended_ms) in &rows {
        if matches!(*state, DONE | DISCARDED) && ended_ms.is_some_and(|ended_ms| ended_ms < before_ms) {
            gone += delete.execute([place])? as u64;
        }
    }
    let full = rows.len() == STEP_ROWS_MAX;
    Ok((gone, rows.last().filter(|_| full).map(|(place, ..)| *place)))
}
