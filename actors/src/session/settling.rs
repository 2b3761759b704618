//! What becomes of how a turn ended.

use std::time::Duration;

use super::actor::{SessionActor, Work};
use super::closing::Closing;
use super::commands::BEGUN_ANEW;
use super::ended::{Ended, How};
use super::outcome;
use super::seed::{Aim, Seed, Source};
use super::settings::OnProviderFailure;
use super::steps::remembered;
use super::telling::Telling;
use crate::agent::ProviderError;
use crate::core::{Backoff, Scope};
use crate::message::{Entry, Retry, RoundWritten};
use crate::ports::InboxRow;

/// How waits grow between runs of a turn whose provider fails.
const TURN_BACKOFF: Backoff = Backoff { base: Duration::from_secs(5), max: Duration::from_secs(300), jitter: 0.2 };

impl SessionActor {
    /// Writes down what a turn leaves behind, or has it run again.
    pub(super) fn settle(&mut self, mut seed: Seed, mut closing: Closing, scope: &mut Scope<'_, Self>) {
        self.count(&seed, &closing.ended.how, scope);
        // What it took from its writer meanwhile is owed more than that.
        let fails = matches!(closing.ended.how, How::Failed(_) | How::Late(_));
        if seed.aim == Aim::Greet && fails && !self.queue.steer.has_taken() {
            closing.ended.fall_back(BEGUN_ANEW);
        }
        let now_ms = scope.clock().now_ms();
        if let Some(wait) = self.next_try(&seed, &closing.ended.how) {
            if closing.began.is_some() {
                seed.keep(&closing.ended.rounds);
                seed.keep_left(&closing.ended.left, &closing.ended.text);
                seed.spent = seed.spent.plus(closing.ended.spent);
            }
            closing.tell(now_ms);
            // Nothing runs meanwhile, so a gateway that goes down does not wait for it.
            self.pass = None;
            return self.prepare_after(wait, seed, Self::try_again, scope);
        }
        // Of a round that was not surely written down no call was made, so there is nothing of it to remember.
        closing.ended.rounds.retain(|round| round.written == RoundWritten::Surely);
        let (question, telling) = (seed.entry(now_ms), self.telling(&seed, &closing));
        // What failed tries cost goes with what the last one did.
        closing.ended.spent = seed.spent.plus(closing.ended.spent);
        match seed.source {
            Source::Ask(_) => self.ask_ended(question, closing, scope),
            Source::Row(row) => self.row_ended(&row, question, &telling, closing, scope),
        }
    }

    fn count(&self, seed: &Seed, how: &How, scope: &Scope<'_, Self>) {
        let turns = &self.parts.counters.turns;
        match how {
            How::Done(_) => turns.answered.inc(),
            How::Aborted(_) => turns.aborted.inc(),
            How::Failed(error) | How::Late(error) => {
                turns.failed.inc();
                if matches!(seed.source, Source::Row(_)) {
                    let (trace, tries) = (seed.trace(), seed.tries);
                    tracing::warn!(event = "turn.failed", actor = %scope.id(), %trace, code = %error.code, tries, "{error}");
                }
            }
        }
    }

    /// Returns how long to wait before a failed turn is run again. Whoever ordered a turn decides that for themselves, as a
    /// client that waits does.
    fn next_try(&self, seed: &Seed, how: &How) -> Option<Duration> {
        let (How::Failed(error) | How::Late(error)) = how else { return None };
        let ours = matches!(seed.source, Source::Row(_)) && seed.order().is_none();
        let settings = self.settings();
        let again = ours
            && settings.on_provider_failure == OnProviderFailure::Retry
            && seed.tries <= settings.turn_retries_max
            && error.code.retry() != Retry::Never;
        again.then(|| wait(error, seed.tries))
    }

    fn try_again(&mut self, seed: Seed, scope: &mut Scope<'_, Self>) {
        self.pass = self.parts.gate.enter();
        // With the gate closed the row stays in hand: the store puts it back in its place when it closes.
        if self.pass.is_some() {
            self.begin(seed.again(), scope);
        }
    }

    /// A client has its answer, whose lines are written behind it, or the calls of its own tools. With what those gave it comes back
    /// with the same question, which is written down then, once.
    fn ask_ended(&mut self, question: Entry, closing: Closing, scope: &mut Scope<'_, Self>) {
        let now_ms = scope.clock().now_ms();
        let Ended { text, calls, rounds, how, .. } = &closing.ended;
        let entries = match (calls.as_slice(), how) {
            ([], How::Done(_) | How::Aborted(_)) => {
                outcome::entries(question, text.clone(), remembered(rounds.clone()), now_ms)
            }
            // Whoever asked asks again after a failure, and then the question is written down. What was spent was spent all the same.
            _ => Vec::new(),
        };
        self.remember(&entries);
        self.parts.store.append_transcript(self.key.clone(), entries, closing.ended.spent);
        self.memory.fell_behind();
        closing.tell(now_ms);
        self.work = Work::Idle;
        self.next(scope);
    }

    fn row_ended(&mut self, row: &InboxRow, question: Entry, telling: &Telling, closing: Closing, scope: &mut Scope<'_, Self>) {
        let now_ms = scope.clock().now_ms();
        let switchboard = self.parts.switchboard.as_ref();
        let outcome = outcome::of_row(&self.key, row, question, &closing.ended, telling, switchboard, now_ms);
        self.remember(&outcome.entries);
        self.finish(outcome, closing, scope);
    }

    fn remember(&mut self, entries: &[Entry]) {
        let max = self.settings().history_entries_max;
        self.memory.remember(entries, max);
    }
}

fn wait(error: &ProviderError, tries: u32) -> Duration {
    let asked = error.retry_after.unwrap_or_default().min(TURN_BACKOFF.max);
    TURN_BACKOFF.wait(tries).max(asked)
}
