//! Messages that wait for others of their chat before they are answered, all together.

use serde::{Deserialize, Serialize};

/// Whether a message ends the waiting of its chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ends {
    /// It waits like the others.
    Waits,
    /// It is answered at once, and what waits with it.
    Now,
}

/// How a message waits. It stands in its row like every other; only its turn is later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// When it was taken in, milliseconds since 1970 by the gateway's clock.
    pub since_ms: i64,
    /// How long nothing more may come of its chat before it is answered, milliseconds.
    pub quiet_ms: u64,
    /// How long it is waited for that at the longest, milliseconds from the first of those that wait.
    pub longest_ms: u64,
    /// Whether it ends the waiting.
    pub ends: Ends,
}

/// Which messages wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldScope {
    /// Those in rooms that do not address the agent; one that does ends the waiting.
    Unaddressed,
    /// All of them, in direct chats too.
    Everything,
}

/// The rule of an account about messages that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldRule {
    /// Which wait.
    pub scope: HoldScope,
    /// See [`Hold::quiet_ms`].
    pub quiet_ms: u64,
    /// See [`Hold::longest_ms`].
    pub longest_ms: u64,
}
