//! How a session has a turn run.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tracing::Instrument as _;

use super::actor::{STORE_AGAIN, STORE_WAIT, SessionActor, Work};
use super::closing::{Began, Closing};
use super::compaction::Transcript;
use super::ended::{Ended, How};
use super::seed::{Seed, Source};
use super::speaking::Left;
use super::turn::{self, Turn};
use super::voice::{Shown, Voice};
use crate::agent::{Provider, ProviderError};
use crate::core::Scope;
use crate::message::{Code, RunId, RunStand, Tenure};

/// How long a read of the transcript waits for lines that are on their way to the disk; a failing disk is not waited for.
const FLUSH_WAIT: Duration = Duration::from_secs(1);

/// How long a conversation is left as it is that could not be summed up, so that not every turn waits for that first.
const TOO_LONG_REST: Duration = Duration::from_secs(300);

impl SessionActor {
    /// Begins a turn, after all that it needs has been read.
    pub(super) fn begin(&mut self, seed: Seed, scope: &mut Scope<'_, Self>) {
        if self.wants_lane(&seed) {
            return self.enter_lane(seed, scope);
        }
        if !self.memory.wants_manner() {
            return self.choose(seed, scope);
        }
        let changes = self.memory.changes();
        let row = self.parts.store.session(self.key.clone());
        let task = scope.run(STORE_WAIT, row, move |session, answer, scope| match answer {
            Some(Ok(_)) if session.memory.changes() != changes => session.with_prepared(scope, Self::begin),
            Some(Ok(row)) => {
                session.memory.learn(row);
                session.with_prepared(scope, Self::choose);
            }
            // What cannot be read is as it was read last: that is no reason to answer nobody.
            Some(Err(_)) | None if session.memory.knows_manner() => session.with_prepared(scope, Self::choose),
            // What was never read may forbid to send the answer.
            Some(Err(_)) | None => session.with_prepared(scope, Self::unread),
        });
        self.work = Work::Preparing { seed, task };
    }

    /// Chooses who answers, and reads the transcript if they look at it.
    fn choose(&mut self, seed: Seed, scope: &mut Scope<'_, Self>) {
        if let Some(why) = self.called_off(&seed) {
            return self.never_ran(seed, How::Aborted(why), scope);
        }
        if self.is_stale(&seed, scope) {
            return self.begin_anew(seed, None, scope, Self::begin);
        }
        let found = match self.found(&seed) {
            Ok(found) => found,
            Err(error) => return self.never_ran(seed, How::Failed(error), scope),
        };
        if self.memory.lines.is_some() || !found.0.wants_history() {
            return self.launch(seed, found, scope);
        }
        self.read_lines(seed, self.settings().history_entries_max, scope);
    }

    /// Finds who answers.
    pub(super) fn found(&self, seed: &Seed) -> Result<(Arc<dyn Provider>, String), ProviderError> {
        match seed.model().or(self.memory.manner.model.as_deref()) {
            Some(asked) => self.parts.providers.find(Some(asked)),
            None => self.parts.providers.find_for(self.key.agent(), self.settings().model.as_deref()),
        }
    }

    fn read_lines(&mut self, seed: Seed, lines_max: usize, scope: &mut Scope<'_, Self>) {
        let changes = self.memory.changes();
        let (store, clock, key) = (Arc::clone(&self.parts.store), scope.clock().clone(), self.key.clone());
        let behind = self.memory.is_behind().then(|| store.flush());
        let lines = async move {
            if let Some(flushed) = behind {
                // What is not on the disk in time is missing, as it would be after a restart.
                let _ = clock.within(FLUSH_WAIT, flushed).await;
            }
            store.context(key, lines_max).await
        };
        let task = scope.run(STORE_WAIT, lines, move |session, answer, scope| match answer {
            Some(Ok(_)) if session.memory.changes() != changes => session.with_prepared(scope, Self::begin),
            Some(Ok(lines)) => {
                session.memory.lines = Some(lines.told());
                session.with_prepared(scope, Self::choose);
            }
            Some(Err(_)) | None => session.with_prepared(scope, Self::unread),
        });
        self.work = Work::Preparing { seed, task };
    }

