//! Messages that are shown while they grow: posted once under the id of their row, then edited until the row itself is sent.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::api::{Api, ApiError};
use super::connector::Shared;
use super::rest::{RestError, SPARED_CALLS};
use super::send::{document, message_id, with_mentions};
use crate::channel::Cursors;
use crate::message::{Draft, OutboxId};
use crate::ports::OutboxRow;

/// How often there is another draft, at the most. Where the server limits edits there are fewer.
const EVERY: Duration = Duration::from_secs(1);
/// How many drafts are on their way at a time.
const CALLING_MAX: usize = 4;
/// Of how many messages it is known that they are shown; the row of an older one finds out by itself.
const SHOWN_MAX: usize = 256;
const EDIT: &str = "chat.update";

/// Whether a message is shown already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// It is not, or nobody knows.
    No,
    /// It is.
    Yes,
}

/// What became of a draft.
#[derive(Debug)]
pub(super) struct Drafted {
    /// The message's row.
    pub(super) id: OutboxId,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Shown,
    /// Another may do better.
    Missed,
    /// The server does not take any of it: the message comes whole.
    GivenUp,
}

/// The drafts of one connection.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    calling: HashSet<OutboxId>,
    shown: HashSet<OutboxId>,
    given_up: HashSet<OutboxId>,
    /// Those that are shown or given up, the oldest first.
    order: VecDeque<OutboxId>,
    /// Rows whose own draft is still on its way.
    parked: HashMap<OutboxId, Box<OutboxRow>>,
    next: Duration,
}

impl Drafts {
    /// Returns whether a draft may go now.
    pub(super) fn may_call(&self, now: Duration) -> bool {
        now >= self.next && self.calling.len() < CALLING_MAX
    }

    /// Returns whether a draft of a message is on its way.
    pub(super) fn is_calling(&self, id: OutboxId) -> bool {
        self.calling.contains(&id)
    }

    /// Returns whether a message is shown already.
    pub(super) fn shown(&self, id: OutboxId) -> Shown {
        if self.shown.contains(&id) { Shown::Yes } else { Shown::No }
    }

    /// Takes a draft on its way, unless nobody is to see it.
    pub(super) fn begin(&mut self, id: OutboxId) -> Option<Shown> {
        if self.given_up.contains(&id) || self.calling.len() >= CALLING_MAX {
            return None;
        }
        self.calling.insert(id);
        Some(self.shown(id))
    }

    /// Keeps a row until its own draft has arrived, which would overwrite it.
    pub(super) fn park(&mut self, row: Box<OutboxRow>) {
        self.parked.insert(row.id, row);
    }

    /// Records what became of a draft; returns the row that waited for it.
    pub(super) fn over(&mut self, drafted: &Drafted, now: Duration, pace: Duration) -> Option<Box<OutboxRow>> {
        self.calling.remove(&drafted.id);
        self.next = now + pace.max(EVERY);
        match drafted.outcome {
            Outcome::Shown if self.shown.insert(drafted.id) => self.remember(drafted.id),
            Outcome::GivenUp if self.given_up.insert(drafted.id) => self.remember(drafted.id),
            _ => {}
        }
        self.parked.remove(&drafted.id)
    }

    /// Forgets a message that is sent.
    pub(super) fn forget(&mut self, id: OutboxId) {
        let known = self.shown.remove(&id) | self.given_up.remove(&id);
        if known {
            self.order.retain(|other| *other != id);
        }
    }

    fn remember(&mut self, id: OutboxId) {
        self.order.retain(|other| *other != id);
        if self.order.len() >= SHOWN_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.shown.remove(&oldest);
            self.given_up.remove(&oldest);
        }
        self.order.push_back(id);
    }
}

/// Returns how long to wait before the next draft, by what the server still allows. A message that is posted as a draft is not
/// posted again, so only edits are spared.
pub(super) fn pace(api: &Api) -> Duration {
    api.rest.pace(EDIT, SPARED_CALLS)
}

/// Shows a draft, in one call that is not made again. A message that is not there yet waits until its chat is owed no other: what was
/// said before may wait for its next try, or for this link to take it in hand.
pub(super) async fn show(api: Arc<Api>, shared: Arc<Shared>, cursors: Cursors, draft: Draft, shown: Shown) -> Drafted {
    if shown == Shown::No && cursors.owes(&draft.outbound.target.chat).await != Ok(false) {
        return Drafted { id: draft.id, outcome: Outcome::Missed };
    }
    let outcome = match call(&api, &shared, &draft, shown).await {
        Ok(()) => Outcome::Shown,
        Err(error) if error.passes() => Outcome::Missed,
        Err(error) => {
            tracing::info!(event = "rocketchat.draft", trace = %draft.trace, "an answer comes whole: {error}");
            Outcome::GivenUp
        }
    };
    Drafted { id: draft.id, outcome }
}

async fn call(api: &Api, shared: &Shared, draft: &Draft, shown: Shown) -> Result<(), ApiError> {
    let (target, id) = (&draft.outbound.target, message_id(draft.id));
    let room = shared.places.find(&target.chat, api).await?;
    let text = with_mentions(&draft.outbound);
    if shown == Shown::No {
        let thread = shared.threads.of(draft.trace, draft.id, target);
        match api.try_post(&document(&id, &room, thread.as_deref(), &text)).await {
            Ok(true) => return Ok(()),
            // It is there since before a crash, which the server may also say in its odd way.
            Ok(false) | Err(ApiError::Rest(RestError::Refused { status: 400, .. })) => {}
            Err(error) => return Err(error),
        }
    }
    api.try_update(&room, &id, &text).await
}
