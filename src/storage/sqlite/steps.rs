//! The steps of turns that are under way.

use callboard_actors::message::{BegunRound, InboxId, Steered, ToolCall};
use callboard_actors::ports::{NewOutbox, StoreError};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::codec::{from_json, limit as number, to_json};
use super::outbox::{self, NewRow};
use super::tx::{Outcome, Tx, missing};

/// Under which number a round itself stands; its calls follow.
const ROUND: i64 = 0;
/// In which round the parts of the answer stand that were sent before its end, each under its number. They belong to none.
const SAID: i64 = -1;

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
        let BegunRound { with, said, text, calls, .. } = round;
        let calls = calls.into_iter().map(|(call, _)| call).collect();
        to_json(&Body { with, said, text, calls }).map(Self)
    }
}

/// A part of an answer with what the caller's thread could do ahead of the writer's.
pub(super) struct Part {
    words: String,
    payloads: Vec<NewRow>,
}

impl Part {
    /// Writes the words and the payloads as JSON.
    pub(super) fn prepare(words: &str, payloads: Vec<NewOutbox>) -> Result<Self, StoreError> {
        let payloads = payloads.into_iter().map(NewRow::prepare).collect::<Result<_, _>>()?;
        Ok(Self { words: to_json(&words)?, payloads })
    }
}

/// Writes down that a round begins.
pub(super) fn begin(tx: &mut Tx<'_>, row: InboxId, round: usize, calls: &Round) -> Outcome<()> {
    check_in_hand(tx, row)?;
    match known(tx, row, number(round), ROUND)? {
        Some(known) if known == calls.0 => Ok(()),
        Some(_) => Err(StoreError::Conflict { what: format!("round {round} of inbox row {row} is another one") }.into()),
        None => Ok(insert(tx, row, (number(round), ROUND), &calls.0)?),
    }
}

/// Writes down a part of the answer with its payloads.
pub(super) fn say(tx: &mut Tx<'_>, row: InboxId, place: usize, part: &Part) -> Outcome<()> {
    check_in_hand(tx, row)?;
    let place = number(place);
    let other = || StoreError::Conflict { what: format!("part {place} of the answer to inbox row {row} is another one") };
    match known(tx, row, SAID, place)? {
        Some(known) if known == part.words => return Ok(()),
        Some(_) => return Err(other().into()),
        None if place > 0 && known(tx, row, SAID, place - 1)?.is_none() => return Err(other().into()),
        None => {}
    }
    outbox::check_room(tx, 1)?;
    insert(tx, row, (SAID, place), &part.words)?;
    part.payloads.iter().try_for_each(|payload| outbox::put(tx, payload))
}

fn check_in_hand(tx: &Tx<'_>, row: InboxId) -> Outcome<()> {
    if tx.sql("SELECT 1 FROM inbox WHERE id = ?1 AND state = 1")?.exists([row.as_uuid().as_bytes()])? {
        return Ok(());
    }
    missing(format!("inbox row {row} is not in hand"))
}

fn known(tx: &Tx<'_>, row: InboxId, round: i64, call: i64) -> rusqlite::Result<Option<String>> {
    tx.sql("SELECT body FROM steps WHERE row = ?1 AND round = ?2 AND call = ?3")?
        .query_row(params![row.as_uuid().as_bytes(), round, call], |row| row.get(0))
        .optional()
}

fn insert(tx: &mut Tx<'_>, row: InboxId, (round, call): (i64, i64), body: &str) -> rusqlite::Result<()> {
    tx.sql("INSERT INTO steps (row, round, call, body) VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        row.as_uuid().as_bytes(),
        round,
        call,
        body
    ])?;
    tx.books.stepped.insert(row);
    Ok(())
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
pub(super) struct RawSteps(Vec<(i64, i64, String)>);

impl RawSteps {
    /// Reads the steps of a row.
    pub(super) fn read(conn: &Connection, row: &[u8; 16]) -> rusqlite::Result<Self> {
        conn.prepare_cached("SELECT round, call, body FROM steps WHERE row = ?1 ORDER BY round, call")?
            .query_map([row], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()
            .map(Self)
    }

    /// Parses the steps: the rounds, and what was sent of the answer.
    pub(super) fn parse(self) -> Result<(Vec<BegunRound>, Vec<String>), StoreError> {
        let (mut rounds, mut answered) = (Vec::<BegunRound>::new(), Vec::new());
        for (round, call, body) in self.0 {
            if round == SAID {
                answered.push(from_json(Some(&body))?);
            } else if call == ROUND {
                let Body { with, said, text, calls } = from_json(Some(&body))?;
                rounds.push(BegunRound { with, said, ..BegunRound::new(text, calls) });
            } else if let (Some(round), Ok(call)) = (rounds.last_mut(), usize::try_from(call - 1)) {
                round.finish(call, from_json(Some(&body))?);
            }
        }
        Ok((rounds, answered))
    }
}
