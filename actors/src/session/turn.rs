//! One turn, from the prompt to the last word to the client that waits.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::compaction::{Attempt, Compactor, Transcript};
use super::ended::{Ended, How};
use super::memory::Manner;
use super::seed::{Seed, Source};
use super::settings::SessionSettings;
use super::speaking::{Ear, Speaker};
use super::thoughts::Thoughts;
use super::voice::{Next, Voice};
use crate::agent::{Gone, Hands, Prompt, Provider, RunLimits, Sink, SteerBox, ToolNews, TurnState, Written};
use crate::core::{Clock, Progress};
use crate::message::{Delta, Entry, Media, Role, SessionKey};

/// Everything that a turn needs; it touches nothing of its actor.
pub(super) struct Turn {
    pub(super) provider: Arc<dyn Provider>,
    /// What comes before the prompt's own instructions.
    pub(super) briefing: BoxFuture<'static, Option<String>>,
    pub(super) prompt: Prompt,
    /// What comes with the prompt, made ready for the provider.
    pub(super) media: BoxFuture<'static, Vec<Media>>,
    pub(super) limits: RunLimits,
    pub(super) clock: Clock,
    pub(super) client: Option<mpsc::Sender<Delta>>,
    pub(super) voice: Voice,
    pub(super) steer: SteerBox,
    pub(super) hands: Hands,
    /// `None` for a conversation that is not summed up by itself.
    pub(super) compactor: Option<Compactor>,
    /// Speaks the answer while it is made, with the ear that it hears with.
    pub(super) speaker: (Speaker, Option<Ear>),
}

impl Turn {
    /// Runs the turn until it is over or told to stop, and tells its client how it ended.
    pub(super) async fn run(self, progress: Progress, mut stop: oneshot::Receiver<&'static str>) -> (Ended, Voice) {
        let Self { provider, briefing, mut prompt, media, limits, clock, client, mut voice, steer, hands, compactor, speaker } =
            self;
        let (mut speaker, ear) = speaker;
        let mut written = Written::default();
        let mut transcript = Transcript::default();
        let mut thoughts = Thoughts::default();
        let ear = ear.as_ref();
        let audience = Audience { client: client.as_ref(), voice: &mut voice, ear, thoughts: &mut thoughts };
        let (clock, progress) = (&clock, &progress);
        let attempt = async {
            prompt.system = join(briefing.await.as_deref(), prompt.system.as_deref());
            // Files may take a while: neither counts as the silence of the other, or of the provider.
            progress.stamp();
            prompt.media = media.await;
            progress.stamp();
            let attempt = Attempt { provider, prompt, limits, clock, progress, audience, steer, hands, compactor };
            attempt.run(&mut written, &mut transcript).await
        };
        let how = tokio::select! {
            biased;
            Ok(why) = &mut stop => How::Aborted(why),
            outcome = attempt => How::from(outcome),
            never = speaker.speak() => match never {},
        };
        // However long the store takes: the turn itself is over.
        progress.pause();
        let left = speaker.conclude().await;
        progress.stamp();
        let Written { text, calls, rounds, usage, by } = written;
        let thoughts = thoughts.whole();
        let ended = Ended { text, thoughts, calls, rounds, left, how, spent: usage, by, transcript };
        if let Some(client) = client {
            tell_client(&client, &ended, stop, limits.time_max, clock, progress).await;
        }
        (ended, voice)
    }
}

/// Tells a client how its turn ended. One that does not read is waited for as long as a whole turn may take, and no longer; of
/// an aborted turn it sees the end of its stream instead. One that is gone needs no answer.
async fn tell_client(
    client: &mpsc::Sender<Delta>,
    ended: &Ended,
    stop: oneshot::Receiver<&'static str>,
    wait_max: std::time::Duration,
    clock: &Clock,
    progress: &Progress,
) {
    let last = ended.delta();
    if matches!(ended.how, How::Aborted(_)) {
        let _ = client.try_send(last);
        return;
    }
    progress.pause();
    tokio::select! {
        biased;
        Ok(_) = stop => {}
        _ = clock.within(wait_max, client.send(last)) => {}
    }
}

