//! How a session has a turn run, and what becomes of how it ended.

use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument as _;

use super::actor::{STORE_AGAIN, STORE_WAIT, SessionActor, Work};
use super::outcome;
use super::seed::{Seed, question};
use super::settings::OnProviderFailure;
use super::turn::{Audience, Turn};
use crate::agent::{Provider, ProviderError, RunEnd, RunOutcome};
use crate::core::{Backoff, Scope};
use crate::message::{Code, Delta, Entry, Retry, RunId, TurnFailure};
use crate::ports::InboxRow;

/// How waits grow between runs of a turn whose provider fails.
const TURN_BACKOFF: Backoff = Backoff { base: Duration::from_secs(5), max: Duration::from_secs(300), jitter: 0.2 };

impl SessionActor {
    /// Begins a turn, after the transcript has been read if the provider looks at it.
    pub(super) fn begin(&mut self, seed: Seed, tries: u32, scope: &mut Scope<'_, Self>) {
        let settings = self.settings();
        let found = match self.parts.providers.find(seed.model().or(settings.model.as_deref())) {
            Ok(found) => found,
            Err(error) => return self.fail_unasked(seed, tries, error, scope),
        };
        if self.history.is_some() || !found.0.wants_history() {
            return self.launch(seed, tries, found, scope);
        }
        self.work = Work::Storing;
        let lines = self.parts.store.history(self.key.clone(), settings.history_entries_max);
        scope.run(STORE_WAIT, lines, move |session, answer, scope| match (answer, seed) {
            (Some(Ok(lines)), seed) => {
                session.history = Some(lines);
                session.launch(seed, tries, found, scope);
            }
            (Some(Err(_)) | None, seed @ Seed::Row(_)) => {
                scope.after(STORE_AGAIN, move |session, scope| session.begin(seed, tries, scope));
            }
            // A client is its own retry: it is not kept waiting for a disk.
            (Some(Err(_)) | None, seed @ Seed::Ask(_)) => session.fail_unasked(seed, tries, no_history(), scope),
        });
    }

    fn launch(&mut self, seed: Seed, tries: u32, found: (Arc<dyn Provider>, String), scope: &mut Scope<'_, Self>) {
        let settings = self.settings();
        let run = seed.run();
        let history = self.history.clone().unwrap_or_default();
        let again = matches!(&seed, Seed::Row(row) if row.crashes > 0);
        if again {
            self.parts.counters.turns.again.inc();
        }
        let audience = self.audience(&seed, run);
        audience.begin(again);
        let turn = Turn::new(found, &seed, history, &settings, audience.clone(), scope.clock().clone());
        let span = tracing::debug_span!("turn", actor = %scope.id(), trace = %seed.trace());
        let task = scope.child(
            "turn",
            settings.turn_silence,
            |progress| turn.run(progress).instrument(span),
            |session, end, scope| session.ended(end, scope),
        );
        self.work = Work::Turning { seed, run, task, audience, tries };
    }

    fn audience(&self, seed: &Seed, run: RunId) -> Audience {
        let client = match seed {
            Seed::Ask(ask) => Some(ask.deltas.clone()),
            Seed::Row(_) => None,
        };
        Audience { session: self.key.clone(), run, client, switchboard: Arc::clone(&self.parts.switchboard) }
    }

    /// Ends a turn that had nobody to ask.
    fn fail_unasked(&mut self, seed: Seed, tries: u32, error: ProviderError, scope: &mut Scope<'_, Self>) {
        let run = seed.run();
        if let Seed::Ask(ask) = &seed {
            let failure = TurnFailure { code: error.code, message: error.message.clone() };
            // Nothing was sent before, so there is room; a client that is gone needs no answer.
            let _ = ask.deltas.try_send(Delta::Failed(failure));
        }
        self.settle(seed, run, tries, RunEnd { text: String::new(), outcome: RunOutcome::Failed(error) }, scope);
    }

