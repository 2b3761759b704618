//! An order to stop that comes from another place than the one that the running turn answers: it ends what waits there, and
//! nothing else.

use super::looking::LOOK_MAX;
use super::plan::{Sort, Waiting, is_same_place, stopped_by};
use crate::core::Scope;
use crate::message::InboxId;
use crate::ports::{InboxRow, TurnOutcome};
use crate::session::actor::{Rows, STORE_WAIT, SessionActor};
use crate::session::commands::said;
use crate::session::seed::Seed;
use crate::session::speaking::Left;

/// What is answered to an order to stop: where there was something to end, and where there was nothing.
const SAID: (&str, &str) = ("Stopped.", "Nothing was running.");

/// Whether an order to stop ended anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Stop {
    /// A turn, or messages that waited for one.
    Something,
    /// There was nothing.
    Nothing,
}

impl Stop {
    /// Returns what is answered to the order.
    #[must_use]
    pub(in crate::session) fn told(self) -> String {
        match self {
            Self::Something => SAID.0.to_owned(),
            Self::Nothing => SAID.1.to_owned(),
        }
    }
}

impl SessionActor {
    /// Says whether an order to stop has ended anything; once.
    pub(in crate::session) fn take_stop(&mut self, stop: InboxId) -> Stop {
        match self.queue.stopped.take_if(|known| *known == stop) {
            Some(_) => Stop::Something,
            None => Stop::Nothing,
        }
    }

    /// Carries an order to stop out beside a turn that is nothing to it. What cannot be done now is done when that turn is over,
    /// before all that waits.
    pub(super) fn stop_beside(&mut self, stop: InboxRow, scope: &mut Scope<'_, Self>) {
        (self.queue.stop_waits, self.queue.stopping, self.rows) = (true, true, Rows::Waiting);
        let rows = self.parts.store.waiting_rows(self.key.clone(), 0, LOOK_MAX);
        scope.run(STORE_WAIT, rows, move |session, answer, scope| {
            if !session.is_beside(stop.id) {
                return session.stopped_beside(scope);
            }
            let mut rows = answer.and_then(Result::ok).unwrap_or_default();
            // One that does not wait any more was carried out meanwhile.
            let Some(at) = rows.iter().position(|(_, row)| row.id == stop.id) else { return session.stopped_beside(scope) };
            rows.truncate(at);
            let before: Vec<Waiting> = rows.into_iter().map(|(_, row)| session.sorted(row)).collect();
            let of_place = |waiting: &Waiting| is_same_place(&stop.inbound.route, &waiting.row.inbound.route);
            if before.iter().any(|waiting| waiting.sort == Sort::Cut && of_place(waiting)) {
                // What was cut short there ends as a turn does, with the order, as soon as the running one is over.
                session.queue.stopping = false;
                return;
            }
            let dropped = stopped_by(&stop.inbound.route, &before);
            session.end_beside(&stop, dropped, scope);
        });
    }

    /// Returns whether a row still waits beside a turn: once that is over, it is looked at with all that waits, and may be in hand.
    fn is_beside(&self, stop: InboxId) -> bool {
        self.seed_in_hand().is_some_and(|seed| seed.row_id() != Some(stop.as_uuid()))
    }

    /// Ends an order to stop with the messages that go unanswered for it, in one commit. What cannot be written is done when the turn is
    /// over.
    fn end_beside(&mut self, stop: &InboxRow, dropped: Vec<(InboxId, &'static str)>, scope: &mut Scope<'_, Self>) {
        let now_ms = scope.clock().now_ms();
        let came = if dropped.is_empty() { Stop::Nothing } else { Stop::Something };
        let question = Seed::row(stop.clone()).entry(now_ms);
        let outcome = TurnOutcome { dropped, ..self.told(stop, question, &said(came.told()), now_ms) };
        self.tell_answered(&outcome, &Left::Nothing);
        let written = self.parts.store.finish_turn(outcome.clone(), 0);
        scope.run(STORE_WAIT, written, move |session, answer, scope| {
            match answer {
                Some(Ok(_)) => {
                    session.parts.counters.turns.commands.inc();
                    session.note_dropped(&outcome.dropped, scope);
                    session.announce(&outcome);
                }
                // It may have been written all the same, and then its answer waits to be sent.
                None => session.announce(&outcome),
                Some(Err(_)) => {}
            }
            session.stopped_beside(scope);
        });
    }

    /// Another may wait for this one.
    fn stopped_beside(&mut self, scope: &mut Scope<'_, Self>) {
        self.queue.stopping = false;
        self.look_soon(scope);
    }
}
