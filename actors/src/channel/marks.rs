//! The marks that come off once the messages that they stand on are answered (`messages.removeAckAfterReply`). In memory: a mark says
//! that there is more to come, and after a restart it stays.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::connector::Marking;
use crate::message::{InboxId, Mark, OutboxId};

/// How many marked messages are remembered that wait for their answer, and how many marks that are to come off; beyond, the oldest
/// stays marked.
const MARKED_MAX: usize = 1024;
/// How many answers are remembered that are on their way; beyond, the messages of the oldest stay marked.
const ANSWERS_MAX: usize = 1024;

/// The marks of one account.
#[derive(Debug, Default)]
pub(super) struct Marks(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Messages that were marked, the oldest first.
    marked: VecDeque<(InboxId, Marking)>,
    /// The last payload of answers, with the messages that they answer, the oldest first.
    answers: VecDeque<(OutboxId, Vec<InboxId>)>,
    /// What is taken off as soon as a link can.
    due: VecDeque<Marking>,
}

impl Marks {
    /// Remembers the mark of a message that was taken in.
    pub(super) fn put(&self, row: InboxId, marking: Marking) {
        let mut state = self.lock();
        push(&mut state.marked, (row, marking), MARKED_MAX);
    }

    /// Says that messages are answered once a payload is sent; without one, all of the answer has left already.
    pub(super) fn answered(&self, rows: &[InboxId], last: Option<OutboxId>) {
        let mut state = self.lock();
        if !state.marked.iter().any(|(row, _)| rows.contains(row)) {
            return;
        }
        match last {
            Some(last) => push(&mut state.answers, (last, rows.to_vec()), ANSWERS_MAX),
            None => state.take_off(rows),
        }
    }

    /// Says that a payload was sent.
    pub(super) fn sent(&self, id: OutboxId) {
        let mut state = self.lock();
        let Some(at) = state.answers.iter().position(|(last, _)| *last == id) else { return };
        if let Some((_, rows)) = state.answers.remove(at) {
            state.take_off(&rows);
        }
    }

    /// Takes out what is to be taken off now.
    pub(super) fn take_due(&self) -> Vec<Marking> {
        self.lock().due.drain(..).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_off(&mut self, rows: &[InboxId]) {
        let (off, left) = std::mem::take(&mut self.marked).into_iter().partition(|(row, _)| rows.contains(row));
        self.marked = left;
        let off: VecDeque<(InboxId, Marking)> = off;
        for (_, Marking { message, mark }) in off {
            if let Mark::Put(emoji) = mark {
                push(&mut self.due, Marking { message, mark: Mark::Take(emoji) }, MARKED_MAX);
            }
        }
    }
}

/// Adds at the end; what is oldest makes room.
fn push<T>(queue: &mut VecDeque<T>, item: T, max: usize) {
    if queue.len() >= max {
        queue.pop_front();
    }
    queue.push_back(item);
}
