//! What a session does about rows that come while its turn runs: hands them to the turn, or ends it for them.

use std::time::Duration;

use super::looking::LOOK_MAX;
use super::plan::{Sort, Waiting, is_same_place};
use super::policy::QueueMode;
use crate::agent::SteerBox;
use crate::core::Scope;
use crate::message::{Backlog, Entry, Role, Route, Steered};
use crate::ports::{InboxRow, TurnOutcome};
use crate::session::actor::{Rows, STORE_WAIT, SessionActor, Work};
use crate::session::seed::{Seed, Source};

/// How long after a turn's begin, or after the last look beside it, rows are looked at: a turn that is over before is not looked
/// beside at all.
const LOOK_AFTER: Duration = Duration::from_millis(10);

/// What becomes of a turn that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    GoesOn,
    Ended,
    /// It goes on, and the row is dealt with a little later.
    Later,
}

impl SessionActor {
    /// Returns the box for a turn that begins: an open one for an answer to rows, which others can join. What a try that failed
    /// took and no round of it shows is taken by the next one.
    pub(in crate::session) fn open_to_steering(&mut self, seed: &Seed) -> SteerBox {
        match &seed.source {
            Source::Row(_) => self.queue.steer.put_back(|taken| seed.said().any(|shown| shown.id == taken.id)),
            Source::Ask(_) => self.queue.steer = SteerBox::default(),
        }
        self.queue.engaged = true;
        self.queue.steer.clone()
    }

    /// Has the rows looked at that wait beside a turn, soon.
    pub(in crate::session) fn look_soon(&mut self, scope: &mut Scope<'_, Self>) {
        if self.queue.beside.is_none() {
            self.queue.beside = Some(scope.after(LOOK_AFTER, Self::look_beside));
        }
    }

    /// Forgets a look beside a turn that is over: what it shows was decided about otherwise.
    pub(in crate::session) fn look_away(&mut self, scope: &mut Scope<'_, Self>) {
        if let Some(look) = self.queue.beside.take() {
            scope.cancel(look);
        }
    }

    fn look_beside(&mut self, scope: &mut Scope<'_, Self>) {
        self.queue.beside = None;
        if !self.has_turn() {
            return;
        }
        let rows = self.parts.store.waiting_rows(self.key.clone(), self.queue.seen, LOOK_MAX);
        self.queue.beside = Some(scope.run(STORE_WAIT, rows, |session, answer, scope| {
            session.queue.beside = None;
            // What could not be read now is seen before the next turn.
            let rows = answer.and_then(Result::ok).unwrap_or_default();
            session.looked_beside(rows, scope);
        }));
    }

    fn has_turn(&self) -> bool {
        matches!(self.work, Work::Turning { .. } | Work::Preparing { .. })
    }

    fn looked_beside(&mut self, rows: Vec<(u64, InboxRow)>, scope: &mut Scope<'_, Self>) {
        let full = rows.len() >= LOOK_MAX;
        for (place, row) in rows {
            if !self.has_turn() {
                return;
            }
            let before = std::mem::replace(&mut self.queue.seen, place);
            let waiting = self.sorted(row);
            match self.deal_with(waiting, scope) {
                Course::GoesOn => {}
                Course::Ended => return,
                Course::Later => {
                    self.queue.seen = before;
                    return;
                }
            }
        }
        if full {
            self.look_soon(scope);
        }
    }

    /// Deals with a row that came while a turn runs.
    fn deal_with(&mut self, waiting: Waiting, scope: &mut Scope<'_, Self>) -> Course {
        let Waiting { row, policy, sort, hints } = waiting;
        match (sort, policy.mode) {
            (Sort::Stop, _) if self.answers_place(&row.inbound.route) => {
                // It is answered once the turn is over, before all that waits.
                (self.queue.stop_waits, self.rows) = (true, Rows::Waiting);
                if self.stop_turn(None, "stop", scope).is_some() {
                    self.queue.stopped = Some(row.id);
                }
                Course::Ended
            }
            // What another one ends is not ended twice.
            (Sort::Stop, _) if self.queue.stopping => Course::Later,
            (Sort::Stop, _) => {
                self.stop_beside(row, scope);
                Course::GoesOn
            }
            (Sort::Message, QueueMode::Interrupt) if self.answers_place(&row.inbound.route) => {
                self.stop_turn(None, "interrupt", scope);
                Course::Ended
            }
            // What it asks for is for a turn of its own.
            (Sort::Message, QueueMode::Steer | QueueMode::SteerBacklog) if !hints.is_empty() => Course::GoesOn,
            (Sort::Message, QueueMode::Steer) => self.steer(row, Backlog::Answered),
            (Sort::Message, QueueMode::SteerBacklog) => self.steer(row, Backlog::Kept),
            (Sort::Alone, _) => {
                self.answer_beside(row, scope);
                Course::GoesOn
            }
            _ => Course::GoesOn,
        }
    }

    /// Returns whether the turn in hand answers rows of a place; neither a client that waits for its own turn nor another chat is
    /// interrupted or stopped.
    fn answers_place(&self, other: &Route) -> bool {
        let answers = |seed: &Seed| match &seed.source {
            Source::Row(first) => is_same_place(&first.inbound.route, other),
            Source::Ask(_) => false,
        };
        self.seed_in_hand().is_some_and(answers)
    }

    pub(super) fn seed_in_hand(&self) -> Option<&Seed> {
        match &self.work {
            Work::Preparing { seed, .. } | Work::Turning { seed, .. } => Some(seed),
            Work::Idle | Work::Storing => None,
        }
    }

    /// Hands a message to the turn that runs, if that answers the same writer in the same place: what tools there are for a turn is
    /// decided by who wrote what it answers. What comes with a file, and what it has no room for, waits for its own turn.
    fn steer(&mut self, row: InboxRow, backlog: Backlog) -> Course {
        let Some(Seed { source: Source::Row(first), run, .. }) = self.seed_in_hand() else { return Course::GoesOn };
        let (one, other) = (&first.inbound.route, &row.inbound.route);
        let same = is_same_place(one, other) && one.peer.id == other.peer.id;
        if same && first.inbound.order.is_none() && row.inbound.media.is_empty() {
            let InboxRow { id, inbound, .. } = row;
            let line = Entry {
                role: Role::User,
                text: inbound.text,
                media: inbound.media,
                run: run.clone(),
                at_ms: inbound.at_ms,
                rounds: Vec::new(),
            };
            // What finds no room waits for a turn of its own.
            if self.queue.steer.put(Steered { id, line, backlog }) {
                self.parts.counters.turns.steered.inc();
            }
        }
        Course::GoesOn
    }

    /// Adds the rows to a turn's outcome that it answers beside its first, those that go unanswered for it, and the lines of those
    /// that it took under way.
    pub(in crate::session) fn close_hand(&mut self, outcome: &mut TurnOutcome) {
        outcome.done.append(&mut self.queue.also);
        outcome.dropped.append(&mut self.queue.dropping);
        let taken = self.queue.steer.close();
        let answered = taken.into_iter().filter(|steered| steered.backlog == Backlog::Answered);
        let (ids, lines): (Vec<_>, Vec<_>) = answered.map(|Steered { id, line, .. }| (id, line)).unzip();
        if ids.is_empty() {
            return;
        }
        outcome.done.extend(ids);
        let behind_question = usize::from(!outcome.entries.is_empty());
        outcome.entries.splice(behind_question..behind_question, lines);
        // What is remembered lacks these lines.
        self.memory.lines = None;
    }
}
