//! Agent sessions: one conversation each, one turn at a time.

mod actor;
mod closing;
mod ended;
mod gate;
mod lost;
mod memory;
mod outcome;
mod parts;
mod rows;
mod seed;
mod settings;
mod settling;
mod steps;
mod tool_step;
mod turn;
mod turning;
mod voice;

#[cfg(test)]
mod tests;

pub use actor::{ASKS_MAX, SessionActor};
pub use gate::{TurnGate, TurnPass};
pub use outcome::tells_failure;
pub use parts::SessionParts;
pub use settings::{OnProviderFailure, SessionSettings};
