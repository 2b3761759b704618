//! Messages on their way to sessions.

use std::collections::HashSet;

use crate::message::{AccountKey, BlobId, Code, InboxId, SessionKey};
use crate::ports::{Accept, Accepted, CrashCount, Drafted, InboxFate, InboxRow, StoreError, TurnOutcome};

use super::state::{In, Stand, State, missing};

impl In {
    fn shown(&self) -> InboxRow {
        let (inbound, steps, said) = (self.inbound.clone(), self.steps.clone(), self.said.clone());
        InboxRow { id: self.id, seq: self.seq, crashes: self.crashes, inbound, steps, said, drafted: self.drafted }
    }

    /// What there is of its turn goes with it.
    fn end(&mut self) {
        self.stand = Stand::Done;
        self.steps.clear();
        self.said.clear();
        self.drafted = Drafted::No;
    }
}

impl State {
    pub(super) fn check_inbox(&self) -> Result<(), StoreError> {
        let rows = self.inbox_open();
        if rows >= self.limits.inbox_rows_max {
            return Err(StoreError::Full { table: "inbox", rows, setting: "inboxRowsMax" });
        }
        Ok(())
    }

    pub(super) fn accept(&mut self, batch: Vec<Accept>) -> Result<Vec<Accepted>, StoreError> {
        self.check_inbox()?;
        Ok(batch.into_iter().map(|new| self.accept_one(new)).collect())
    }

    fn accept_one(&mut self, new: Accept) -> Accepted {
        let Accept { inbound, session } = new;
        let known =
            |row: &In| row.inbound.route.account == inbound.route.account && row.inbound.platform_id == inbound.platform_id;
        if self.inbox.values().any(known) {
            return Accepted::Duplicate;
        }
        self.session(&session);
        let (id, place) = (InboxId::new(), self.next_place());
        let seq = self.next_inbox_seq(&inbound.route.account, &inbound.route.chat);
        let (steps, said) = (Vec::new(), Vec::new());
        let (stand, drafted) = (Stand::Waiting, Drafted::No);
        self.inbox.insert(place, In { id, seq, session, stand, attempts: 0, crashes: 0, inbound, steps, said, drafted });
        Accepted::New { id, seq }
    }

    pub(super) fn begin_turn(&mut self, session: &SessionKey, limit: usize) -> Vec<InboxRow> {
        let waiting = self.inbox.values_mut().filter(|row| row.session == *session && row.stand == Stand::Waiting);
        let take = |row: &mut In| {
            row.stand = Stand::Begun;
            row.attempts += 1;
            row.shown()
        };
        waiting.take(limit).map(take).collect()
    }

    pub(super) fn waiting_rows(&self, session: &SessionKey, behind: u64, limit: usize) -> Vec<(u64, InboxRow)> {
        let waiting = self.inbox.range(behind.saturating_add(1)..);
        let own = waiting.filter(|(_, row)| row.session == *session && row.stand == Stand::Waiting);
        own.take(limit).map(|(place, row)| (*place, row.shown())).collect()
    }

