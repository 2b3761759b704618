//! Control clients: who is connected, what each may do, and what waits to be written to it.
//!
//! A client is three things. The *socket* at the edge carries bytes and dies with the connection. The [`ClientSeat`] is what the
//! connection has agreed on, plain data that both share. The [`ClientActor`] answers requests; when it crashes it is rebuilt from
//! the seat, behind the open socket, and events never pass through it: the fan-out writes them into the seat's [`Backlog`].
//!
//! What a client may is its [`Grant`]; the devices that were let in stand in [`devices`].

mod actor;
mod backlog;
mod card;
pub mod devices;
mod error;
mod frame;
mod grant;
mod methods;
mod presence;
mod seat;
mod seats;

pub use actor::{ClientActor, ClientLine, ClientMessage, REQUESTS_MAX};
pub use backlog::{Backlog, Batch, CloseCode, Closing, Pushed, WAITING_BYTES_MAX};
pub use card::{ClientCard, NodeFacts};
pub use error::{Refusal, WireError};
pub use frame::{Incoming, Request, answer_frame, refusal_frame};
pub use grant::{Grant, Role, Scope, Scopes};
pub use methods::{Answer, Call, Found, Methods, Payload};
pub use presence::{Noticed, Presence, PresenceEntry, TEXT_BYTES_MAX};
pub use seat::{ClientSeat, Cutter, Pass, Seating};
pub use seats::Seats;

#[cfg(test)]
mod tests;
