//! How a channel actor sends what waits in the outbox.

use std::time::Duration;

use super::actor::{ChannelActor, STORE_AGAIN, STORE_WAIT};
use super::connector::LinkCommand;
use super::live_link::Refused;
use super::outgo::{Care, Talk, expired, undoable};
use crate::core::Scope;
use crate::message::{Code, OutboxId, Receipt};
use crate::ports::{Attempt, CrashCount, OutboxRow, StoreError};

/// How soon a link that had no room for a row is offered it again.
const OFFER_AGAIN: Duration = Duration::from_millis(50);

impl ChannelActor {
    /// Takes rows in hand and gives them to the link, as many as the window has room for.
    pub(super) fn dispatch(&mut self, scope: &mut Scope<'_, Self>) {
        let room = self.outgo.room();
        if !self.is_up() || self.outgo.talk != Talk::None || !self.outgo.hungry || room == 0 {
            return;
        }
        self.outgo.talk = Talk::Asking;
        self.outgo.hungry = false;
        let life = self.link.as_ref().map(|link| link.life);
        let rows = self.parts.store.begin_send(self.key(), room, self.account.platform.send_order());
        scope.run(STORE_WAIT, rows, move |channel, answer, scope| {
            if channel.outgo.talk != Talk::Asking {
                return;
            }
            channel.outgo.talk = Talk::None;
            match answer {
                Some(Ok(rows)) if channel.link.as_ref().map(|link| link.life) == life => channel.send(rows, room, scope),
                // The link they were meant for is gone, or nobody knows what the store did.
                _ => channel.put_back(scope),
            }
        });
    }

    fn send(&mut self, rows: Vec<OutboxRow>, asked: usize, scope: &mut Scope<'_, Self>) {
        let settings = self.parts.settings.get();
        let now_ms = scope.clock().now_ms();
        self.outgo.hungry |= rows.len() == asked;
        if rows.len() < asked {
            self.outgo.none_left();
            self.look_for_due(scope);
        }
        // Otherwise they are being offered already.
        let nothing_parked = self.outgo.parked.is_empty();
        for row in rows {
            // The store may have put it back behind our back, when it was opened anew.
            if self.outgo.has(row.id) {
                continue;
            }
            let platform = self.account.platform.as_ref();
            if let Some(last) = expired(&row, &settings, now_ms).or_else(|| undoable(&row, platform)) {
                self.parts.counters.outbound_dead.inc();
                self.record(row.id, last, scope);
                continue;
            }
            if row.resent {
                self.parts.counters.outbox_resent.inc();
            }
            if matches!(self.outgo.care(), Care::OneByOne { .. }) {
                scope.in_hand(Some(row.id.as_uuid()));
            }
            self.outgo.begun(&row);
            self.outgo.parked.push_back(Box::new(row));
        }
        if nothing_parked {
            self.hand_over(scope);
        }
        self.dispatch(scope);
    }

    /// Gives the link as many rows as it has room for; the rest stays in its order and is offered again soon.
    fn hand_over(&mut self, scope: &mut Scope<'_, Self>) {
        let Some(link) = &self.link else { return };
        while let Some(row) = self.outgo.parked.pop_front() {
            match link.order(LinkCommand::Send(row)) {
                Ok(()) => {}
                Err(Refused::Full(LinkCommand::Send(row))) => {
                    self.outgo.parked.push_front(row);
                    scope.after(OFFER_AGAIN, Self::hand_over);
                    return;
                }
                // It is ending: its end puts the rows back in their place.
                Err(Refused::Full(_) | Refused::Gone) => return,
            }
        }
    }

    pub(super) fn confirmed(&mut self, id: OutboxId, receipt: Receipt, scope: &mut Scope<'_, Self>) {
        if let Some(trace) = self.outgo.confirm(id, receipt) {
            tracing::debug!(event = "outbound.confirmed", actor = %scope.id(), %trace);
            self.parts.counters.outbound_sent.inc();
        }
        self.hand_empty(scope);
        // They come off when the bell below has rung.
        self.parts.desk.marks().sent(id);
        let now_ms = scope.clock().now_ms();
        self.parts.desk.update(|facts| facts.last_outbound_ms = Some(now_ms));
        // The bell comes behind what is in the mailbox already, so confirmations are written in batches.
        scope.myself().wake();
    }

