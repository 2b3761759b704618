//! A turn whose conversation may be too long: summed up before it is asked, or once when the model says so.

use std::sync::Arc;
use std::time::Duration;

use super::compactor::Compactor;
use super::plan::Why;
use crate::agent::{Hands, Prompt, Provider, Run, RunLimits, RunOutcome, Sink as _, SteerBox, TurnState, Written};
use crate::core::{Clock, Progress};
use crate::message::Entry;
use crate::session::turn::{Audience, introduced};
use crate::session::voice::Next;

/// What became of the lines that a turn had read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::session) enum Transcript {
    /// Later turns are told them as this one was.
    #[default]
    AsRead,
    /// They are summed up by now, or may be.
    Changed,
    /// They could not be summed up, and are as they were.
    TooLong,
}

/// Everything that one turn is run with, perhaps twice.
pub(in crate::session) struct Attempt<'a> {
    pub(in crate::session) provider: Arc<dyn Provider>,
    pub(in crate::session) prompt: Prompt,
    pub(in crate::session) limits: RunLimits,
    pub(in crate::session) clock: &'a Clock,
    pub(in crate::session) progress: &'a Progress,
    pub(in crate::session) audience: Audience<'a>,
    pub(in crate::session) steer: SteerBox,
    pub(in crate::session) hands: Hands,
    /// `None` for a conversation that is never summed up by itself.
    pub(in crate::session) compactor: Option<Compactor>,
}

impl Attempt<'_> {
    /// Runs the turn; says in `transcript` what became of the lines that it had read.
    pub(in crate::session) async fn run(mut self, written: &mut Written, transcript: &mut Transcript) -> RunOutcome {
        let begun = self.clock.elapsed();
        let Some(compactor) = self.compactor.take() else {
            let (prompt, hands) = (std::mem::take(&mut self.prompt), std::mem::take(&mut self.hands));
            return self.once(prompt, hands, begun, written).await;
        };
        if compactor.is_full(&self.prompt)
            && let Some(history) = self.compact(&compactor, Why::Full, begun, transcript).await
        {
            self.prompt.history = history;
        }
        let history = std::mem::take(&mut self.prompt.history);
        // What a second try needs is little without the lines, which are read anew for it.
        let (prompt, hands) = (Prompt { history, ..self.prompt.clone() }, self.hands.clone());
        let outcome = self.once(prompt, hands, begun, written).await;
        let RunOutcome::Failed(error) = &outcome else { return outcome };
        if !compactor.mends(error) || !self.may_begin_again(written) {
            return outcome;
        }
        let Some(history) = self.compact(&compactor, Why::Overflow, begun, transcript).await else { return outcome };
        let Written { rounds, usage, .. } = std::mem::take(written);
        // What the model thought before it failed, it thinks again.
        self.audience.stands(TurnState::Waiting);
        // What the try cost that failed was spent all the same.
        written.usage = usage;
        self.steer.put_back(|taken| rounds.iter().flat_map(|round| &round.said).any(|shown| shown.id == taken.id));
        let (prompt, hands) =
            (Prompt { history, ..std::mem::take(&mut self.prompt) }, std::mem::take(&mut self.hands).after(rounds));
        self.once(prompt, hands, begun, written).await
    }

    /// Returns whether nobody reads anything twice when the turn is run again: a client has read all that was written, a speaker has
    /// said some of it, and begins again behind the rounds that stand and what had left before.
    fn may_begin_again(&self, written: &Written) -> bool {
        let said_again = || {
            let in_rounds: String = written.rounds.iter().map(|round| round.text.as_str()).collect();
            written.text.strip_prefix(in_rounds.as_str()) == Some(self.hands.said_behind(&in_rounds))
        };
        written.text.is_empty() || !self.audience.has_client() && (!self.audience.has_ear() || said_again())
    }

    /// Runs the turn in what is left of its time.
    async fn once(&mut self, prompt: Prompt, hands: Hands, begun: Duration, written: &mut Written) -> RunOutcome {
        let run = Run {
            provider: Arc::clone(&self.provider),
            prompt,
            limits: RunLimits { time_max: self.left(begun), ..self.limits },
            clock: self.clock,
            progress: self.progress,
            sink: self.audience.by_ref(),
            steer: self.steer.clone(),
            hands,
            state: TurnState::Waiting,
        };
        run.write(written).await
    }

    /// Sums the conversation up and tells whoever listens; answers with what the turn is told then, and with nothing where it is as
    /// before.
    async fn compact(
        &mut self,
        compactor: &Compactor,
        why: Why,
        begun: Duration,
        transcript: &mut Transcript,
    ) -> Option<Vec<Entry>> {
        let before = std::mem::replace(transcript, Transcript::Changed);
        self.audience.compaction_begins();
        self.progress.stamp();
        // The rest is for the turn itself.
        let done = compactor.compact(why, None, self.left(begun) / 2, self.progress).await;
        let history = match done {
            Ok(done) => {
                *transcript = if done.is_some() || before == Transcript::Changed { Transcript::Changed } else { before };
                done.map(|done| done.context.into_iter().map(introduced).collect())
            }
            Err(error) => {
                let (session, code) = (&compactor.session, error.code);
                tracing::warn!(event = "compaction.failed", %session, %code, "a conversation could not be summed up: {error}");
                *transcript = Transcript::TooLong;
                None
            }
        };
        let tries_again = why == Why::Overflow && history.is_some();
        self.audience.compaction_ends(if tries_again { Next::TriesAgain } else { Next::GoesOn });
        history
    }

    fn left(&self, begun: Duration) -> Duration {
        self.limits.time_max.saturating_sub(self.clock.elapsed().saturating_sub(begun))
    }
}
