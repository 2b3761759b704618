//! The vocabulary between actors: plain data, no behaviour, no I/O.
//!
//! Everything that crosses a mailbox, the store or the wire to a client is named here once, so that no actor has to know
//! another actor's type. This ring depends on nothing else in the crate.

mod code;
mod counters;
mod delta;
mod event;
mod ids;
mod inbound;
mod link;
mod outbound;
mod route;
mod session;
mod switchboard;
mod transcript;
mod turn;

pub use code::{Code, Retry};
pub use counters::{AccountCounters, Counter, Counters, TurnCounters};
pub use delta::{Delta, TurnEnd, TurnFailure};
pub use event::{Event, EventBody};
pub use ids::{AccountKey, InboxId, OutboxId, RunId, SessionKey, TraceId};
pub use inbound::{Inbound, Media};
pub use link::{LinkState, LinkStatus};
pub use outbound::{Outbound, Receipt, Target};
pub use route::{ChatKind, ChatRef, Peer, Route};
pub use session::{Retired, SessionMessage, Tenure};
pub use switchboard::{AskError, Shaper, Switchboard};
pub use transcript::{Entry, Role};
pub use turn::{Ask, Usage};