    fn ended(&mut self, end: RunEnd, scope: &mut Scope<'_, Self>) {
        if let Work::Turning { seed, run, tries, .. } = std::mem::replace(&mut self.work, Work::Idle) {
            self.settle(seed, run, tries, end, scope);
        }
    }

    /// Writes down a turn that was ended by hand: its question is done, without an answer.
    pub(super) fn aborted(&mut self, seed: Seed, run: RunId, tries: u32, scope: &mut Scope<'_, Self>) {
        self.settle(seed, run, tries, RunEnd { text: String::new(), outcome: RunOutcome::Gone }, scope);
    }

    /// Writes down what a turn leaves behind, or has it run again.
    fn settle(&mut self, seed: Seed, run: RunId, tries: u32, end: RunEnd, scope: &mut Scope<'_, Self>) {
        let now_ms = scope.clock().now_ms();
        let turns = &self.parts.counters.turns;
        match &end.outcome {
            RunOutcome::Done(_) => turns.answered.inc(),
            RunOutcome::Failed(_) => turns.failed.inc(),
            RunOutcome::Gone => turns.aborted.inc(),
        }
        match (seed, end.outcome) {
            (seed @ Seed::Ask(_), _) => {
                let entries = outcome::entries(seed.entry(run, now_ms), &end.text, now_ms);
                self.remember(&entries);
                self.parts.store.append_transcript(self.key.clone(), entries);
                self.work = Work::Idle;
                self.next(scope);
            }
            (Seed::Row(row), RunOutcome::Failed(error)) => self.row_failed(row, run, tries, &error, scope),
            (Seed::Row(row), RunOutcome::Done(_) | RunOutcome::Gone) => self.answer(row, run, end.text, scope),
        }
    }

    /// Has a turn run again later, or answers with an honest word.
    fn row_failed(&mut self, row: Box<InboxRow>, run: RunId, tries: u32, error: &ProviderError, scope: &mut Scope<'_, Self>) {
        let settings = self.settings();
        tracing::warn!(event = "turn.failed", actor = %scope.id(), trace = %row.inbound.trace, code = %error.code, tries, "{error}");
        let again = settings.on_provider_failure == OnProviderFailure::Retry
            && tries <= settings.turn_retries_max
            && error.code.retry() != Retry::Never;
        if !again {
            return self.answer(row, run, outcome::apology(error), scope);
        }
        self.work = Work::Storing;
        // Nothing runs meanwhile, so a gateway that goes down does not wait for it.
        self.pass = None;
        let asked = error.retry_after.unwrap_or_default().min(TURN_BACKOFF.max);
        scope.after(TURN_BACKOFF.wait(tries).max(asked), move |session, scope| session.try_again(row, tries + 1, scope));
    }

    fn try_again(&mut self, row: Box<InboxRow>, tries: u32, scope: &mut Scope<'_, Self>) {
        self.pass = self.parts.gate.enter();
        // With the gate closed the row stays in hand: the store puts it back in its place when it closes.
        if self.pass.is_some() {
            self.begin(Seed::Row(row), tries, scope);
        }
    }

    fn answer(&mut self, row: Box<InboxRow>, run: RunId, answer: String, scope: &mut Scope<'_, Self>) {
        let entries = outcome::entries(question(&row, run), &answer, scope.clock().now_ms());
        self.remember(&entries);
        let outcome = outcome::of_row(&self.key, &row, run, entries, answer, self.parts.switchboard.as_ref());
        self.finish(outcome, scope);
    }

    fn remember(&mut self, entries: &[Entry]) {
        let max = self.settings().history_entries_max;
        if let Some(history) = &mut self.history {
            history.extend_from_slice(entries);
            let over = history.len().saturating_sub(max);
            history.drain(..over);
        }
    }
}

fn no_history() -> ProviderError {
    let message = "the transcript cannot be read at the moment: ask again later".to_owned();
    ProviderError { code: Code::StoreUnavailable, message, retry_after: None }
}