    /// Deals with a turn for which something could not be read that it does not go without.
    fn unread(&mut self, seed: Seed, scope: &mut Scope<'_, Self>) {
        match seed.source {
            Source::Row(_) => self.prepare_after(STORE_AGAIN, seed, Self::begin, scope),
            // A client is its own retry: it is not kept waiting for a disk.
            Source::Ask(_) => self.never_ran(seed, How::Failed(unreadable()), scope),
        }
    }

    /// Goes on with a message in hand after a while.
    pub(super) fn prepare_after(
        &mut self,
        wait: Duration,
        seed: Seed,
        then: fn(&mut Self, Seed, &mut Scope<'_, Self>),
        scope: &mut Scope<'_, Self>,
    ) {
        // Others may run meanwhile.
        self.lane = None;
        let task = scope.after(wait, move |session, scope| session.with_prepared(scope, then));
        self.work = Work::Preparing { seed, task };
    }

    pub(super) fn with_prepared(&mut self, scope: &mut Scope<'_, Self>, then: fn(&mut Self, Seed, &mut Scope<'_, Self>)) {
        match std::mem::replace(&mut self.work, Work::Storing) {
            Work::Preparing { seed, .. } => then(self, seed, scope),
            // Cannot be: whoever takes the message out cancels what was waited for.
            work => self.work = work,
        }
    }

    fn launch(&mut self, seed: Seed, found: (Arc<dyn Provider>, String), scope: &mut Scope<'_, Self>) {
        let settings = self.settings();
        let (provider, model) = found;
        let began = Began { provider: Arc::clone(&provider), model: model.clone(), at_ms: scope.clock().now_ms() };
        let voice = self.open(&seed, began.at_ms, scope);
        let steer = self.open_to_steering(&seed);
        let history = self.memory.lines.clone().unwrap_or_default();
        let hands = self.hands(&seed, provider.models(&model), scope.clock());
        let now = scope.clock().elapsed();
        let sums_up = self.tenure == Tenure::Kept
            && provider.wants_history()
            && self.memory.too_long_until.is_none_or(|until| until <= now);
        let compactor = sums_up.then(|| self.compactor(&provider, &model, scope));
        let turn = Turn {
            provider,
            briefing: self.parts.briefing.brief(&self.key),
            media: self.parts.media.show(&self.key, seed.media()),
            prompt: turn::prompt(model, &self.key, &seed, &self.memory.manner, history, &settings),
            limits: turn::limits(&seed, &settings),
            clock: scope.clock().clone(),
            client: turn::client(&seed),
            voice,
            steer,
            hands,
            compactor,
            speaker: self.speaker(&seed, scope.clock()),
        };
        let span = tracing::debug_span!("turn", actor = %scope.id(), trace = %seed.trace());
        let (stop, stopped) = oneshot::channel();
        scope.child(
            "turn",
            settings.turn_silence,
            |progress| turn.run(progress, stopped).instrument(span),
            |session, (ended, voice), scope| session.ended(ended, voice, scope),
        );
        self.work = Work::Turning { seed, began, stop: Some(stop) };
        self.look_soon(scope);
    }

    /// Says that a turn begins: to whoever ordered it, and to everybody who listens.
    pub(super) fn open(&self, seed: &Seed, now_ms: i64, scope: &Scope<'_, Self>) -> Voice {
        let mut voice = self.voice(seed, scope);
        let crashed = seed.crashes() > 0;
        if crashed {
            self.parts.counters.turns.again.inc();
        }
        let mut again = crashed;
        if let Some(order) = seed.order() {
            let runs = self.parts.switchboard.runs();
            // A restart by hand interrupts a turn too, and counts against nobody.
            again |= matches!(runs.find(&seed.run), Some((_, RunStand::Running { .. })));
            runs.began(&seed.run, &self.key, &order.spelled, now_ms);
        }
        voice.start(now_ms, again);
        voice
    }