    pub(super) fn take_rows(
        &mut self,
        session: &SessionKey,
        take: &[InboxId],
        drop: &[(InboxId, &'static str)],
    ) -> Vec<InboxId> {
        let mut taken = Vec::new();
        for row in self.inbox.values_mut().filter(|row| row.session == *session && row.stand == Stand::Waiting) {
            if take.contains(&row.id) {
                row.stand = Stand::Begun;
                row.attempts += 1;
                taken.push(row.id);
            }
        }
        self.end_unanswered(session, drop);
        taken
    }

    fn end_unanswered(&mut self, session: &SessionKey, drop: &[(InboxId, &'static str)]) {
        let waiting = self.inbox.values_mut().filter(|row| row.session == *session && row.stand == Stand::Waiting);
        waiting.filter(|row| drop.iter().any(|(id, _)| *id == row.id)).for_each(In::end);
    }

    pub(super) fn finish_turn(&mut self, outcome: TurnOutcome, next: usize) -> Result<Vec<InboxRow>, StoreError> {
        for id in &outcome.done {
            if !self.inbox.values().any(|row| row.id == *id && row.stand.is_open()) {
                return Err(missing(format!("inbox row {id} is not open")));
            }
        }
        if !outcome.outbox.is_empty() {
            self.check_outbox(1)?;
        }
        self.inbox.values_mut().filter(|row| outcome.done.contains(&row.id)).for_each(In::end);
        self.end_unanswered(&outcome.session, &outcome.dropped);
        let session = self.append(&outcome.session, outcome.entries, outcome.usage);
        session.reply_to = outcome.reply_to.or(session.reply_to.take());
        for row in outcome.outbox {
            self.put(row);
        }
        Ok(self.begin_turn(&outcome.session, next))
    }

    pub(super) fn reopen_inbox(&mut self, session: &SessionKey, crash: CrashCount) -> usize {
        let begun = |(place, row): (&u64, &In)| (row.session == *session && row.stand == Stand::Begun).then_some(*place);
        let places: Vec<u64> = self.inbox.iter().filter_map(begun).collect();
        places.into_iter().filter(|place| self.reopen_one(*place, crash)).count()
    }

    fn reopen_one(&mut self, place: u64, crash: CrashCount) -> bool {
        let Some(row) = self.inbox.get_mut(&place) else { return false };
        row.stand = Stand::Waiting;
        let CrashCount::Counted { max } = crash else { return true };
        row.crashes += 1;
        if row.crashes < max {
            return true;
        }
        let reason = format!("it was in hand at {} crashes", row.crashes);
        self.bury_in(place, Code::Poison, reason);
        false
    }

    pub(super) fn bury_inbox(&mut self, id: InboxId, code: Code, reason: String) -> Result<(), StoreError> {
        let found = self.inbox.iter().find(|(_, row)| row.id == id && row.stand.is_open()).map(|(place, _)| *place);
        let Some(place) = found else { return Err(missing(format!("inbox row {id} is not open"))) };
        self.bury_in(place, code, reason);
        Ok(())
    }

    pub(super) fn media_in_use(&self) -> HashSet<BlobId> {
        let needed = |stand: Stand| stand.is_open() || stand == Stand::Dead;
        let inbox = self.inbox.values().filter(|row| needed(row.stand)).flat_map(|row| &row.inbound.media);
        let outbox = self.outbox.values().filter(|row| needed(row.stand)).flat_map(|row| &row.row.outbound.media);
        inbox.chain(outbox).filter_map(|media| media.blob().cloned()).collect()
    }

    pub(super) fn sessions_with_open_rows(&self) -> Vec<SessionKey> {
        let open = |key: &&SessionKey| self.inbox.values().any(|row| row.session == **key && row.stand.is_open());
        let mut known: Vec<_> = self.sessions.iter().filter(|(key, _)| open(key)).collect();
        known.sort_by_key(|(_, session)| session.number);
        known.into_iter().map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn open_rows(&self, limit: usize) -> Vec<(SessionKey, u64)> {
        let open = |key: &SessionKey| self.inbox.values().filter(|row| row.session == *key && row.stand.is_open()).count();
        let mut counted: Vec<_> = self.sessions.iter().map(|(key, known)| (key, known.number, open(key) as u64)).collect();
        counted.retain(|(.., rows)| *rows > 0);
        counted.sort_by_key(|(_, number, rows)| (std::cmp::Reverse(*rows), *number));
        counted.into_iter().take(limit).map(|(key, _, rows)| (key.clone(), rows)).collect()
    }

    pub(super) fn inbox_fate(&self, account: &AccountKey, platform_id: &str) -> Option<InboxFate> {
        let same = |row: &&In| row.inbound.route.account == *account && row.inbound.platform_id == platform_id;
        match self.inbox.values().find(same)?.stand {
            Stand::Waiting | Stand::Begun => Some(InboxFate::Open),
            Stand::Done => Some(InboxFate::Done),
            Stand::Dead => Some(InboxFate::Dead),
            Stand::Discarded => None,
        }
    }
}
