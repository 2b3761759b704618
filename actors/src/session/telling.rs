//! What is sent around an answer: what was ordered beside the question, the reasoning, what it cost.

use std::fmt::Write as _;

use super::actor::SessionActor;
use super::closing::Closing;
use super::ended::How;
use super::memory::{Reasoning, SendPolicy, UsageLine};
use super::seed::{Seed, Source};
use crate::message::Usage;

/// Billionths in one of the currency in which prices are configured.
const NANOS: u64 = 1_000_000_000;

/// How an answer is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Telling {
    /// Whether at all.
    pub(super) send: SendPolicy,
    /// Messages of their own before it.
    pub(super) before: Vec<String>,
    /// What stands beneath it.
    pub(super) below: Option<String>,
}

impl Telling {
    /// Sends the answer and nothing else.
    pub(super) fn plain(send: SendPolicy) -> Self {
        Self { send, ..Self::default() }
    }
}

impl SessionActor {
    /// Returns how the answer of a turn is sent. What is around it is for people in a chat: it stands in no transcript, where a
    /// provider would read it, and a client that waits has it in other ways.
    pub(super) fn telling(&self, seed: &Seed, closing: &Closing) -> Telling {
        let Source::Row(row) = &seed.source else { return Telling::plain(SendPolicy::Allow) };
        let manner = &self.memory.manner;
        let mut before = self.said_beside(&seed.hints.beside, &row.inbound);
        let How::Done(ending) = &closing.ended.how else { return Telling { send: self.send_policy(), before, below: None } };
        let thoughts = closing.ended.thoughts.trim();
        if seed.hints.reasoning.unwrap_or(manner.reasoning) == Reasoning::On && !thoughts.is_empty() {
            before.push(format!("Reasoning:\n{thoughts}"));
        }
        let below = usage_line(manner.usage, ending.usage, answered_by(closing));
        Telling { send: self.send_policy(), before, below }
    }
}

/// Returns which model answered, with its provider's name before it: one that stepped in for another, else the one that was asked.
fn answered_by(closing: &Closing) -> Option<String> {
    let stepped_in = closing.ended.by.as_ref().map(|by| format!("{}/{}", by.provider, by.model));
    stepped_in.or_else(|| closing.began.as_ref().map(|began| format!("{}/{}", began.provider.name(), began.model)))
}

/// Returns what an answer cost; `None` where nobody asks, or nothing was counted.
fn usage_line(level: UsageLine, usage: Usage, by: Option<String>) -> Option<String> {
    if level == UsageLine::Off || usage == Usage::default() {
        return None;
    }
    let mut line = format!("Usage: {} in / {} out", usage.read(), usage.output);
    if level == UsageLine::Full {
        // Writing to a string cannot fail.
        if usage.cache_read > 0 {
            let _ = write!(line, ", {} of it cached", usage.cache_read);
        }
        if usage.cost_nanos > 0 {
            let _ = write!(line, ", cost {}.{:06}", usage.cost_nanos / NANOS, usage.cost_nanos % NANOS / 1_000);
        }
        if let Some(by) = by {
            let _ = write!(line, ", {by}");
        }
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_cost_stands_beneath_it_where_it_was_counted() {
        let usage = Usage { input: 10, output: 5, cache_read: 3, cache_write: 2, cost_nanos: 1_000_123_999 };
        let cases = [
            (UsageLine::Off, usage, None),
            (UsageLine::Tokens, Usage::default(), None),
            (UsageLine::Tokens, usage, Some("Usage: 15 in / 5 out")),
            (UsageLine::Full, usage, Some("Usage: 15 in / 5 out, 3 of it cached, cost 1.000123")),
            (UsageLine::Full, Usage::tokens(1, 2), Some("Usage: 1 in / 2 out")),
        ];
        for (level, usage, expected) in cases {
            assert_eq!(usage_line(level, usage, None).as_deref(), expected, "{level:?}");
        }
    }
}
