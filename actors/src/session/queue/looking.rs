//! How a session looks at the rows that wait for it, and takes those in hand that its next turn answers.

use std::collections::HashMap;
use std::time::Duration;

use super::merge::{Merged, merge};
use super::plan::{Batch, Plan, Quiet, STOPPED, Sort, Waiting, plan};
use super::policy::QueueMode;
use crate::agent::SteerBox;
use crate::core::{Scope, TaskHandle};
use crate::message::{Ends, Hold, InboxId};
use crate::ports::{CrashCount, Drafted, InboxRow};
use crate::session::actor::{Rows, STORE_AGAIN, STORE_WAIT, SessionActor, Work};
use crate::session::commands::{Command, Order, Reading};
use crate::session::hints::Hints;
use crate::session::lanes::LanePass;
use crate::session::seed::Seed;

/// How many rows are looked at at a time: more than one turn may answer. Rows beyond are seen at the next look.
pub(in crate::session) const LOOK_MAX: usize = 256;

/// How many times the quiet of the settings is waited for at the most, counted from the end of the turn before.
const DEBOUNCES_MAX: u32 = 5;

/// Where a session stands with its queue.
#[derive(Default)]
pub(in crate::session) struct Standing {
    /// The rows in hand beside the first of the turn.
    pub(in crate::session) also: Vec<InboxId>,
    /// The rows that go unanswered for the one in hand, in the commit that ends it.
    pub(in crate::session) dropping: Vec<(InboxId, &'static str)>,
    /// The newest place that was looked at.
    pub(in crate::session) seen: u64,
    /// Whether what comes now comes while there is work.
    pub(in crate::session) engaged: bool,
    /// When something came last while there was work, on the clock of the process.
    pub(in crate::session) came: Option<Duration>,
    /// Until when quiet is waited for at the longest.
    pub(in crate::session) patience: Option<Duration>,
    /// The wait for quiet.
    pub(in crate::session) quiet: Option<TaskHandle>,
    /// The wait for room in the lane, while no row is in hand.
    pub(in crate::session) room: Option<TaskHandle>,
    /// The room that it found.
    pub(in crate::session) granted: Option<LanePass>,
    /// The next look beside a turn, or the one under way.
    pub(in crate::session) beside: Option<TaskHandle>,
    /// Whether a stop waits that came while a turn ran: the rows in front of it are not begun.
    pub(in crate::session) stop_waits: bool,
    /// The stop that ended a turn, or had messages go unanswered.
    pub(in crate::session) stopped: Option<InboxId>,
    /// Whether an order to stop is carried out beside a turn that is nothing to it.
    pub(in crate::session) stopping: bool,
    /// Whether a row waits that shared a turn with others: they are looked at together.
    pub(in crate::session) shared_waits: bool,
    /// What the rows ask for their own turns that were looked at last; those of [`LOOK_MAX`] at the most.
    pub(in crate::session) hints: HashMap<InboxId, Hints>,
    /// What the running turn takes along.
    pub(in crate::session) steer: SteerBox,
}

impl SessionActor {
    /// Returns whether every row has a turn of its own, so that they need not be looked at before.
    pub(in crate::session) fn takes_one_by_one(&self) -> bool {
        !self.queue.stop_waits
            && !self.queue.shared_waits
            && self.settings().queue.one_by_one(self.memory.manner.queue.as_ref())
    }

    /// Notes that something came.
    pub(in crate::session) fn note_arrival(&mut self, scope: &Scope<'_, Self>) {
        if self.queue.engaged {
            self.queue.came = Some(scope.clock().elapsed());
        }
    }

    /// Looks at the rows that wait, and begins with those that are to be answered next.
    pub(in crate::session) fn look(&mut self, scope: &mut Scope<'_, Self>) {
        self.work = Work::Storing;
        self.rows = Rows::None;
        if let Some(quiet) = self.queue.quiet.take() {
            scope.cancel(quiet);
        }
        if self.memory.wants_manner() {
            return self.learn_then_look(scope);
        }
        let rows = self.parts.store.waiting_rows(self.key.clone(), 0, LOOK_MAX);
        scope.run(STORE_WAIT, rows, |session, answer, scope| match answer {
            Some(Ok(rows)) => session.looked(rows, scope),
            Some(Err(_)) | None => {
                scope.after(STORE_AGAIN, Self::look);
            }
        });
    }