/// Returns what the provider is asked: the wishes of whoever asks before the session's own, and those before the settings.
pub(super) fn prompt(
    model: String,
    session: &SessionKey,
    seed: &Seed,
    manner: &Manner,
    history: Vec<Entry>,
    settings: &SessionSettings,
) -> Prompt {
    let history = history.into_iter().map(introduced).collect();
    let mut prompt = Prompt {
        model,
        system: join(settings.system.as_deref(), seed.system()),
        history,
        text: seed.question().to_owned(),
        thinking: seed.thinking().or(manner.thinking.as_deref()).or(settings.thinking.as_deref()).map(str::to_owned),
        session: session.to_string(),
        ..Prompt::default()
    };
    if let Source::Ask(ask) = &seed.source {
        (prompt.before, prompt.rounds) = (ask.before.clone(), ask.rounds.clone());
        (prompt.tools, prompt.sampling) = (ask.tools.clone(), ask.sampling.clone());
    }
    prompt
}

/// Returns a line as a provider is told it: a summary says what it is.
pub(super) fn introduced(line: Entry) -> Entry {
    match line.role {
        Role::Summary => Entry { text: format!("[What was said before, summed up]\n{}", line.text), ..line },
        Role::System | Role::User | Role::Assistant | Role::Tool => line,
    }
}

/// Returns what a turn may cost.
pub(super) fn limits(seed: &Seed, settings: &SessionSettings) -> RunLimits {
    RunLimits { time_max: seed.time_max().unwrap_or(settings.turn_timeout), ..RunLimits::default() }
}

/// Returns the client that waits for a turn.
pub(super) fn client(seed: &Seed) -> Option<mpsc::Sender<Delta>> {
    match &seed.source {
        Source::Ask(ask) => Some(ask.deltas.clone()),
        Source::Row(_) => None,
    }
}

fn join(own: Option<&str>, asked: Option<&str>) -> Option<String> {
    match (own, asked) {
        (Some(own), Some(asked)) => Some(format!("{own}\n\n{asked}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}

/// Who hears a turn's text while it is made: the client that waits for it, and everybody who listens.
pub(super) struct Audience<'a> {
    client: Option<&'a mpsc::Sender<Delta>>,
    voice: &'a mut Voice,
    ear: Option<&'a Ear>,
    thoughts: &'a mut Thoughts,
}

impl Audience<'_> {
    /// Returns the same, for one who gives it back.
    pub(super) fn by_ref(&mut self) -> Audience<'_> {
        Audience { client: self.client, voice: self.voice, ear: self.ear, thoughts: self.thoughts }
    }

    /// Says whether a client waits, who reads each piece once.
    pub(super) fn has_client(&self) -> bool {
        self.client.is_some()
    }

    /// Says whether somebody speaks what is written, who says nothing twice.
    pub(super) fn has_ear(&self) -> bool {
        self.ear.is_some()
    }

    pub(super) fn compaction_begins(&mut self) {
        self.voice.compaction_begins();
    }

    pub(super) fn compaction_ends(&mut self, next: Next) {
        self.voice.compaction_ends(next);
    }
}

impl Sink for Audience<'_> {
    async fn text(&mut self, piece: &str, whole: &str) -> Result<(), Gone> {
        self.voice.text(whole);
        if let Some(ear) = self.ear {
            ear.text(whole);
        }
        match self.client {
            Some(client) => client.send(Delta::Text { text: piece.to_owned() }).await.map_err(|_| Gone),
            None => Ok(()),
        }
    }

    fn thought(&mut self, piece: &str) {
        self.thoughts.add(piece);
        self.voice.thought(self.thoughts.so_far());
    }

    fn tool(&mut self, news: ToolNews<'_>) {
        self.voice.tool(news);
    }

    fn stands(&mut self, state: TurnState) {
        if let (TurnState::Tool, Some(ear)) = (state, self.ear) {
            ear.round_over();
        }
        self.thoughts.stand(state);
    }
}
