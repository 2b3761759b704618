//! What really lies in an actor's mailbox.

use std::sync::Arc;
use std::time::Duration;

use super::fault::Fault;
use super::guard::guarded;
use super::seat::{Fate, Seat};

/// One thing in a mailbox. There is one actix message type only, so that an actor needs one address only.
pub(super) enum Letter<M: Send + 'static> {
    /// A message that somebody told.
    Told(Tracked<M>),
    /// "Something waits for you."
    Ring,
    /// A drill.
    Fault(Fault),
}

impl<M: Send + 'static> actix::Message for Letter<M> {
    type Result = ();
}

/// A message with its place in the mailbox and the moment it took it. Dropped anywhere, it gives the place back.
pub(super) struct Tracked<M: Send + 'static> {
    message: Option<M>,
    seat: Arc<Seat<M>>,
    mailbox: u32,
    at: Duration,
}

impl<M: Send + 'static> Tracked<M> {
    /// Returns a message whose place is taken already.
    pub(super) fn new(message: M, seat: Arc<Seat<M>>, mailbox: u32) -> Self {
        let at = seat.clock.elapsed();
        Self { message: Some(message), seat, mailbox, at }
    }

    /// Takes the message out for handling; `None` when it was to be passed over.
    pub(super) fn take(mut self) -> Option<M> {
        match self.seat.leave(self.mailbox) {
            Fate::Due => {
                self.seat.vitals.count_handled(self.seat.clock.elapsed().saturating_sub(self.at));
                self.message.take()
            }
            Fate::PassedOver => {
                drop_guarded(self.message.take());
                None
            }
        }
    }

    /// Takes the message out again because it could not be delivered.
    pub(super) fn take_back(mut self) -> Option<M> {
        self.seat.leave(self.mailbox);
        self.message.take()
    }
}

impl<M: Send + 'static> Drop for Tracked<M> {
    fn drop(&mut self) {
        if self.message.is_some() {
            self.seat.leave(self.mailbox);
            drop_guarded(self.message.take());
        }
    }
}

/// Drops a message nobody handles. Many of them are dropped in a row with a mailbox, where a second panic would end the process.
fn drop_guarded<M>(message: Option<M>) {
    if let Err(text) = guarded(|| drop(message)) {
        tracing::warn!(event = "actor.panicked", "while a message was dropped: {text}");
    }
}
