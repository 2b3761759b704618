//! What a link tells its actor, and the actor has no room for yet.
//!
//! A link never waits for its actor alone, or each could wait for the other: what finds no room is held here, and once much is held
//! the platform is not read.

use std::collections::VecDeque;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::connector::{AckToken, LinkEvent, Normalised};
use crate::message::{Code, OutboxId};

/// How long a row waits that the link had no room for, milliseconds.
const OVERLOADED_RETRY_MS: u64 = 1000;

/// Events on their way to the actor, in order.
#[derive(Debug, Default)]
pub(super) struct EventQueue(VecDeque<LinkEvent>);

impl EventQueue {
    /// Adds an event behind the others.
    pub(super) fn push(&mut self, event: LinkEvent) {
        self.0.push_back(event);
    }

    /// Adds events behind the others.
    pub(super) fn extend(&mut self, events: impl IntoIterator<Item = LinkEvent>) {
        self.0.extend(events);
    }

    /// Adds a frame.
    pub(super) fn frame(&mut self, frame: Normalised, ack: Option<AckToken>) {
        self.push(LinkEvent::Frame { frame, ack });
    }

    /// Says that the platform did not take a row.
    pub(super) fn fail(&mut self, id: OutboxId, code: Code, reason: String, retry_after_ms: Option<u64>) {
        self.push(LinkEvent::Failed { id, code, reason, retry_after_ms });
    }

    /// Says that the link had no room for a row.
    pub(super) fn overloaded(&mut self, id: OutboxId) {
        self.fail(id, Code::Overloaded, "too many rows in hand of one link".to_owned(), Some(OVERLOADED_RETRY_MS));
    }

    /// Hands over what the actor has room for. A queue that is closed keeps everything: whoever waits for room in it sees that.
    pub(super) fn deliver(&mut self, actor: &mpsc::Sender<LinkEvent>) {
        while let Some(event) = self.0.pop_front() {
            match actor.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event) | TrySendError::Closed(event)) => return self.0.push_front(event),
            }
        }
    }

    /// Returns how many events are held.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether none is held.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
