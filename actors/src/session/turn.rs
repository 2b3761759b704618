//! One turn, from the prompt to the last word to whoever listens.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::seed::Seed;
use super::settings::SessionSettings;
use crate::agent::{Gone, Prompt, Provider, Run, RunEnd, RunLimits, RunOutcome, Sink};
use crate::core::{Clock, Progress};
use crate::message::{Code, Delta, Entry, EventBody, RunId, SessionKey, Switchboard, TurnEnd, TurnFailure};

/// Everything that a turn needs; it touches nothing of its actor.
pub(super) struct Turn {
    pub(super) provider: Arc<dyn Provider>,
    pub(super) prompt: Prompt,
    pub(super) limits: RunLimits,
    pub(super) clock: Clock,
    pub(super) audience: Audience,
}

impl Turn {
    /// Puts a turn together.
    pub(super) fn new(
        (provider, model): (Arc<dyn Provider>, String),
        seed: &Seed,
        history: Vec<Entry>,
        settings: &SessionSettings,
        audience: Audience,
        clock: Clock,
    ) -> Self {
        let prompt = Prompt {
            model,
            system: join(settings.system.as_deref(), seed.system()),
            history,
            text: seed.text().to_owned(),
            media: seed.media(),
            rounds: Vec::new(),
            session: audience.session.to_string(),
        };
        let limits = RunLimits { time_max: settings.turn_timeout, ..RunLimits::default() };
        Self { provider, prompt, limits, clock, audience }
    }

    /// Runs the turn and tells its audience how it ended.
    pub(super) async fn run(mut self, progress: Progress) -> RunEnd {
        let run = Run {
            provider: self.provider,
            prompt: self.prompt,
            limits: self.limits,
            clock: &self.clock,
            progress: &progress,
            sink: &mut self.audience,
        };
        let end = run.finish().await;
        // A client that does not read is waited for as long as a whole turn may take, and no longer.
        progress.pause();
        let _ = self.clock.within(self.limits.time_max, self.audience.end(&end)).await;
        end
    }
}

fn join(own: Option<&str>, asked: Option<&str>) -> Option<String> {
    match (own, asked) {
        (Some(own), Some(asked)) => Some(format!("{own}\n\n{asked}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}

/// Who hears a turn: the client that waits for it, and everybody who listens.
#[derive(Clone)]
pub(super) struct Audience {
    pub(super) session: SessionKey,
    pub(super) run: RunId,
    pub(super) client: Option<mpsc::Sender<Delta>>,
    pub(super) switchboard: Arc<dyn Switchboard>,
}

impl Audience {
    /// Says that the turn begins.
    pub(super) fn begin(&self, again: bool) {
        if self.switchboard.has_listeners() {
            let (session, run) = (self.session.clone(), self.run);
            self.switchboard.publish(EventBody::TurnStarted { session, run, again });
        }
    }

    /// Says how the turn ended.
    pub(super) async fn end(&self, end: &RunEnd) {
        let delta = match &end.outcome {
            RunOutcome::Done(ending) => {
                Delta::End(TurnEnd { finish_reason: ending.finish_reason.clone(), usage: ending.usage })
            }
            RunOutcome::Failed(error) => Delta::Failed(TurnFailure { code: error.code, message: error.message.clone() }),
            RunOutcome::Gone => aborted("the client went away"),
        };
        self.publish(&delta);
        if let Some(client) = &self.client {
            // A client that is gone needs no answer.
            let _ = client.send(delta).await;
        }
    }

    /// Says that the turn was aborted, without waiting for anybody.
    pub(super) fn abort(&self) {
        let delta = aborted("the turn was aborted");
        self.publish(&delta);
        if let Some(client) = &self.client {
            // A client with a full backlog sees the end of its stream instead.
            let _ = client.try_send(delta);
        }
    }

    fn publish(&self, delta: &Delta) {
        if self.switchboard.has_listeners() {
            let (session, run) = (self.session.clone(), self.run);
            self.switchboard.publish(EventBody::Turn { session, run, delta: delta.clone() });
        }
    }
}

impl Sink for Audience {
    async fn text(&mut self, piece: &str) -> Result<(), Gone> {
        if self.client.is_none() && !self.switchboard.has_listeners() {
            return Ok(());
        }
        let delta = Delta::Text { text: piece.to_owned() };
        self.publish(&delta);
        match &self.client {
            Some(client) => client.send(delta).await.map_err(|_| Gone),
            None => Ok(()),
        }
    }
}

fn aborted(message: &str) -> Delta {
    Delta::Failed(TurnFailure { code: Code::Aborted, message: message.into() })
}
