//! A link while it lives: the connector's task, the way in, the way out.

use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::actor::ChannelMessage;
use super::connector::{AckToken, LinkCommand, LinkEvent};
use super::intake::{Decided, Fate};
use super::outgo::SEND_WINDOW;
use crate::core::{ActorRef, Progress};
use crate::message::LinkState;

/// How many frames stand between the platform and the store; above, the platform waits.
pub(super) const FRAME_WINDOW: usize = 1024;

/// How many events a connector may be ahead of its actor.
const EVENTS_MAX: usize = 256;

/// The most messages that a channel actor's mailbox holds: all frames and confirmations of a full window, the rest to spare.
pub(super) const MAILBOX_MAX: u32 = 2048;

/// The actor's ends of a link.
pub(super) struct LiveLink {
    pub(super) life: u64,
    pub(super) state: LinkState,
    commands: mpsc::Sender<LinkCommand>,
    decided: mpsc::Sender<Decided>,
}

/// Why a connector did not take an order.
#[derive(Debug)]
pub(super) enum Refused {
    /// It is behind: a network that does not take its writes, many acknowledgements in front. The order comes back.
    Full(LinkCommand),
    /// It is ending.
    Gone,
}

/// The other ends, each for a task of its own.
pub(super) struct FarEnds {
    pub(super) events: mpsc::Sender<LinkEvent>,
    pub(super) commands: mpsc::Receiver<LinkCommand>,
    pub(super) arriving: mpsc::Receiver<LinkEvent>,
    pub(super) decided: mpsc::Receiver<Decided>,
    pub(super) acks: mpsc::Sender<LinkCommand>,
}

impl LiveLink {
    /// Makes the ends of a link's life.
    pub(super) fn new(life: u64) -> (Self, FarEnds) {
        let (events, arriving) = mpsc::channel(EVENTS_MAX);
        // Room for a whole window of rows and for the acknowledgements between them.
        let (commands, commanded) = mpsc::channel(2 * SEND_WINDOW);
        let (decided, to_write) = mpsc::channel(FRAME_WINDOW);
        let acks = commands.clone();
        let link = Self { life, state: LinkState::Connecting, commands, decided };
        (link, FarEnds { events, commands: commanded, arriving, decided: to_write, acks })
    }

    /// Gives the connector an order.
    pub(super) fn order(&self, command: LinkCommand) -> Result<(), Refused> {
        self.commands.try_send(command).map_err(|refused| match refused {
            TrySendError::Full(command) => Refused::Full(command),
            TrySendError::Closed(_) => Refused::Gone,
        })
    }

    /// Passes a frame's fate on. Every frame holds a permit of the window, so there is always room.
    pub(super) fn write(&self, fate: Fate, ack: Option<AckToken>, permit: OwnedSemaphorePermit) {
        let _ = self.decided.try_send(Decided { fate, ack, permit });
    }
}

/// Carries events from the connector to its actor, frames only as fast as they are written.
pub(super) async fn carry(
    life: u64,
    mut arriving: mpsc::Receiver<LinkEvent>,
    actor: ActorRef<ChannelMessage>,
    progress: Progress,
) {
    // What waits here is watched elsewhere: the connector stamps, and so does the intake.
    progress.pause();
    let window = Arc::new(Semaphore::new(FRAME_WINDOW));
    while let Some(event) = arriving.recv().await {
        let permit = match &event {
            LinkEvent::Frame { .. } => Arc::clone(&window).acquire_owned().await.ok(),
            LinkEvent::Status(_)
            | LinkEvent::LeftOut { .. }
            | LinkEvent::Names(_)
            | LinkEvent::Way(_)
            | LinkEvent::Unmarked(_)
            | LinkEvent::Confirmed { .. }
            | LinkEvent::Failed { .. } => None,
        };
        if let Err(error) = actor.tell(ChannelMessage::Link { life, event, permit }) {
            // The window is smaller than the mailbox, so the actor is gone; a frame is unacknowledged and comes again.
            tracing::debug!(event = "link.unheard", actor = %actor.id(), "{error}");
            return;
        }
    }
}
