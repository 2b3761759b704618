//! A live link to a platform: one connection's life, from the first byte to the drop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::cursors::Cursors;
use super::speakers::Speakers;
use crate::core::Progress;
use crate::message::{Code, Inbound, LinkStatus, Mark, OutboxId, Receipt};
use crate::ports::{MediaRoom, OutboxRow};

/// A link that stood so long begins its back-off anew.
pub(super) const STABLE_AFTER: Duration = Duration::from_secs(10);

/// Names one frame for its acknowledgement; counts from 1 within one link's life.
pub type AckToken = u64;

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// A message with a row.
    New,
    /// Nothing more: its message had a row before.
    Duplicate,
    /// Nothing: there was no message in it, or policy let it go no further.
    Nothing,
}

/// A frame that is done with: what it became is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acked {
    /// The frame.
    pub token: AckToken,
    /// What became of it. Platforms elsewhere only hear that it was received.
    pub became: Became,
}

/// What a frame turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Normalised {
    /// A message for the agent, if policy lets it through.
    Message(Box<Inbound>),
    /// Nothing for anybody, for a reason that is no fault: an echo of our own, an empty one, a stale one.
    Ignored(&'static str),
    /// Not readable; the text says why, for the log.
    Bad(String),
}

/// What a link tells its channel actor.
#[derive(Debug)]
pub enum LinkEvent {
    /// The link's state changed.
    Status(LinkStatus),
    /// A frame arrived. Bad and ignored ones come too, since they are acknowledged in their turn.
    Frame {
        /// What it turned out to be.
        frame: Normalised,
        /// For its acknowledgement; `None` where the platform wants none.
        ack: Option<AckToken>,
    },
    /// So many messages go no further that nobody reads one by one, for a reason that is no fault.
    LeftOut {
        /// Why.
        reason: &'static str,
        /// How many, at the least.
        count: u64,
    },
    /// The ids of people whom the settings name, by their lower-cased names. Comes before the first frame whose policy needs it.
    Names(BTreeMap<String, String>),
    /// By which way messages come from now on, where a platform has several. Comes while the link is up, and changes nothing of that.
    Way(&'static str),
    /// A mark was left out, or the platform did not take it; says why.
    Unmarked(String),
    /// The platform confirmed a payload.
    Confirmed {
        /// The row.
        id: OutboxId,
        /// The proof.
        receipt: Receipt,
    },
    /// The platform did not take a payload.
    Failed {
        /// The row.
        id: OutboxId,
        /// The stable code; `code.retry()` decides between another try and the dead letters.
        code: Code,
        /// The reason for people; carries no secret.
        reason: String,
        /// How long the platform asks to wait, milliseconds.
        retry_after_ms: Option<u64>,
    },
}

/// What a channel actor tells its link.
#[derive(Debug)]
pub enum LinkCommand {
    /// Send this payload; rows of one chat come in their order.
    Send(Box<OutboxRow>),
    /// These frames are committed: tell the platform. In order of arrival.
    Ack(Vec<Acked>),
    /// Mark this message, or take the mark off: once and beside everything else, so that nothing waits for it. Only a platform that can
    /// react is told so.
    Mark(Marking),
    /// Say goodbye to the platform and end.
    Close,
}

/// A mark that says that a message was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marking {
    /// The message, by the platform's own id.
    pub message: String,
    /// What becomes of the mark.
    pub mark: Mark,
}

/// Why a link's life ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkEnd {
    /// The stable code. `BadCredentials` and `Misconfigured` block the link; everything else is tried again with back-off.
    pub code: Code,
    /// The reason for people; carries no secret.
    pub text: String,
    /// Whether the link had stood long enough for the back-off to begin anew.
    pub was_stable: bool,
}

impl LinkEnd {
    /// Returns the end of a link that did not stand long.
    #[must_use]
    pub const fn new(code: Code, text: String) -> Self {
        Self { code, text, was_stable: false }
    }

    /// Returns the end of a link that was told to close.
    #[must_use]
    pub fn closed() -> Self {
        Self::new(Code::LinkDown, "closed on request".to_owned())
    }
}

/// Waits until a link is to end before it stands. Rows that come early are held; nothing else can come.
pub(super) async fn told_to_close(commands: &mut mpsc::Receiver<LinkCommand>, mut hold: impl FnMut(Box<OutboxRow>)) {
    loop {
        match commands.recv().await {
            Some(LinkCommand::Send(row)) => hold(row),
            Some(LinkCommand::Ack(_) | LinkCommand::Mark(_)) => {}
            Some(LinkCommand::Close) | None => return,
        }
    }
}

/// The actor's end of a link, as the connector sees it.
#[derive(Debug)]
pub struct Link {
    /// To the actor. Bounded: a link that is ahead of its actor waits, and the platform with it.
    pub events: mpsc::Sender<LinkEvent>,
    /// From the actor. Closed when the actor is gone.
    pub commands: mpsc::Receiver<LinkCommand>,
    /// Stamped on every frame, ping and confirmation; a link that does not stamp in time is cut.
    pub progress: Progress,
    /// What the account keeps on the disk of where it stopped reading.
    pub cursors: Cursors,
    /// What turns have to say before their end, for platforms that can show it.
    pub speakers: Speakers,
    /// Where the bytes of pictures and files are.
    pub media: Arc<dyn MediaRoom>,
}

/// A connection to a platform, not yet made.
pub trait Connector: Send + 'static {
    /// Connects and carries messages until the link drops, is refused, or is told to close. It never reconnects by itself and
    /// never decides who may talk.
    fn run(self: Box<Self>, link: Link) -> BoxFuture<'static, LinkEnd>;
}
