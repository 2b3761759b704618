//! Payloads on their way to platforms.

use std::collections::{HashMap, HashSet};

use crate::message::{AccountKey, ChatRef, Code, OutboxId, Receipt, Target};
use crate::ports::{Attempt, CrashCount, NewOutbox, OutboxNote, OutboxRow, OutboxState, Queued, SendOrder, StoreError};

use super::state::{Out, Stand, State, missing};

impl Out {
    fn chat(&self) -> &ChatRef {
        &self.row.outbound.target.chat
    }

    fn is_of(&self, account: &AccountKey) -> bool {
        self.row.outbound.target.account == *account
    }

    fn taken(&self) -> OutboxRow {
        OutboxRow {
            id: self.row.id,
            seq: self.seq,
            attempts: self.attempts,
            resent: self.resent,
            created_ms: self.created_ms,
            outbound: self.row.outbound.clone(),
            trace: self.row.trace,
        }
    }
}

impl State {
    pub(super) fn check_outbox(&self, new: usize) -> Result<(), StoreError> {
        let rows = self.outbox_open();
        if rows.saturating_add(u64::try_from(new).unwrap_or(u64::MAX)) > self.limits.outbox_rows_max {
            return Err(StoreError::Full { table: "outbox", rows, setting: "outboxRowsMax" });
        }
        Ok(())
    }

    fn known(&self, new: &NewOutbox) -> Option<OutboxId> {
        let same_key = |out: &&Out| new.idempotency_key.is_some() && out.row.idempotency_key == new.idempotency_key;
        let same_id = |out: &&Out| out.row.id == new.id;
        self.outbox.values().find(same_key).or_else(|| self.outbox.values().find(same_id)).map(|out| out.row.id)
    }

    pub(super) fn enqueue(&mut self, rows: Vec<NewOutbox>) -> Result<Vec<Queued>, StoreError> {
        let there: Vec<_> = rows.iter().filter_map(|row| self.known(row)).map(|id| Queued { id, new: false }).collect();
        if !there.is_empty() {
            return Ok(there);
        }
        self.check_outbox(rows.len())?;
        let queued = rows.iter().map(|row| Queued { id: row.id, new: true }).collect();
        rows.into_iter().for_each(|row| self.put(row));
        Ok(queued)
    }

    /// Writes a payload, at the bound too, unless it is there already.
    pub(super) fn put(&mut self, row: NewOutbox) {
        if self.known(&row).is_some() {
            return;
        }
        let (place, now_ms) = (self.next_place(), self.now_ms());
        let target = &row.outbound.target;
        let (account, chat) = (target.account.clone(), target.chat.clone());
        let seq = self.next_outbox_seq(&account, &chat);
        let out = Out {
            receipt: None,
            seq,
            stand: Stand::Waiting,
            attempts: 0,
            crashes: 0,
            resent: false,
            due_ms: now_ms,
            created_ms: now_ms,
            row,
        };
        self.outbox.insert(place, out);
    }

    pub(super) fn begin_send(&mut self, account: &AccountKey, limit: usize, order: SendOrder) -> Vec<OutboxRow> {
        match order {
            SendOrder::OnePerChat => self.one_per_chat.insert(account.clone()),
            SendOrder::Pipelined => self.one_per_chat.remove(account),
        };
        let mut closed = self.chats_in_hand(account);
        let now_ms = self.now_ms();
        let receipts: HashMap<_, _> = self.outbox.values().filter_map(|out| Some((out.row.id, out.receipt.clone()?))).collect();
        let mut taken = Vec::new();
        for out in self.outbox.values_mut().filter(|out| out.is_of(account) && out.stand == Stand::Waiting) {
            if taken.len() == limit || closed.contains(out.chat()) {
                continue;
            }
            if out.due_ms > now_ms || order == SendOrder::OnePerChat {
                closed.insert(out.chat().clone());
            }
            if out.due_ms <= now_ms {
                out.stand = Stand::Begun;
                let mut row = out.taken();
                if let Some(platform_id) = row.outbound.act.row().and_then(|about| receipts.get(&about)) {
                    row.outbound.act.found(platform_id.clone());
                }
                taken.push(row);
            }
        }
        taken
    }