    /// Has marks taken off whose messages are answered. While there is no link they wait for one.
    pub(super) fn unmark(&self) {
        let Some(link) = self.link.as_ref().filter(|_| self.is_up()) else { return };
        for marking in self.parts.desk.marks().take_due() {
            if link.order(LinkCommand::Mark(marking)).is_err() {
                self.parts.counters.marks_dropped.inc();
            }
        }
    }

    /// Says that the row in hand is done: a crash from now on is not its fault.
    fn hand_empty(&self, scope: &mut Scope<'_, Self>) {
        if self.outgo.is_empty() || self.outgo.care() == Care::Usual {
            scope.in_hand(None);
        }
    }

    pub(super) fn failed(&mut self, id: OutboxId, failure: (Code, String, Option<u64>), scope: &mut Scope<'_, Self>) {
        let settings = self.parts.settings.get();
        let (code, reason) = (failure.0, failure.1.clone());
        let Some((trace, attempt)) = self.outgo.fail(id, failure, &settings, scope.clock().now_ms()) else { return };
        tracing::warn!(event = "outbound.failed", actor = %scope.id(), %trace, %code, "{reason}");
        let counters = &self.parts.counters;
        if attempt.next_ms.is_some() {
            counters.outbound_retried.inc()
        } else {
            counters.outbound_dead.inc()
        }
        self.hand_empty(scope);
        self.record(id, attempt, scope);
    }

    /// Writes a failed attempt down, again and again until the store takes it.
    fn record(&mut self, id: OutboxId, attempt: Attempt, scope: &mut Scope<'_, Self>) {
        let written = self.parts.store.fail_send(id, attempt.clone());
        scope.run(STORE_WAIT, written, move |channel, answer, scope| match answer {
            Some(Ok(()) | Err(StoreError::Missing { .. })) => {
                channel.outgo.delayed = true;
                channel.outgo.hungry = true;
                channel.dispatch(scope);
            }
            Some(Err(_)) | None => {
                scope.after(STORE_AGAIN, move |channel, scope| {
                    // Put back and sent again meanwhile, it has another chance.
                    if !channel.outgo.has(id) {
                        channel.record(id, attempt, scope);
                    }
                });
            }
        });
    }

    /// Puts rows that were begun and not confirmed back in their place, before any other is begun.
    pub(super) fn put_back(&mut self, scope: &mut Scope<'_, Self>) {
        self.flush_confirmed();
        self.outgo.forget();
        scope.in_hand(None);
        // The one request that is under way does it for all: nothing is begun before its answer.
        if std::mem::replace(&mut self.outgo.talk, Talk::PuttingBack) != Talk::PuttingBack {
            self.reopen(scope);
        }
    }

    fn reopen(&mut self, scope: &mut Scope<'_, Self>) {
        let reopened = self.parts.store.reopen_outbox(self.key(), CrashCount::Uncounted);
        scope.run(STORE_WAIT, reopened, |channel, answer, scope| match answer {
            Some(Ok(_)) => {
                channel.outgo.talk = Talk::None;
                channel.outgo.hungry = true;
                channel.dispatch(scope);
            }
            Some(Err(_)) | None => {
                scope.after(STORE_AGAIN, Self::reopen);
            }
        });
    }

    /// Has rows that wait for their next try looked for when the first of them is due.
    fn look_for_due(&mut self, scope: &mut Scope<'_, Self>) {
        if !std::mem::take(&mut self.outgo.delayed) {
            return;
        }
        let due = self.parts.store.next_due(self.key());
        scope.run(STORE_WAIT, due, |channel, answer, scope| match answer {
            Some(Ok(None)) => {}
            Some(Ok(Some(due_ms))) => {
                let wait_ms = u64::try_from(due_ms.saturating_sub(scope.clock().now_ms())).unwrap_or(0);
                channel.look_after(Duration::from_millis(wait_ms), scope);
            }
            Some(Err(_)) | None => channel.look_after(STORE_AGAIN, scope),
        });
    }

    fn look_after(&mut self, wait: Duration, scope: &mut Scope<'_, Self>) {
        self.outgo.delayed = true;
        if let Some(earlier) = self.due.take() {
            scope.cancel(earlier);
        }
        self.due = Some(scope.after(wait, |channel, scope| {
            channel.outgo.hungry = true;
            channel.dispatch(scope);
        }));
    }

    pub(super) fn flush_confirmed(&mut self) {
        let confirmed = self.outgo.take_confirmed();
        if !confirmed.is_empty() {
            self.parts.store.confirm_send(confirmed);
        }
    }
}
