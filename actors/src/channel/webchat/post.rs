//! What a control client hands in, and what it hears of it.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::desk::{POSTS_BYTES_MAX, POSTS_WAITING_MAX};
use super::normalise::{PLATFORM_ID_BYTES_MAX, TEXT_BYTES_MAX};
use crate::message::{AccountKey, Code, Inbound, Media, Order, Peer, SessionKey, Switchboard, TraceId};

/// A message that a control client hands in.
#[derive(Clone, Debug)]
pub struct Post {
    /// The account it goes through.
    pub account: AccountKey,
    /// The session, the turn's id and the client's wishes.
    pub order: Order,
    /// The text.
    pub text: String,
    /// Pictures and files that go with it.
    pub media: Vec<Media>,
    /// The client: its id decides who may talk, as with every channel.
    pub peer: Peer,
    /// Under which the same message is written only once: `chat:<idempotencyKey>`, `agent:<idempotencyKey>`.
    pub platform_id: String,
    /// The thread through the logs.
    pub trace: TraceId,
}

/// The word that a message has a row: it will be answered, whatever happens to the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Whether it had its row before.
    pub duplicate: bool,
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// There is neither text nor media.
    #[error("`message` is empty: write a text or attach something")]
    Empty,
    /// The text is too long.
    #[error("`message` has {0} bytes, more than the {TEXT_BYTES_MAX} that are taken")]
    TooLong(usize),
    /// The id of the message cannot be one.
    #[error("an idempotency key has 1 to {PLATFORM_ID_BYTES_MAX} bytes and no control characters")]
    BadId,
    /// The account is not configured, or is disabled.
    #[error("the channel {0} does not run: set `enabled` to true under `channels.webchat`")]
    Absent(AccountKey),
    /// Somebody stopped it.
    #[error("the channel {0} is stopped: start it with channels.start")]
    Stopped(AccountKey),
    /// It has given up.
    #[error("the channel {0} has failed too often: see the log, then start it with channels.start")]
    Failed(AccountKey),
    /// It is between two lives.
    #[error("the channel {0} is being started: try again")]
    Starting(AccountKey),
    /// It says goodbye.
    #[error("the channel {0} is closing, since the gateway goes down: try again when it is back")]
    Closing(AccountKey),
    /// Too much waits already.
    #[error(
        "too many messages wait for the channel {0}, at most {POSTS_WAITING_MAX} and {POSTS_BYTES_MAX} bytes: try again later"
    )]
    Full(AccountKey),
    /// The channel went down before it said what became of the message.
    #[error(
        "the channel {0} was stopped or restarted before the message was confirmed: send it again with the same idempotency key"
    )]
    Interrupted(AccountKey),
    /// Policy let it go no further.
    #[error("the channel {0} does not take messages of this client")]
    Refused(AccountKey),
}

impl PostError {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Empty | Self::BadId => Code::InvalidRequest,
            Self::TooLong(_) => Code::TooLarge,
            Self::Absent(_) => Code::Misconfigured,
            Self::Stopped(_) | Self::Starting(_) | Self::Closing(_) | Self::Interrupted(_) => Code::Unavailable,
            Self::Failed(_) => Code::ActorFailed,
            Self::Full(_) => Code::Overloaded,
            Self::Refused(_) => Code::Forbidden,
        }
    }
}

/// What a message's client hears.
pub(super) type Answer = Result<Posted, PostError>;

/// A message on its way to the inbox, with whoever waits for it. Dropped once it was passed on, it says that nobody knows what
/// became of it.
pub(super) struct Waiting {
    inbound: Option<Box<Inbound>>,
    account: AccountKey,
    session: Option<SessionKey>,
    client: Option<oneshot::Sender<Answer>>,
    switchboard: Arc<dyn Switchboard>,
    /// Its places among those that wait: one, and one a byte.
    _places: [OwnedSemaphorePermit; 2],
}

impl Waiting {
    /// Returns the message with its client's ear.
    pub(super) fn new(
        inbound: Inbound,
        switchboard: Arc<dyn Switchboard>,
        places: [OwnedSemaphorePermit; 2],
    ) -> (Self, oneshot::Receiver<Answer>) {
        let (client, answer) = oneshot::channel();
        let account = inbound.route.account.clone();
        let session = inbound.order.as_ref().map(|order| order.session.clone());
        let inbound = Some(Box::new(inbound));
        (Self { inbound, account, session, client: Some(client), switchboard, _places: places }, answer)
    }

    /// Takes the message out, once.
    pub(super) fn take(&mut self) -> Option<Box<Inbound>> {
        self.inbound.take()
    }

    /// Tells the client what became of it.
    pub(super) fn answer(mut self, answer: Answer) {
        if let Some(client) = self.client.take() {
            // A client that went away has nothing to hear.
            let _ = client.send(answer);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // One that was not passed on has no row: whoever waits hears why nobody took it.
        let Some(client) = self.client.take().filter(|_| self.inbound.is_none()) else { return };
        if let Some(session) = &self.session {
            // It may have its row and nobody to say so: its session looks, also when the client never asks again.
            self.switchboard.wake_session(session);
        }
        let _ = client.send(Err(PostError::Interrupted(self.account.clone())));
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting({:?})", self.session)
    }
}
