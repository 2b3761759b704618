//! What turns have to say before their end, on the way to the link of the account that says it.

use std::collections::HashSet;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::chunking;
use super::facts::Desk;
use crate::message::{Draft, Floor, InboxId, Outbound, OutboxId, PieceRules, Shaper, Speech, TraceId};

/// How many drafts wait at a time; a further one puts the oldest out, whose answer comes whole.
const DRAFTS_MAX: usize = 256;
/// How many turns are known to speak; of a further one nobody is told.
const SPEAKING_MAX: usize = 4096;

/// The turns of one account that speak, and the newest draft of each. Cheap to clone; nothing here is the only copy of an answer.
#[derive(Clone, Debug, Default)]
pub struct Speakers(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    speaking: HashSet<TraceId>,
    /// One a message, the oldest first.
    drafts: VecDeque<Draft>,
}

impl Speakers {
    /// Puts a draft in the place of the one before.
    pub(super) fn show(&self, draft: Draft) {
        {
            let mut state = self.lock();
            match state.drafts.iter_mut().find(|known| known.id == draft.id) {
                Some(known) => *known = draft,
                None => {
                    if state.drafts.len() >= DRAFTS_MAX {
                        state.drafts.pop_front();
                    }
                    state.drafts.push_back(draft);
                }
            }
        }
        self.0.changed.notify_one();
    }

    fn floor(&self, trace: TraceId, floor: Floor) {
        let mut state = self.lock();
        match floor {
            Floor::Taken if state.speaking.len() < SPEAKING_MAX => drop(state.speaking.insert(trace)),
            Floor::Taken => {}
            Floor::Left => drop(state.speaking.remove(&trace)),
        }
    }

    /// Returns whether the turn that answers a message speaks: more of its answer may come.
    #[must_use]
    pub fn is_speaking(&self, trace: TraceId) -> bool {
        self.lock().speaking.contains(&trace)
    }

    /// Takes out the drafts that may be shown now.
    #[must_use]
    pub fn take(&self, may: impl Fn(&Draft) -> bool) -> Vec<Draft> {
        let mut state = self.lock();
        let (taken, left) = std::mem::take(&mut state.drafts).into_iter().partition(|draft| may(draft));
        state.drafts = left;
        Vec::from(taken)
    }

    /// Forgets the draft of a message that has come itself.
    pub fn forget(&self, id: OutboxId) {
        self.lock().drafts.retain(|draft| draft.id != id);
    }

    /// Waits for a draft. One that came before and was not waited for counts.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An account's rules for outgoing text as sessions have them: those of its platform, and the way to its link.
pub(super) struct Mouth {
    pub(super) shaper: Arc<dyn Shaper>,
    pub(super) desk: Desk,
}

impl Shaper for Mouth {
    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        self.shaper.shape(outbound)
    }

    fn shape_rest(&self, outbound: Outbound) -> Vec<Outbound> {
        self.shaper.shape_rest(outbound)
    }

    fn speech(&self) -> Speech {
        self.shaper.speech()
    }

    fn whole_part(&self, text: &str, rules: PieceRules) -> usize {
        chunking::whole_part(text, rules)
    }

    fn show(&self, draft: Draft) {
        self.desk.speakers().show(draft);
    }

    fn floor(&self, trace: TraceId, floor: Floor) {
        self.desk.speakers().floor(trace, floor);
    }

    fn answered(&self, rows: &[InboxId], last: Option<OutboxId>) {
        self.desk.marks().answered(rows, last);
    }
}
