//! What a message asks for beside its text, for itself alone.

use super::commands::{Command, Order};
use super::memory::{Reasoning, Verbose};
use super::queue::QueueWish;

/// What a message asks for its own turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hints {
    /// Which model answers.
    pub(super) model: Option<String>,
    /// How much it thinks.
    pub(super) thinking: Option<String>,
    /// Whether listeners hear of tools.
    pub(super) verbose: Option<Verbose>,
    /// Whether reasoning is shown.
    pub(super) reasoning: Option<Reasoning>,
    /// Commands that are answered beside it: they only say something.
    pub(super) beside: Vec<Order>,
}

impl Hints {
    /// Sorts directives: what is meant for the queue, and the hints. Of two of a kind the later one counts; one that says `default`
    /// leaves it to the session.
    pub(super) fn of(orders: Vec<Order>) -> (Option<QueueWish>, Self) {
        let (mut queue, mut hints) = (None, Self::default());
        for order in orders {
            let word = order.rest.as_str();
            match order.command {
                // It was written by what reads it.
                Command::Queue => queue = QueueWish::parse(word).ok().or(queue),
                Command::Model => hints.model = named(word),
                Command::Think => hints.thinking = named(word),
                Command::Verbose => hints.verbose = Verbose::parse(word),
                Command::Reasoning => hints.reasoning = Reasoning::parse(word),
                _ => hints.beside.push(order),
            }
        }
        (queue, hints)
    }

    /// Returns whether nothing is asked for.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn named(word: &str) -> Option<String> {
    (!super::commands::is_default(word)).then(|| word.to_owned())
}
