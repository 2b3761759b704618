//! The steps of turns that are under way.

use callboard_actors::message::{BegunRound, InboxId, Steered, ToolCall};
use callboard_actors::ports::StoreError;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::codec::{from_json, limit as number, to_json};
use super::tx::{Outcome, Tx, missing};

/// Under which number a round itself stands; its calls follow.
const ROUND: i64 = 0;

/// A round as it is written.
#[derive(Serialize, Deserialize)]
struct Body {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    with: Vec<InboxId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    said: Vec<Steered>,
    text: String,
    calls: Vec<ToolCall>,
}

/// A round with what the caller's thread could do ahead of the writer's.
pub(super) struct Round(String);

impl Round {
    /// Writes the round as JSON. It has no results yet.
    pub(super) fn prepare(round: BegunRound) -> Result<Self, StoreError> {
        let BegunRound { with, said, text, calls } = round;
        let calls = calls.into_iter().map(|(call, _)| call).collect();
        to_json(&Body { with, said, text, calls }).map(Self)
    }
}

/// Writes down that a round begins.
pub(super) fn begin(tx: &mut Tx<'_>, row: InboxId, round: usize, calls: &Round) -> Outcome<()> {
    let uuid = row.as_uuid();
    let id = uuid.as_bytes();
    if !tx.sql("SELECT 1 FROM inbox WHERE id = ?1 AND state = 1")?.exists([id])? {
        return missing(format!("inbox row {row} is not in hand"));
    }
    let known: Option<String> = tx
        .sql("SELECT body FROM steps WHERE row = ?1 AND round = ?2 AND call = ?3")?
        .query_row(params![id, number(round), ROUND], |row| row.get(0))
        .optional()?;
    match known {
        Some(known) if known == calls.0 => Ok(()),
        Some(_) => Err(StoreError::Conflict { what: format!("round {round} of inbox row {row} is another one") }.into()),
        None => {
            tx.sql("INSERT INTO steps (row, round, call, body) VALUES (?1, ?2, ?3, ?4)")?.execute(params![
                id,
                number(round),
                ROUND,
                calls.0
            ])?;
            tx.books.stepped.insert(row);
            Ok(())
        }
    }
}

/// Writes down how a call came out, unless that is known.
pub(super) fn finish(tx: &mut Tx<'_>, row: InboxId, round: usize, call: usize, body: &str) -> Outcome<()> {
    let uuid = row.as_uuid();
    let id = uuid.as_bytes();
    let begun: Option<i64> = tx
        .sql("SELECT json_array_length(body, '$.calls') FROM steps WHERE row = ?1 AND round = ?2 AND call = ?3")?
        .query_row(params![id, number(round), ROUND], |row| row.get(0))
        .optional()?;
    if begun.is_none_or(|calls| calls <= number(call)) {
        return missing(format!("inbox row {row} has no such call"));
    }
    tx.sql("INSERT INTO steps (row, round, call, body) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?.execute(params![
        id,
        number(round),
        number(call) + 1,
        body
    ])?;
    Ok(())
}

/// Forgets the steps of a row, where it has any.
pub(super) fn forget(tx: &mut Tx<'_>, row: InboxId) -> rusqlite::Result<()> {
    if !tx.books.stepped.remove(&row) {
        return Ok(());
    }
    tx.sql("DELETE FROM steps WHERE row = ?1")?.execute([row.as_uuid().as_bytes()]).map(drop)
}

/// Steps as they were read; they are parsed on the caller's thread.
#[derive(Default)]
pub(super) struct RawSteps(Vec<(i64, String)>);

impl RawSteps {
    /// Reads the steps of a row.
    pub(super) fn read(conn: &Connection, row: &[u8; 16]) -> rusqlite::Result<Self> {
        conn.prepare_cached("SELECT call, body FROM steps WHERE row = ?1 ORDER BY round, call")?
            .query_map([row], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()
            .map(Self)
    }

    /// Parses the steps.
    pub(super) fn parse(self) -> Result<Vec<BegunRound>, StoreError> {
        let mut rounds: Vec<BegunRound> = Vec::new();
        for (call, body) in self.0 {
            if call == ROUND {
                let Body { with, said, text, calls } = from_json(Some(&body))?;
                rounds.push(BegunRound { with, said, ..BegunRound::new(text, calls) });
            } else if let (Some(round), Ok(call)) = (rounds.last_mut(), usize::try_from(call - 1)) {
                round.finish(call, from_json(Some(&body))?);
            }
        }
        Ok(rounds)
    }
}
