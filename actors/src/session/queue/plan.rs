//! Which of the rows that wait the next turn answers: a pure function of the rows and their policies.

use std::time::Duration;

use super::held::{Held, held, hold};
use super::policy::{QueueDrop, QueueMode, QueuePolicy};
use crate::message::{Backlog, InboxId, Route};
use crate::ports::InboxRow;
use crate::session::hints::Hints;

/// A row that waits, with what decides about it.
#[derive(Clone, Debug)]
pub(in crate::session) struct Waiting {
    pub(in crate::session) row: InboxRow,
    pub(in crate::session) policy: QueuePolicy,
    pub(in crate::session) sort: Sort,
    /// What it asks for its own turn.
    pub(in crate::session) hints: Hints,
}

/// What a row is to the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Sort {
    /// Something to answer, which may share a turn.
    Message,
    /// Something that has a turn of its own whatever the mode: what a client ordered, a command, a row that was in hand at a crash.
    Alone,
    /// An order to stop: it goes before everything, and what stands in front of it of its own place goes unanswered.
    Stop,
}

/// What is to be done with the rows that wait.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::session) enum Plan {
    /// Nothing waits.
    Nothing,
    /// To wait for so much more quiet.
    Wait(Duration),
    /// To wait so long: all that waits has to.
    Rest(Duration),
    /// To answer these.
    Turn(Batch),
}

/// The rows of one turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::session) struct Batch {
    /// Those of which a line stands in the turn, oldest first.
    pub(in crate::session) summed: Vec<InboxRow>,
    /// Those that stand in it whole, oldest first; never empty.
    pub(in crate::session) rows: Vec<InboxRow>,
    /// Those that a turn was given under way which is taken up again with these: their words are in its steps.
    pub(in crate::session) steered: Vec<InboxId>,
    /// Those that go unanswered, and why.
    pub(in crate::session) dropped: Vec<(InboxId, &'static str)>,
}

impl Batch {
    /// Returns the rows that the turn answers.
    pub(in crate::session) fn all(&self) -> impl Iterator<Item = InboxId> {
        let whole = self.summed.iter().chain(&self.rows).map(|row| row.id);
        whole.chain(self.steered.iter().copied())
    }
}

/// How long nothing has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Quiet {
    /// Long enough: nothing came while a turn ran.
    Enough,
    /// So long.
    For(Duration),
}

/// Why messages go unanswered.
const OLD: &str = "queue full: the oldest are dropped";
const NEW: &str = "queue full: the newest are dropped";
pub(super) const STOPPED: &str = "stopped";

/// Decides about rows in the order of their arrival, by the time on the gateway's clock, milliseconds since 1970.
#[must_use]
pub(in crate::session) fn plan(mut waiting: Vec<Waiting>, quiet: Quiet, now_ms: i64) -> Plan {
    if let Some(at) = waiting.iter().position(|waiting| waiting.sort == Sort::Stop) {
        let stop = waiting.split_off(at).into_iter().next().map(|waiting| waiting.row);
        let dropped = stop.as_ref().map(|stop| stopped_by(&stop.inbound.route, &waiting)).unwrap_or_default();
        return Plan::Turn(Batch { dropped, rows: stop.into_iter().collect(), ..Batch::default() });
    }
    // What still waits for others may be in front of it.
    if let Some(at) = waiting.iter().position(|waiting| shares_turn(&waiting.row)) {
        return Plan::Turn(resumed(waiting.split_off(at)));
    }
    match held(&waiting, now_ms) {
        Held::Now(rows) => return Plan::Turn(Batch { rows, ..Batch::default() }),
        Held::Later(wait) => return Plan::Rest(wait),
        Held::Nothing => return Plan::Nothing,
        Held::Others => waiting.retain(|waiting| hold(waiting).is_none()),
    }
    let Some(head) = waiting.first() else { return Plan::Nothing };
    let policy = head.policy;
    let together = head.sort == Sort::Message && matches!(policy.mode, QueueMode::Collect | QueueMode::Interrupt);
    let count = if together { waiting.iter().take_while(|next| goes_with(head, next)).count() } else { 1 };
    if let (QueueMode::Collect, Quiet::For(quiet)) = (policy.mode, quiet)
        && together
        && count < policy.cap
        && quiet < policy.debounce
    {
        return Plan::Wait(policy.debounce.saturating_sub(quiet));
    }
    waiting.truncate(count);
    Plan::Turn(cap(waiting.into_iter().map(|waiting| waiting.row).collect(), policy))
}