    /// Reads the session's own word on its queue first: it may forbid to take the rows one by one.
    fn learn_then_look(&mut self, scope: &mut Scope<'_, Self>) {
        let changes = self.memory.changes();
        let row = self.parts.store.session(self.key.clone());
        scope.run(STORE_WAIT, row, move |session, answer, scope| match answer {
            Some(Ok(row)) if session.memory.changes() == changes => {
                session.memory.learn(row);
                session.look(scope);
            }
            Some(Ok(_)) => session.look(scope),
            Some(Err(_)) | None => {
                scope.after(STORE_AGAIN, Self::look);
            }
        });
    }

    fn looked(&mut self, rows: Vec<(u64, InboxRow)>, scope: &mut Scope<'_, Self>) {
        (self.queue.stop_waits, self.queue.shared_waits) = (false, false);
        self.queue.seen = rows.last().map_or(self.queue.seen, |(place, _)| *place);
        let waiting: Vec<_> = rows.into_iter().map(|(_, row)| self.sorted(row)).collect();
        let hinting = waiting.iter().filter(|waiting| !waiting.hints.is_empty());
        self.queue.hints = hinting.map(|waiting| (waiting.row.id, waiting.hints.clone())).collect();
        let quiet = match self.queue.came {
            Some(came) => Quiet::For(self.quiet_since(came, scope)),
            None => Quiet::Enough,
        };
        match plan(waiting, quiet, scope.clock().now_ms()) {
            Plan::Nothing => {
                self.queue.engaged = false;
                self.queue.came = None;
                if self.asks.is_empty() {
                    self.memory.lines = None;
                }
                // Something may have come while the store was asked.
                self.work = Work::Idle;
                self.next(scope);
            }
            Plan::Wait(wait) => self.wait_for_quiet(wait, scope),
            Plan::Rest(wait) => self.look_again_in(wait, scope),
            Plan::Turn(batch) => self.take_batch(batch, scope),
        }
    }

    /// Returns how long nothing came; long enough once that was waited for too long.
    fn quiet_since(&self, came: Duration, scope: &Scope<'_, Self>) -> Duration {
        let now = scope.clock().elapsed();
        if self.queue.patience.is_some_and(|end| now >= end) { Duration::MAX } else { now.saturating_sub(came) }
    }

    fn wait_for_quiet(&mut self, wait: Duration, scope: &mut Scope<'_, Self>) {
        let now = scope.clock().elapsed();
        let end = *self.queue.patience.get_or_insert(now + wait * DEBOUNCES_MAX);
        self.look_again_in(wait.min(end.saturating_sub(now)), scope);
    }

    fn look_again_in(&mut self, wait: Duration, scope: &mut Scope<'_, Self>) {
        // A gateway that goes down does not wait for it; a client that comes meanwhile does not either.
        (self.pass, self.lane, self.work) = (None, None, Work::Idle);
        self.queue.quiet = Some(scope.after(wait, |session, scope| {
            session.queue.quiet = None;
            session.rows = Rows::Waiting;
            session.next(scope);
        }));
        if !self.asks.is_empty() {
            self.next(scope);
        }
    }

