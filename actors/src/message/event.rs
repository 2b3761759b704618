//! What is told to everybody who listens.

use serde::{Deserialize, Serialize};

use super::{AccountKey, Delta, LinkStatus, RunId, SessionKey};

/// One thing that happened, as the actor that saw it tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum EventBody {
    /// A turn began.
    TurnStarted {
        /// Whose.
        session: SessionKey,
        /// Which.
        run: RunId,
        /// True when a crash interrupted it and clients had already seen a part.
        again: bool,
    },
    /// A turn went on or ended.
    Turn {
        /// Whose.
        session: SessionKey,
        /// Which.
        run: RunId,
        /// The piece or the end.
        delta: Delta,
    },
    /// A channel's link changed its state.
    Link {
        /// Whose.
        account: AccountKey,
        /// Where it stands now.
        status: LinkStatus,
    },
    /// Supervision did something: `started`, `stopped`, `panicked`, `restarted`, `gave_up`, `stuck`, `blocked`.
    Actor {
        /// The actor's id.
        id: String,
        /// What happened.
        what: String,
        /// Its text for people.
        detail: String,
    },
    /// The gateway is going down or restarts.
    Shutdown {
        /// Why, for people.
        reason: String,
    },
}

/// A stamped event: `seq` counts from 1 since the start of the process, without holes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The stamp.
    pub seq: u64,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
}