    pub(super) fn voice(&self, seed: &Seed, scope: &Scope<'_, Self>) -> Voice {
        let manner = &self.memory.manner;
        let verbose = seed.hints.verbose.or(manner.verbose).unwrap_or(self.settings().verbose);
        let shown = Shown { verbose, reasoning: seed.hints.reasoning.unwrap_or(manner.reasoning) };
        Voice::new(&self.key, seed, shown, Arc::clone(&self.parts.switchboard), scope.clock().clone())
    }

    /// Ends a turn that never began.
    pub(super) fn never_ran(&mut self, seed: Seed, how: How, scope: &mut Scope<'_, Self>) {
        let left = Left::of(&seed);
        let mut ended = Ended { left, ..Ended::saying(seed.known_of(), how) };
        remember_steps(&seed, &mut ended);
        if let Source::Ask(ask) = &seed.source {
            // Nothing was sent before, so there is room; a client that is gone needs no answer.
            let _ = ask.deltas.try_send(ended.delta());
        }
        let closing = Closing { voice: self.voice(&seed, scope), ended, began: None };
        self.settle(seed, closing, scope);
    }

    fn ended(&mut self, mut ended: Ended, voice: Voice, scope: &mut Scope<'_, Self>) {
        match std::mem::replace(&mut self.work, Work::Storing) {
            Work::Turning { seed, began, .. } => {
                remember_steps(&seed, &mut ended);
                self.note_transcript(ended.transcript, scope);
                self.settle(seed, Closing { voice, ended, began: Some(began) }, scope);
            }
            // Cannot be: nothing else ends a turn that runs.
            work => self.work = work,
        }
    }

    /// Notes what became of the lines that a turn had read.
    fn note_transcript(&mut self, transcript: Transcript, scope: &Scope<'_, Self>) {
        if transcript != Transcript::AsRead {
            self.memory.lines = None;
        }
        if transcript == Transcript::TooLong {
            self.memory.too_long_until = Some(scope.clock().elapsed().saturating_add(TOO_LONG_REST));
        }
    }

    /// Ends the turn in hand, whichever or only the one named; answers with its name. One that runs ends as soon as its task has
    /// heard so; one that was told so before is not told again.
    pub(super) fn stop_turn(
        &mut self,
        wanted: Option<&RunId>,
        why: &'static str,
        scope: &mut Scope<'_, Self>,
    ) -> Option<RunId> {
        let (Work::Preparing { seed, .. } | Work::Turning { seed, .. }) = &self.work else { return None };
        if wanted.is_some_and(|wanted| *wanted != seed.run) {
            return None;
        }
        let run = seed.run.clone();
        if seed.order().is_some() {
            // A crash before its end is written down does not make it run again.
            self.parts.switchboard.runs().call_off(&run, why);
        }
        match std::mem::replace(&mut self.work, Work::Storing) {
            Work::Preparing { seed, task } => {
                scope.cancel(task);
                self.never_ran(seed, How::Aborted(why), scope);
                Some(run)
            }
            Work::Turning { seed, began, stop } => {
                // One that is over already, and not yet heard, does not hear this any more.
                let heard = stop.is_none_or(|stop| stop.send(why).is_ok());
                self.work = Work::Turning { seed, began, stop: None };
                heard.then_some(run)
            }
            work => {
                self.work = work;
                None
            }
        }
    }

    /// Returns why the turn was called off, if it was ordered and is not to begin.
    fn called_off(&self, seed: &Seed) -> Option<&'static str> {
        self.parts.switchboard.runs().called_off(&seed.order()?.run)
    }
}

/// Keeps the rounds of an earlier try of a turn that ends before it came as far: later turns see what was done.
fn remember_steps(seed: &Seed, ended: &mut Ended) {
    if let Source::Row(row) = &seed.source
        && ended.rounds.len() < row.steps.len()
    {
        ended.rounds.clone_from(&row.steps);
    }
}

fn unreadable() -> ProviderError {
    let message = "the session cannot be read at the moment: ask again later".to_owned();
    ProviderError { code: Code::StoreUnavailable, message, retry_after: None }
}
