//! The older part of a long transcript, summed up so that the conversation goes on within what a model reads.
//!
//! A summary is a line of its own behind the lines that it tells of, which all stay: what changes in its one commit is what later
//! turns are told. Whoever dies before it leaves everything as it was.

mod attempt;
mod by_hand;
mod compactor;
mod digest;
mod estimate;
mod plan;
mod rules;

#[cfg(test)]
mod tests;

pub(super) use attempt::{Attempt, Transcript};
pub(super) use compactor::Compactor;
pub use rules::{CONTEXT_TOKENS, CompactionMode, CompactionRules};
