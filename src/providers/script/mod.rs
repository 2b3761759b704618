//! A provider that plays a file: deterministic, for tests and demonstrations.
//!
//! # The file
//!
//! YAML or JSON. The first step whose `when` holds is played; without one, the text is echoed.
//!
//! ```yaml
//! steps:
//!   - when: { turn: 1 }                # the session's first turn
//!     do:
//!       - text: "Good "
//!       - waitMs: 200                  # before the next piece
//!       - text: "morning."
//!   - when: { contains: "weather" }    # no matter which case
//!     times: 1                         # played once by this process, then passed over
//!     do:
//!       - error: { code: provider_busy, message: "too many requests", retryAfterMs: 500 }
//!   - when: { contains: "weather" }
//!     do:
//!       - tool: { name: forecast, args: { at: "home" } }
//!       - text: "No idea."             # in the round after the tool's result
//!       - usage: { input: 12, output: 3 }
//!       - finish: length               # instead of `stop`
//!   - when: { equals: "/cut" }
//!     do: [ { text: "Half an ans" }, cut ]
//!   - do: [ echo ]                     # no `when`: always
//! ```
//!
//! - `when`: all that is given must hold: `turn` (counted from 1 in the transcript that the provider gets, so no further than
//!   `session.historyEntriesMax` reaches), `contains`, `startsWith`, `equals` (whole text, trimmed); the last three ignore case.
//! - `do`: `text`, `waitMs`, `echo`, `tool`, `results` (says what the last round's tools gave), `usage`, `finish`, and as the last
//!   one `error` (any code of the error reference), `cut` (the stream breaks off) or `stall` (it goes silent for ever). Tools that
//!   follow each other are called in one round; the step goes on when their results are there.
//!
//! Bounds: a file of 1 MiB, 1,000 steps, 1,000 actions a step, waits of an hour.

mod file;
mod play;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use callboard_actors::agent::{Piece, Prompt, Provider, ProviderError};
use callboard_actors::core::Clock;
use callboard_actors::message::Role;
use futures_util::stream::BoxStream;

use file::Step;
use play::{Play, resume_at};

pub use file::ScriptError;

/// The provider that plays a script.
#[derive(Debug)]
pub struct Script {
    id: String,
    steps: Arc<[Step]>,
    /// How often each step was played.
    played: Vec<AtomicU32>,
    clock: Clock,
}

impl Script {
    /// Reads a script; `path` names it in errors.
    ///
    /// # Errors
    /// Names the file, the line and the mend.
    pub fn parse(id: &str, path: &str, contents: &str, clock: &Clock) -> Result<Self, ScriptError> {
        let steps = file::parse(path, contents)?;
        let played = steps.iter().map(|_| AtomicU32::new(0)).collect();
        Ok(Self { id: id.to_owned(), steps: steps.into(), played, clock: clock.clone() })
    }

    /// Returns the step and the action to play from; none to echo.
    fn find(&self, prompt: &Prompt) -> Option<(usize, usize)> {
        let called = prompt.rounds.last().and_then(|round| round.calls.last());
        // After a round of tool calls the step that made them goes on.
        if let Some(place) = called.and_then(|(call, _)| resume_at(&call.id)) {
            return Some(place);
        }
        let turn = 1 + prompt.history.iter().filter(|entry| entry.role == Role::User).count();
        let fits = |number: &usize| self.steps.get(*number).is_some_and(|step| step.when.holds(turn, &prompt.text));
        (0..self.steps.len()).filter(fits).find(|number| self.take(*number)).map(|number| (number, 0))
    }

    /// Counts a step as played, unless it was played as often as it may be.
    fn take(&self, number: usize) -> bool {
        let (Some(step), Some(played)) = (self.steps.get(number), self.played.get(number)) else { return false };
        let next = |count: u32| (count < step.times).then_some(count.saturating_add(1));
        played.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

impl Provider for Script {
    fn name(&self) -> &str {
        &self.id
    }

    fn stream(&self, prompt: Prompt) -> BoxStream<'static, Result<Piece, ProviderError>> {
        match self.find(&prompt) {
            Some(place) => Play::new(&self.id, Arc::clone(&self.steps), place, prompt, &self.clock).stream(),
            None => super::Echo::new(&self.id).stream(prompt),
        }
    }
}
