//! What was written while an answer is: which lines wait for its end, and which do not.

use std::collections::VecDeque;

/// How many lines wait; what is written then is not said.
pub(super) const LINES_MAX: usize = 16;

/// The lines that wait, oldest first.
#[derive(Debug, Default)]
pub(super) struct Waiting(VecDeque<String>);

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate<'a> {
    /// There is nothing in it.
    Nothing,
    /// It ends the conversation.
    Leave,
    /// It is said now.
    Say(&'a str),
    /// It is said when those before it are answered.
    Waits,
    /// Too many wait: it is never said.
    Dropped,
}

impl Waiting {
    /// Takes a line, `quiet` when nothing is answered.
    pub(super) fn heard<'a>(&mut self, line: &'a str, quiet: bool) -> Fate<'a> {
        match line.trim() {
            "" => Fate::Nothing,
            "/quit" | "/exit" => Fate::Leave,
            text if quiet || goes_at_once(text) => Fate::Say(text),
            _ if self.0.len() >= LINES_MAX => Fate::Dropped,
            text => {
                self.0.push_back(text.to_owned());
                Fate::Waits
            }
        }
    }

    /// Takes the line whose turn it is.
    pub(super) fn next(&mut self) -> Option<String> {
        self.0.pop_front()
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Returns whether a line has a sense only while an answer is written, or is for the gateway rather than for the agent.
pub(super) fn goes_at_once(text: &str) -> bool {
    text.starts_with('/')
        || ["stop", "esc", "abort", "wait", "exit", "interrupt"].iter().any(|word| text.eq_ignore_ascii_case(word))
}
