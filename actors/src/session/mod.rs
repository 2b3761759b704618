//! Agent sessions: one conversation each, one turn at a time.

mod actor;
mod gate;
mod outcome;
mod parts;
mod rows;
mod seed;
mod settings;
mod turn;
mod turning;

#[cfg(test)]
mod tests;

pub use actor::{ASKS_MAX, SessionActor};
pub use gate::{TurnGate, TurnPass};
pub use parts::SessionParts;
pub use settings::{OnProviderFailure, SessionSettings};
