//! Commands: messages that the session carries out itself, without a provider.

mod effect;
mod errand;
mod inline;
mod parse;
mod rules;
mod running;

pub(super) use effect::is_default;
pub use parse::{Command, Order};
pub use rules::{AccessGroups, Allowed, COMPACT_MARK, CommandRules, Direct, Reading, Standing, Writers};
pub(super) use running::{BEGUN_ANEW, said};

#[cfg(test)]
mod tests;