    /// Returns the chats that wait for a confirmation before their next row may go.
    fn chats_in_hand(&self, account: &AccountKey) -> HashSet<ChatRef> {
        if !self.one_per_chat.contains(account) {
            return HashSet::new();
        }
        let begun = self.outbox.values().filter(|out| out.is_of(account) && out.stand == Stand::Begun);
        begun.map(|out| out.chat().clone()).collect()
    }

    pub(super) fn confirm(&mut self, id: OutboxId, receipt: Receipt) {
        if let Some(out) = self.outbox.values_mut().find(|out| out.row.id == id && out.stand.is_open()) {
            out.stand = Stand::Done;
            out.receipt = receipt.platform_id;
        }
    }

    pub(super) fn fail_send(&mut self, id: OutboxId, attempt: Attempt) -> Result<(), StoreError> {
        let found = self.outbox.iter_mut().find(|(_, out)| out.row.id == id && out.stand == Stand::Begun);
        let Some((place, out)) = found else { return Err(missing(format!("outbox row {id} is not in hand"))) };
        out.attempts += 1;
        out.stand = Stand::Waiting;
        match attempt.next_ms {
            Some(due_ms) => out.due_ms = due_ms,
            None => {
                let place = *place;
                self.bury_out(place, attempt.code, attempt.reason);
            }
        }
        Ok(())
    }

    pub(super) fn reopen_outbox(&mut self, account: &AccountKey, crash: CrashCount) -> usize {
        let begun = |(place, out): (&u64, &Out)| (out.is_of(account) && out.stand == Stand::Begun).then_some(*place);
        let places: Vec<u64> = self.outbox.iter().filter_map(begun).collect();
        for place in &places {
            self.reopen_out(*place, crash);
        }
        places.len()
    }

    fn reopen_out(&mut self, place: u64, crash: CrashCount) {
        let Some(out) = self.outbox.get_mut(&place) else { return };
        out.stand = Stand::Waiting;
        out.resent = true;
        let CrashCount::Counted { max } = crash else { return };
        out.crashes += 1;
        out.attempts += 1;
        if out.crashes >= max {
            let reason = format!("it was in hand at {} crashes", out.crashes);
            self.bury_out(place, Code::Poison, reason);
        }
    }

    pub(super) fn next_due(&self, account: &AccountKey) -> Option<i64> {
        let mut seen = self.chats_in_hand(account);
        let waiting = self.outbox.values().filter(|out| out.is_of(account) && out.stand == Stand::Waiting);
        waiting.filter(|out| seen.insert(out.chat().clone())).map(|out| out.due_ms).min()
    }

    pub(super) fn owes(&self, account: &AccountKey, chat: &ChatRef) -> bool {
        let open = |out: &&Out| matches!(out.stand, Stand::Waiting | Stand::Begun);
        self.outbox.values().filter(open).any(|out| out.is_of(account) && out.chat() == chat)
    }

    pub(super) fn sent_as(&self, account: &AccountKey, platform_id: &str) -> Option<OutboxId> {
        let mut done = self.outbox.values().filter(|out| out.is_of(account) && out.stand == Stand::Done);
        done.find(|out| out.receipt.as_deref() == Some(platform_id)).map(|out| out.row.id)
    }

    pub(super) fn outbox_note(&self, id: OutboxId) -> Option<OutboxNote> {
        let state = self.outbox_state(id)?;
        let out = self.outbox.values().find(|out| out.row.id == id)?;
        let Target { account, chat, .. } = &out.row.outbound.target;
        let (account, chat) = (account.clone(), chat.clone());
        let dead = self.letters.iter().find(|letter| letter.id == id.as_uuid()).map(|letter| letter.reason.clone());
        Some(OutboxNote { state, platform_id: out.receipt.clone(), account, chat, dead })
    }

    pub(super) fn outbox_state(&self, id: OutboxId) -> Option<OutboxState> {
        match self.outbox.values().find(|out| out.row.id == id)?.stand {
            Stand::Waiting | Stand::Begun => Some(OutboxState::Queued),
            Stand::Done => Some(OutboxState::Sent),
            Stand::Dead => Some(OutboxState::Dead),
            Stand::Discarded => None,
        }
    }
}
