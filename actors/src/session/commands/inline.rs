//! Directives in the middle of a message: what holds for that message alone. One reader for all of them.

use super::effect::{is_default, words_of};
use super::parse::{COMMANDS, Command, Form, Order};
use crate::session::queue::QueueWish;

/// A message with its directives cut out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::session) struct Cut {
    /// The directives, in order.
    pub(in crate::session) orders: Vec<Order>,
    /// What is left.
    pub(in crate::session) rest: String,
}

/// Cuts the directives out of a message; `None` where there are none. What only looks like one is a part of the message: one
/// without a value that it knows, and one in the middle of a word.
#[must_use]
pub(in crate::session) fn cut(text: &str) -> Option<Cut> {
    let (mut cut, mut left) = (Cut::default(), text);
    while let Some((before, order, after)) = next(left) {
        cut.keep(before);
        cut.orders.push(order);
        left = after;
    }
    cut.keep(left);
    (!cut.orders.is_empty()).then_some(cut)
}

impl Cut {
    fn keep(&mut self, piece: &str) {
        let piece = if self.orders.is_empty() { piece.trim_end() } else { piece.trim() };
        if !piece.is_empty() && !self.rest.is_empty() {
            self.rest.push(' ');
        }
        self.rest.push_str(piece);
    }
}

/// Returns the first directive with what stands before and behind it.
fn next(text: &str) -> Option<(&str, Order, &str)> {
    text.match_indices('/').find_map(|(at, _)| {
        let (before, from) = text.split_at_checked(at)?;
        if !before.chars().next_back().is_none_or(char::is_whitespace) {
            return None;
        }
        let from = from.strip_prefix('/')?;
        let end = from.find(|mark: char| mark.is_whitespace() || mark == ':').unwrap_or(from.len());
        let (name, tail) = from.split_at_checked(end)?;
        let name = name.to_lowercase();
        let (command, ..) = COMMANDS.iter().find(|(_, names, ..)| names.contains(&name.as_str()))?;
        let (rest, after) = value(*command, tail)?;
        Some((before, Order { command: *command, rest, form: Form::Stroke }, after))
    })
}

/// Takes a directive's value off what follows its name; `None` where it is none that it knows, or the command no directive.
fn value(command: Command, tail: &str) -> Option<(String, &str)> {
    let behind = tail.strip_prefix(':').unwrap_or(tail).trim_start();
    match command {
        // These only say something, and take nothing.
        Command::Help | Command::Status | Command::Whoami => (!tail.starts_with(':')).then(|| (String::new(), tail)),
        Command::Queue => {
            let (wish, after) = wish(behind);
            (!wish.is_empty()).then(|| (wish.to_string(), after))
        }
        Command::Model => {
            let (word, after) = word(behind);
            let named = word.split_once('/').is_some_and(|(provider, model)| !provider.is_empty() && !model.is_empty());
            (named || is_default(word)).then(|| (word.to_owned(), after))
        }
        Command::Think | Command::Verbose | Command::Reasoning => {
            let (word, after) = word(behind);
            let lower = word.to_lowercase();
            let known = is_default(word) || words_of(command).contains(&lower.as_str());
            known.then_some((lower, after))
        }
        _ => None,
    }
}

fn word(text: &str) -> (&str, &str) {
    text.split_at_checked(text.find(char::is_whitespace).unwrap_or(text.len())).unwrap_or((text, ""))
}

/// Takes words as long as they belong to a wish for the queue.
fn wish(text: &str) -> (QueueWish, &str) {
    let (mut wish, mut left) = (QueueWish::default(), text);
    loop {
        let (next, after) = word(left.trim_start());
        // A second mode is a word of the message.
        let again = !next.contains([':', '=']) && wish.mode.is_some();
        if next.is_empty() || again || !wish.take(next) {
            return (wish, left);
        }
        left = after;
    }
}
