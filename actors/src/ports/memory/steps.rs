//! The steps of turns that are under way.

use crate::message::{BegunRound, InboxId, ToolResult};
use crate::ports::{NewOutbox, StoreError};

use super::state::{Stand, State, missing};

impl State {
    pub(super) fn begin_round(&mut self, id: InboxId, round: usize, calls: BegunRound) -> Result<(), StoreError> {
        let row = self.inbox.values_mut().find(|row| row.id == id && row.stand == Stand::Begun);
        let Some(row) = row else { return Err(missing(format!("inbox row {id} is not in hand"))) };
        match row.steps.get(round) {
            Some(known) if is_same(known, &calls) => Ok(()),
            Some(_) => Err(StoreError::Conflict { what: format!("round {round} of inbox row {id} is another one") }),
            None => {
                row.steps.push(calls);
                Ok(())
            }
        }
    }

    pub(super) fn finish_call(&mut self, id: InboxId, round: usize, call: usize, result: ToolResult) -> Result<(), StoreError> {
        let row = self.inbox.values_mut().find(|row| row.id == id);
        let round = row.and_then(|row| row.steps.get_mut(round)).filter(|round| call < round.calls.len());
        let Some(round) = round else { return Err(missing(format!("inbox row {id} has no such call"))) };
        round.finish(call, result);
        Ok(())
    }

    pub(super) fn say(
        &mut self,
        id: InboxId,
        number: usize,
        words: String,
        payloads: Vec<NewOutbox>,
    ) -> Result<(), StoreError> {
        let row = self.inbox.values().find(|row| row.id == id && row.stand == Stand::Begun);
        let Some(row) = row else { return Err(missing(format!("inbox row {id} is not in hand"))) };
        match row.said.get(number) {
            Some(known) if *known == words => return Ok(()),
            None if row.said.len() == number => {}
            _ => {
                return Err(StoreError::Conflict {
                    what: format!("part {number} of the answer to inbox row {id} is another one"),
                });
            }
        }
        self.check_outbox(1)?;
        if let Some(row) = self.inbox.values_mut().find(|row| row.id == id) {
            row.said.push(words);
        }
        payloads.into_iter().for_each(|payload| self.put(payload));
        Ok(())
    }
}

/// Says whether two rounds ask for the same.
fn is_same(known: &BegunRound, other: &BegunRound) -> bool {
    let beside = |round: &BegunRound| (round.with.clone(), round.said.clone(), round.text.clone());
    beside(known) == beside(other) && known.calls.iter().map(|(call, _)| call).eq(other.calls.iter().map(|(call, _)| call))
}
