//! How a session takes its rows in hand, and what it writes down when it is done with them.

use super::actor::{Favoured, Rows, STORE_AGAIN, STORE_WAIT, SessionActor, Work};
use super::closing::Closing;
use super::queue::{Waiting, shares_turn};
use super::seed::Seed;
use super::speaking::Left;
use crate::agent::SteerBox;
use crate::core::Scope;
use crate::message::InboxId;
use crate::ports::{CrashCount, InboxRow, StoreError, TurnOutcome};

impl SessionActor {
    /// Puts rows that were in hand before back in their place, then begins with the first.
    pub(super) fn recover(&mut self, crash: CrashCount, scope: &mut Scope<'_, Self>) {
        self.work = Work::Storing;
        let reopened = self.parts.store.reopen_inbox(self.key.clone(), crash);
        scope.run(STORE_WAIT, reopened, move |session, answer, scope| match answer {
            Some(Ok(_)) => {
                session.work = Work::Idle;
                session.rows = Rows::Waiting;
                session.next(scope);
            }
            Some(Err(_)) | None => {
                scope.after(STORE_AGAIN, move |session, scope| session.recover(crash, scope));
            }
        });
    }

    /// Takes the oldest row in hand, or looks first at those that wait.
    pub(super) fn fetch(&mut self, scope: &mut Scope<'_, Self>) {
        if !self.takes_one_by_one() {
            return self.look(scope);
        }
        self.work = Work::Storing;
        self.rows = Rows::None;
        let rows = self.parts.store.begin_turn(self.key.clone(), 1);
        scope.run(STORE_WAIT, rows, |session, answer, scope| match answer {
            Some(Ok(rows)) => session.take(rows, scope),
            // What was asked may have been done all the same: whatever is in hand goes back first.
            Some(Err(_)) | None => {
                scope.after(STORE_AGAIN, |session, scope| session.recover(CrashCount::Uncounted, scope));
            }
        });
    }

    fn take(&mut self, rows: Vec<InboxRow>, scope: &mut Scope<'_, Self>) {
        // The store answers in the order in which it is asked, so that all lines are there too.
        self.memory.caught_up();
        if rows.first().is_some_and(shares_turn) {
            // The others are in its turn too: it goes back, and is taken with them.
            self.queue.shared_waits = true;
            return self.recover(CrashCount::Uncounted, scope);
        }
        self.queue.dropping.clear();
        let seed = rows.into_iter().next().map(|row| {
            let Waiting { row, hints, .. } = self.sorted(row);
            Seed { hints, ..Seed::row(row) }
        });
        self.take_in_hand(seed, Vec::new(), scope);
    }

    /// Begins a turn with what is in hand now: the rows of a turn are the one of its seed and these.
    pub(super) fn take_in_hand(&mut self, seed: Option<Seed>, also: Vec<InboxId>, scope: &mut Scope<'_, Self>) {
        self.look_away(scope);
        (self.work, self.queue.also) = (Work::Idle, also);
        self.queue.steer = seed.as_ref().map(|seed| SteerBox::open(seed.said().cloned().collect())).unwrap_or_default();
        self.end_lost_turns(seed.as_ref().map(|seed| &seed.run), scope);
        match seed {
            Some(seed) => {
                // There may be more behind it; the store says so when this one is done.
                self.favoured = Favoured::Asks;
                scope.in_hand(seed.row_id());
                self.begin_row(seed, scope);
            }
            None => {
                scope.in_hand(None);
                if self.asks.is_empty() && self.rows == Rows::None {
                    // All of it is on the disk, and was there before this answer came.
                    self.memory.lines = None;
                }
                self.next(scope);
            }
        }
    }

    /// Writes a turn's outcome, again and again until the store takes it: the turn itself is over and is not run again. Only
    /// then is everybody told, so that whoever hears of an answer finds it in the transcript.
    pub(super) fn finish(&mut self, mut outcome: TurnOutcome, closing: Closing, scope: &mut Scope<'_, Self>) {
        self.close_hand(&mut outcome);
        self.tell_answered(&outcome, &closing.ended.left);
        if !outcome.entries.is_empty() {
            self.memory.spoken_ms = Some(scope.clock().now_ms());
        }
        self.write_down(outcome, closing, scope);
    }

    fn write_down(&mut self, outcome: TurnOutcome, closing: Closing, scope: &mut Scope<'_, Self>) {
        // Nothing runs while it is written, so that the next of the lane need not wait for the disk.
        (self.work, self.lane) = (Work::Storing, None);
        // A client that waits goes before the next row.
        let goes_on = self.asks.is_empty() && !self.parts.gate.is_closed();
        let next_rows = usize::from(goes_on && self.takes_one_by_one() && !self.others_wait());
        if next_rows == 0 {
            self.rows = Rows::Waiting;
        }
        let written = self.parts.store.finish_turn(outcome.clone(), next_rows);
        scope.run(STORE_WAIT, written, move |session, answer, scope| match answer {
            Some(Ok(next)) => {
                session.note_dropped(&outcome.dropped, scope);
                session.announce(&outcome);
                closing.tell(scope.clock().now_ms());
                session.take(next, scope);
            }
            // It had been written and only the answer was late, or the row was put back under way. Either way another row may
            // be in hand that nobody here knows of: whatever is in hand goes back first.
            Some(Err(StoreError::Missing { .. })) => {
                session.note_dropped(&outcome.dropped, scope);
                session.announce(&outcome);
                closing.tell(scope.clock().now_ms());
                scope.in_hand(None);
                session.recover(CrashCount::Uncounted, scope);
            }
            Some(Err(_)) | None => {
                scope.after(STORE_AGAIN, move |session, scope| session.write_down(outcome, closing, scope));
            }
        });
    }

    /// Has the account know which messages its payloads answer. Before that is written, so that it is known when they are sent.
    pub(super) fn tell_answered(&self, outcome: &TurnOutcome, left: &Left) {
        let Some(target) = &outcome.reply_to else { return };
        let switchboard = &self.parts.switchboard;
        let last = outcome.outbox.last().map(|row| row.id);
        if last.is_none() && !matches!(left, Left::Parts(_)) {
            // They have no answer.
            return;
        }
        if let Some(shaper) = switchboard.shaper(&target.account) {
            shaper.answered(&outcome.done, last);
            if last.is_none() {
                switchboard.wake_channel(&target.account);
            }
        }
    }

    /// Has what a turn left in the outbox sent.
    pub(super) fn announce(&self, outcome: &TurnOutcome) {
        if let Some(waiting) = outcome.outbox.first() {
            self.parts.switchboard.wake_channel(&waiting.outbound.target.account);
        }
    }
}