    /// Returns a row with what decides about it; directives in its text are taken out of it.
    pub(in crate::session) fn sorted(&self, mut row: InboxRow) -> Waiting {
        let inbound = &mut row.inbound;
        // What only waits to be told with others asks for nothing for itself: its words stay.
        let orders = match inbound.hold {
            Some(Hold { ends: Ends::Waits, .. }) => Vec::new(),
            Some(_) | None => self.settings().commands.directives(inbound),
        };
        let (wish, hints) = Hints::of(orders);
        let channel = inbound.route.account.channel();
        let mut policy = self.settings().queue.policy(channel, self.memory.manner.queue.as_ref(), wish.as_ref());
        let waits = row.inbound.hold.is_some();
        if waits {
            // It is answered with those that it waits for, and breaks into no turn.
            policy.mode = QueueMode::Collect;
        }
        // One crash may be anybody's fault: what waited for each other stays together.
        let crashed = row.crashes > u32::from(waits);
        let cut = crashed || !(row.steps.is_empty() && row.said.is_empty()) || row.drafted == Drafted::Perhaps;
        let reading = self.settings().commands.read(&row.inbound);
        if reading == Reading::Message {
            row.inbound.tell_overheard();
        }
        let sort = match reading {
            Reading::Command(Order { command: Command::Stop, .. }, _) => Sort::Stop,
            Reading::Message if row.inbound.order.is_some() => Sort::Alone,
            Reading::Message if cut => Sort::Cut,
            Reading::Message => Sort::Message,
            Reading::Command(..) | Reading::Directives(..) | Reading::Ignored => Sort::Alone,
        };
        Waiting { row, policy, sort, hints }
    }

    /// Takes the rows of a turn in hand; none of them is in a turn that somebody took away meanwhile.
    fn take_batch(&mut self, mut batch: Batch, scope: &mut Scope<'_, Self>) {
        let take = batch.all().collect();
        // What an order to stop leaves unanswered ends with its answer: a crash before leaves both as they were.
        let stopped = batch.dropped.extract_if(.., |(_, why)| *why == STOPPED).collect::<Vec<_>>();
        let taken = self.parts.store.take_rows(self.key.clone(), take, batch.dropped.clone());
        scope.run(STORE_WAIT, taken, move |session, answer, scope| match answer {
            Some(Ok(taken)) => session.took(batch, stopped, &taken, scope),
            // What was asked may have been done all the same: whatever is in hand goes back first.
            Some(Err(_)) | None => {
                scope.after(STORE_AGAIN, |session, scope| session.recover(CrashCount::Uncounted, scope));
            }
        });
    }

    fn took(
        &mut self,
        mut batch: Batch,
        stopped: Vec<(InboxId, &'static str)>,
        taken: &[InboxId],
        scope: &mut Scope<'_, Self>,
    ) {
        self.note_dropped(&batch.dropped, scope);
        if !batch.steered.is_empty() && batch.all().any(|id| !taken.contains(&id)) {
            // They are answered by the turn of the first only: what is left is looked at anew.
            return self.recover(CrashCount::Uncounted, scope);
        }
        if let (false, [stop]) = (stopped.is_empty(), &batch.rows[..]) {
            self.queue.stopped = Some(stop.id);
        }
        batch.summed.retain(|row| taken.contains(&row.id));
        batch.rows.retain(|row| taken.contains(&row.id));
        (self.queue.came, self.queue.patience) = (None, None);
        // There may be more behind them.
        self.rows = Rows::Waiting;
        // Those that share a turn ask for the same, or the last asks for all that waited for it.
        let ended_by = batch.ended_by;
        self.queue.stopped = ended_by.or(self.queue.stopped);
        let called_off = ended_by.map(|_| "stop");
        let hints = batch.rows.iter().rev().find_map(|row| self.queue.hints.remove(&row.id)).unwrap_or_default();
        // An order that was carried out meanwhile has ended them itself.
        self.queue.dropping = if batch.rows.is_empty() { Vec::new() } else { stopped };
        match merge(batch) {
            Some(Merged { row, media, also, writers }) => {
                let seed = Seed { more_media: media, writers, hints, called_off, ..Seed::row(row) };
                self.take_in_hand(Some(seed), also, scope);
            }
            None => self.take_in_hand(None, Vec::new(), scope),
        }
    }

    /// Counts rows that went unanswered, and says so.
    pub(in crate::session) fn note_dropped(&self, dropped: &[(InboxId, &'static str)], scope: &Scope<'_, Self>) {
        for (row, why) in dropped {
            self.parts.counters.turns.dropped.inc();
            tracing::info!(event = "message.dropped", actor = %scope.id(), %row, why, "a message is not answered");
        }
    }
}
