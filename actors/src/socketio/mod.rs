//! A client of Socket.IO (protocol 5) over Engine.IO (protocol 4), as its servers speak it since version 3.
//!
//! Knows nothing of any platform. Time comes from the [`Clock`](crate::core::Clock), TLS settings from whoever opens a session.
//!
//! # Layout
//!
//! - [`frames`]: Engine.IO; its frames, WebSocket and HTTP long polling as ways of carrying them, the change from one to the other
//! - [`packets`]: Socket.IO packets, and the two parsers that are in use: JSON and MessagePack
//! - `tunnel`: TCP to a server, through a proxy too, for whoever speaks WebSocket
//! - [`session`]: one session in one namespace: opened with whatever transport and parser the server lets through, a bounded
//!   queue of what it says, calls with acknowledgement
//!
//! # What it promises
//!
//! - A session never reconnects by itself: it ends with [`Event::Closed`], and whoever holds it decides.
//! - WebSocket comes first; HTTP long polling steps in where WebSocket is refused, hangs or is cut, and WebSocket is probed again
//!   later without anything lost ([`Way`], [`Steps`]).
//! - A server that closes without a word on one parser is tried with the other ([`Parsers`]).
//! - Everything is bounded ([`Limits`]): frames, packets, the values in them, answers that wait; a full queue of events first holds the
//!   server back, then ends the session.
//! - Bytes are arguments like others, both ways and with both parsers ([`binary`]).

mod fault;
pub(crate) mod frames;
mod limits;
mod options;
pub(crate) mod packets;
mod session;
pub(crate) mod tunnel;

pub use fault::Fault;
pub use limits::Limits;
pub use options::{Auth, Endpoint, Options, Parser, Parsers, Probe, Proxies, Transport, Way};
pub use packets::{as_binary, binary};
pub use session::{
    AckId, Attempt, CloseReason, Closed, EmitError, Emitter, Event, Incoming, OpenError, Opened, Session, Start, Steps,
};
