//! Commands: messages that the session carries out itself, without a provider.

mod effect;
mod errand;
mod parse;
mod rules;
mod running;

pub use parse::{Command, Order};
pub use rules::{AccessGroups, Allowed, CommandRules, Direct, Reading, Standing, Writers};

#[cfg(test)]
mod tests;
