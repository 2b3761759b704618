//! Rows that could not be answered or sent, with their reason.

use crate::message::{AccountKey, Code, SessionKey};
use crate::ports::{DeadLetter, DeadLetterId, Direction, Page, StoreError};

use super::state::{Stand, State, missing};

/// What a letter tells of its row.
struct Died<'a> {
    id: DeadLetterId,
    direction: Direction,
    account: &'a AccountKey,
    chat: &'a str,
    attempts: u32,
    session: Option<SessionKey>,
}

fn letter(died: Died<'_>, code: Code, reason: String, at_ms: i64) -> DeadLetter {
    DeadLetter {
        id: died.id,
        direction: died.direction,
        channel: died.account.channel().to_owned(),
        account: died.account.account().to_owned(),
        chat: died.chat.to_owned(),
        attempts: died.attempts,
        code,
        reason,
        at: rfc3339(at_ms),
        session: died.session,
    }
}

/// Returns a time as people and rows write it.
pub(super) fn rfc3339(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

impl State {
    pub(super) fn bury_in(&mut self, place: u64, code: Code, reason: String) {
        let at_ms = self.now_ms();
        let Some(row) = self.inbox.get_mut(&place) else { return };
        row.stand = Stand::Dead;
        let died = Died {
            id: row.id.as_uuid(),
            direction: Direction::Inbound,
            account: &row.inbound.route.account,
            chat: &row.inbound.route.chat.id,
            attempts: row.attempts,
            session: Some(row.session.clone()),
        };
        self.letters.push(letter(died, code, reason, at_ms));
    }

    pub(super) fn bury_out(&mut self, place: u64, code: Code, reason: String) {
        let at_ms = self.now_ms();
        let Some(out) = self.outbox.get_mut(&place) else { return };
        out.stand = Stand::Dead;
        let target = &out.row.outbound.target;
        let died = Died {
            id: out.row.id.as_uuid(),
            direction: Direction::Outbound,
            account: &target.account,
            chat: &target.chat.id,
            attempts: out.attempts,
            session: None,
        };
        self.letters.push(letter(died, code, reason, at_ms));
    }

    pub(super) fn dead_letters(&self, after: Option<DeadLetterId>, limit: usize) -> Result<Page<DeadLetter>, StoreError> {
        let mut newest = self.letters.iter().rev();
        if let Some(id) = after
            && !self.letters.iter().any(|letter| letter.id == id)
        {
            return Err(missing(format!("dead letter {id}")));
        }
        let first = after.and_then(|id| newest.find(|letter| letter.id == id));
        let mut items: Vec<_> = first.into_iter().chain(newest).take(limit.saturating_add(1)).cloned().collect();
        let next = items.get(limit).map(|letter| letter.id);
        items.truncate(limit);
        Ok(Page { items, next })
    }

    fn letter(&self, id: DeadLetterId) -> Result<DeadLetter, StoreError> {
        self.letters.iter().find(|letter| letter.id == id).cloned().ok_or_else(|| missing(format!("dead letter {id}")))
    }

    pub(super) fn retry_dead_letter(&mut self, id: DeadLetterId) -> Result<DeadLetter, StoreError> {
        let letter = self.letter(id)?;
        match letter.direction {
            Direction::Inbound => self.revive_in(id)?,
            Direction::Outbound => self.revive_out(id)?,
        }
        self.letters.retain(|letter| letter.id != id);
        Ok(letter)
    }

    fn revive_in(&mut self, id: DeadLetterId) -> Result<(), StoreError> {
        self.check_inbox()?;
        let place = self.inbox.iter().find(|(_, row)| row.id.as_uuid() == id).map(|(place, _)| *place);
        let Some(mut row) = place.and_then(|place| self.inbox.remove(&place)) else { return Err(missing("its row")) };
        row.seq = self.next_inbox_seq(&row.inbound.route.account, &row.inbound.route.chat);
        (row.stand, row.attempts, row.crashes) = (Stand::Waiting, 0, 0);
        // It may have been deleted since.
        self.session(&row.session);
        let last = self.next_place();
        self.inbox.insert(last, row);
        Ok(())
    }

    fn revive_out(&mut self, id: DeadLetterId) -> Result<(), StoreError> {
        self.check_outbox(1)?;
        let place = self.outbox.iter().find(|(_, out)| out.row.id.as_uuid() == id).map(|(place, _)| *place);
        let Some(mut out) = place.and_then(|place| self.outbox.remove(&place)) else { return Err(missing("its row")) };
        let target = &out.row.outbound.target;
        out.seq = self.next_outbox_seq(&target.account, &target.chat);
        (out.stand, out.attempts, out.crashes) = (Stand::Waiting, 0, 0);
        (out.due_ms, out.created_ms) = (self.now_ms(), self.now_ms());
        let last = self.next_place();
        self.outbox.insert(last, out);
        Ok(())
    }

    pub(super) fn discard_dead_letter(&mut self, id: DeadLetterId) -> Result<DeadLetter, StoreError> {
        let letter = self.letter(id)?;
        for row in self.inbox.values_mut().filter(|row| row.id.as_uuid() == id) {
            row.stand = Stand::Discarded;
            row.steps.clear();
        }
        for out in self.outbox.values_mut().filter(|out| out.row.id.as_uuid() == id) {
            out.stand = Stand::Discarded;
        }
        self.letters.retain(|letter| letter.id != id);
        Ok(letter)
    }
}
