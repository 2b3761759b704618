//! The actor that tells everybody what happens. It stands apart from routing, so that a message never waits behind a thousand
//! listeners.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::oneshot;

use super::board::Board;
use crate::core::{ActorId, ActorKind, ActorSpec, Behaviour, Mailbox, Overflow, Place, Scope};
use crate::message::{Event, EventBody};

/// How many events wait; above, the oldest is dropped.
pub(super) const EVENTS_MAX: u32 = 8192;

/// How many events wait before those that may be left out are: the rest of the room is for those that may not.
pub(super) const LIGHT_EVENTS_MAX: u32 = EVENTS_MAX / 8;

/// How many bytes wait before events that may be left out are.
pub(super) const LIGHT_EVENTS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The actor's id.
pub const FANOUT: &str = "fanout";

/// What the fan-out is asked.
#[derive(Debug)]
pub enum FanoutMessage {
    /// Tell everybody.
    Tell(Waiting),
    /// Answer when everybody has been told of all that came before.
    Mark(oneshot::Sender<()>),
}

/// An event that waits, its bytes counted until it is told or dropped.
#[derive(Debug)]
pub struct Waiting {
    body: EventBody,
    bytes: Arc<AtomicUsize>,
}

impl Waiting {
    pub(super) fn new(body: EventBody, bytes: &Arc<AtomicUsize>) -> Self {
        bytes.fetch_add(body.payload.get().len(), Ordering::Relaxed);
        Self { body, bytes: Arc::clone(bytes) }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.bytes.fetch_sub(self.body.payload.get().len(), Ordering::Relaxed);
    }
}

/// The fan-out.
#[derive(Debug)]
pub struct FanoutActor {
    board: Arc<Board>,
    /// Outlives the actor's crashes: `seq` has no holes and never runs backwards.
    seq: Arc<AtomicU64>,
}

impl FanoutActor {
    /// Returns how the actor is made.
    #[must_use]
    pub fn spec(board: &Arc<Board>) -> ActorSpec<Self> {
        let (board, seq) = (Arc::clone(board), Arc::new(AtomicU64::new(0)));
        ActorSpec::new(ActorId::new(FANOUT), ActorKind::Fanout, move || {
            Ok(Self { board: Arc::clone(&board), seq: Arc::clone(&seq) })
        })
        .mailbox(Mailbox { capacity: EVENTS_MAX, overflow: Overflow::DropOldest })
        .place(Place::Routing)
    }
}

impl Behaviour for FanoutActor {
    type Message = FanoutMessage;

    fn receive(&mut self, message: FanoutMessage, _scope: &mut Scope<'_, Self>) {
        let waiting = match message {
            FanoutMessage::Tell(waiting) => waiting,
            FanoutMessage::Mark(done) => {
                // Whoever went away needs no answer.
                let _ = done.send(());
                return;
            }
        };
        let seq = self.seq.fetch_add(1, Ordering::Relaxed) + 1;
        self.board.deliver(&Arc::new(Event::new(seq, &waiting.body)));
    }
}
