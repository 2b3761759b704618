//! What is answered: the turns that go on and what was shown of each.

use serde_json::Value;

use crate::cli::error::CliError;
use crate::cli::output::{Output, write, write_line};
use crate::cli::sessions::text_of;
use crate::cli::wire::Payload;

/// What a turn ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was answered.
    Answered,
    /// Somebody ended it: why.
    Aborted(String),
    /// It failed: why.
    Failed(String),
}

/// The turns that go on.
#[derive(Debug)]
pub(super) struct Turns {
    output: Output,
    open: Vec<Turn>,
}

#[derive(Debug)]
struct Turn {
    /// The request that it was asked with.
    request: String,
    /// The id of its events.
    run: String,
    /// What has been shown.
    shown: String,
    /// Whether it was asked to end.
    aborting: bool,
}

impl Turns {
    pub(super) const fn new(output: Output) -> Self {
        Self { output, open: Vec::new() }
    }

    /// Returns whether nothing is waited for.
    pub(super) fn is_quiet(&self) -> bool {
        self.open.is_empty()
    }

    /// Notes a turn that was asked for.
    pub(super) fn begun(&mut self, request: String, run: String) {
        self.open.push(Turn { request, run, shown: String::new(), aborting: false });
    }

    /// Returns the run to end when somebody wants no more of it; nothing when all were asked to end already.
    pub(super) fn next_to_abort(&mut self) -> Option<String> {
        let turn = self.open.iter_mut().find(|turn| !turn.aborting)?;
        turn.aborting = true;
        Some(turn.run.clone())
    }

    /// Takes the answer to the request of a turn. A stop word and a turn that is over already have no event to wait for.
    pub(super) fn answered(&mut self, request: &str, answer: &Value) -> Option<Ended> {
        let place = self.open.iter().position(|turn| turn.request == request)?;
        let is_over = answer.get("aborted").is_some() || answer.get("status").and_then(Value::as_str) == Some("ok");
        is_over.then(|| {
            self.open.remove(place);
            Ended::Answered
        })
    }

    /// Forgets a turn that was refused.
    pub(super) fn refused(&mut self, request: &str) {
        self.open.retain(|turn| turn.request != request);
    }

    /// Shows what an event adds to a turn of ours; returns how the turn ended, if it did.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(super) fn event(&mut self, payload: &Payload) -> Result<Option<Ended>, CliError> {
        let event = payload.json();
        let text = |name: &str| event.get(name).and_then(Value::as_str);
        let run = text("runId").unwrap_or_default();
        let Some(place) = self.open.iter().position(|turn| turn.run == run) else { return Ok(None) };
        if self.output == Output::Json {
            write_line(payload.text())?;
        }
        if let (Output::Human, Some(message), Some(turn)) = (self.output, event.get("message"), self.open.get_mut(place)) {
            write(&turn.added(text_of(message)))?;
        }
        let ended = match text("state").unwrap_or_default() {
            "final" => Ended::Answered,
            "aborted" => Ended::Aborted(text("stopReason").unwrap_or("aborted").to_owned()),
            "error" => Ended::Failed(text("errorMessage").unwrap_or("no reason was given").to_owned()),
            _ => return Ok(None),
        };
        let turn = self.open.remove(place);
        if self.output == Output::Human && !turn.shown.is_empty() {
            write("\n")?;
        }
        Ok(Some(ended))
    }
}

impl Turn {
    /// Returns what is to be written so that the whole text stands there. Events carry all of it so far; where it does not go on
    /// from what stands there, it is written anew on a line of its own.
    fn added(&mut self, whole: String) -> String {
        let added = match whole.strip_prefix(&self.shown) {
            Some(rest) => rest.to_owned(),
            // The last one is trimmed.
            None if self.shown.trim_end() == whole => return String::new(),
            None => format!("\n{whole}"),
        };
        self.shown = whole;
        added
    }
}
