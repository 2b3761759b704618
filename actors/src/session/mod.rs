//! Agent sessions: one conversation each, one turn at a time.

mod actor;
mod anew;
mod closing;
mod commands;
mod compaction;
mod ended;
mod gate;
mod hints;
mod lanes;
mod laning;
mod lost;
mod memory;
mod outcome;
mod parts;
mod queue;
mod resets;
mod rows;
mod seed;
mod sending;
mod settings;
mod settling;
mod speaking;
mod steps;
mod telling;
mod thoughts;
mod tool_step;
mod turn;
mod turning;
mod voice;

#[cfg(test)]
mod tests;

pub use actor::{ASKS_MAX, SessionActor};
pub use commands::{AccessGroups, Allowed, COMPACT_MARK, Command, CommandRules, Direct, Standing, Writers};
pub use compaction::{CONTEXT_TOKENS, CompactionMode, CompactionRules};
pub use gate::{TurnGate, TurnPass};
pub use lanes::{Lane, LaneLimits, LaneStand, Lanes};
pub use memory::Verbose;
pub use outcome::tells_failure;
pub use parts::SessionParts;
pub use queue::{QUEUE_CAP_MAX, QUEUE_DEBOUNCE_MAX, QueueDrop, QueueMode, QueuePolicy, QueueRules, QueueWish, QueueWishError};
pub use resets::{ResetPolicy, ResetRules};
pub use sending::{SendRule, SendRules, Sending, SessionKind};
pub use settings::{Greeting, OnProviderFailure, SessionSettings};
pub use speaking::{PartBreak, Pause, SpeechSettings};