/// Returns which of the rows in front of an order to stop go unanswered for it: the messages of its own place. What others wait
/// for in other places, or what a client ordered, is nothing to it.
#[must_use]
pub(in crate::session) fn stopped_by(stop: &Route, before: &[Waiting]) -> Vec<(InboxId, &'static str)> {
    let of_place = |waiting: &&Waiting| waiting.sort == Sort::Message && is_same_place(stop, &waiting.row.inbound.route);
    before.iter().filter(of_place).map(|waiting| (waiting.row.id, STOPPED)).collect()
}

/// Returns whether the answers to two messages go to the same place.
#[must_use]
pub(in crate::session) fn is_same_place(one: &Route, other: &Route) -> bool {
    (&one.account, &one.chat, &one.thread) == (&other.account, &other.chat, &other.thread)
}

/// Returns whether others shared the turn of a row that was cut short.
#[must_use]
pub(in crate::session) fn shares_turn(row: &InboxRow) -> bool {
    row.steps.iter().any(|round| !round.with.is_empty() || round.said.iter().any(|said| said.backlog == Backlog::Answered))
}

/// Returns the rows of a turn that was cut short: the first, and those that shared it and still wait. Others that it was given were
/// ended without it.
fn resumed(waiting: Vec<Waiting>) -> Batch {
    let mut waiting = waiting.into_iter();
    let Some(Waiting { row: mut first, policy, .. }) = waiting.next() else { return Batch::default() };
    let waited = first.inbound.hold.is_some();
    let with: Vec<_> = first.steps.iter().flat_map(|round| round.with.iter().copied()).collect();
    let said = first.steps.iter().flat_map(|round| &round.said);
    let answered: Vec<_> = said.filter(|said| said.backlog == Backlog::Answered).map(|said| said.id).collect();
    let others: Vec<_> = waiting.map(|waiting| waiting.row).collect();
    let steered: Vec<_> = others.iter().map(|row| row.id).filter(|id| answered.contains(id)).collect();
    for said in first.steps.iter_mut().flat_map(|round| &mut round.said) {
        if !steered.contains(&said.id) {
            said.backlog = Backlog::Kept;
        }
    }
    let rows = std::iter::once(first).chain(others.into_iter().filter(|row| with.contains(&row.id))).collect();
    // What was left out was left out then.
    let batch = match policy.drop {
        // Those that waited for each other were never cut short.
        QueueDrop::Summarize if !waited => cap(rows, policy),
        QueueDrop::Summarize | QueueDrop::Old | QueueDrop::New => Batch { rows, ..Batch::default() },
    };
    Batch { steered, ..batch }
}

/// Returns whether a row can share the turn of another: the same place of the answer, the same policy, since what one message asks for
/// holds for that message.
fn goes_with(head: &Waiting, next: &Waiting) -> bool {
    next.sort == Sort::Message
        && next.policy == head.policy
        && next.hints == head.hints
        && is_same_place(&head.row.inbound.route, &next.row.inbound.route)
}

fn cap(mut rows: Vec<InboxRow>, policy: QueuePolicy) -> Batch {
    let over = rows.len().saturating_sub(policy.cap.max(1));
    let gone = |rows: Vec<InboxRow>, why| rows.into_iter().map(|row| (row.id, why)).collect();
    match policy.drop {
        QueueDrop::New => {
            let newest = rows.split_off(rows.len() - over);
            Batch { rows, dropped: gone(newest, NEW), ..Batch::default() }
        }
        QueueDrop::Old => {
            let kept = rows.split_off(over);
            Batch { rows: kept, dropped: gone(rows, OLD), ..Batch::default() }
        }
        QueueDrop::Summarize => {
            let kept = rows.split_off(over);
            Batch { summed: rows, rows: kept, ..Batch::default() }
        }
    }
}
