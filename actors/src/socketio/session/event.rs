//! What a session says.

use std::time::Duration;

use serde_json::Value;

use crate::socketio::{Fault, Parser, Transport};

/// What a session says, in the order in which it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The server sent an event.
    Message(Incoming),
    /// Something came that the parser cannot read, so an event may be lost: whoever can ask for it by other means should. A few
    /// are borne, then the session ends.
    Unreadable(String),
    /// The server gave a sign of life. At most one waits.
    Alive,
    /// Frames travel another way from here on; nothing was lost.
    TransportChanged(Transport),
    /// A probe of WebSocket failed; frames go on by polling.
    ProbeFailed {
        /// Why.
        fault: Fault,
        /// When it is probed again.
        again_in: Duration,
    },
    /// The session is over. It says so for ever after.
    Closed(Closed),
}

/// An event of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// Its name.
    pub name: String,
    /// Its arguments. Bytes are `{"$bytes": "<base64>"}` (see [`as_binary`](crate::socketio::as_binary)), dates of MessagePack are RFC 3339 texts, `undefined` is null.
    pub args: Vec<Value>,
    /// Set where the server wants an acknowledgement: see [`Emitter::answer`](super::Emitter::answer).
    pub ack: Option<AckId>,
}

/// An acknowledgement that the server awaits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AckId(pub(super) u64);

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Why.
    pub reason: CloseReason,
    /// How frames travelled at the end.
    pub transport: Transport,
    /// How long they had travelled this way.
    pub lasted: Duration,
}

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// It was asked to.
    #[error("closed")]
    Asked,
    /// The server ended the namespace by a packet.
    #[error("the server disconnected this client")]
    Kicked,
    /// The server closed the transport in order.
    #[error("the server closed the connection{}", code.map(|code| format!(" (code {code})")).unwrap_or_default())]
    ServerClosed {
        /// The code of WebSocket, where it gave one.
        code: Option<u16>,
    },
    /// The transport broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The server gave no sign of life within its own interval and timeout.
    #[error("the server gave no sign of life for {} ms", waited.as_millis())]
    Silent {
        /// How long was waited.
        waited: Duration,
    },
    /// The server sent what is no frame, or too many packets that cannot be read.
    #[error("the server sent what cannot be read: {0}")]
    Unreadable(String),
    /// Events came faster than they were read.
    #[error("events came faster than they were read: {waiting} wait")]
    Overrun {
        /// How many waited.
        waiting: usize,
    },
    /// The server asks for more signs of life than it takes answers.
    #[error("the server asks for more signs of life than it takes: {waiting} wait")]
    Flooded {
        /// How many answers waited.
        waiting: usize,
    },
    /// The task that carried the session was lost: a fault of ours.
    #[error("the session's task was lost")]
    Lost,
}

/// How a session was opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// How frames travel.
    pub transport: Transport,
    /// How packets are written.
    pub parser: Parser,
    /// The id of the namespace's connection, as the server gave it.
    pub sid: String,
    /// What was tried before, in order.
    pub tried: Vec<Attempt>,
}

/// An attempt that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// By which transport.
    pub transport: Transport,
    /// With which parser.
    pub parser: Parser,
    /// Why it failed.
    pub fault: Fault,
}

/// No session could be opened.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", .tried.iter().map(|attempt| format!("{}: {}", attempt.transport.name(), attempt.fault)).collect::<Vec<_>>().join("; "))]
pub struct OpenError {
    /// The fault that decided.
    pub fault: Fault,
    /// Everything that was tried, in order; the last one's fault is the one above.
    pub tried: Vec<Attempt>,
}
