//! What everybody who listens hears of a turn, as gateway-protocol §6.1 and §6.2 have it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::ended::{Ended, How};
use super::memory::{Reasoning, Verbose};
use super::seed::Seed;
use super::tool_step::ToolStep;
use crate::agent::ToolNews;
use crate::core::Clock;
use crate::message::{AgentEvent, ChatEvent, ChatState, ChatText, EventBody, EventName, RunId, SessionKey, Switchboard};

/// How often a chat is shown the whole answer so far, at the most.
const SHOW_EVERY: Duration = Duration::from_millis(150);

/// How long an answer may be, bytes, for each of its pieces to be told at once. Each event repeats the whole text so far, so of
/// a longer answer there is one every [`SHOW_EVERY`], with all the pieces since the last.
const SHORT_BYTES: usize = 16 * 1024;

/// Tells a turn. Nothing is made while nobody listens; nothing of the text is kept here.
pub(super) struct Voice {
    session: SessionKey,
    /// The session's key as whoever ordered the turn spelled it; `None` for a turn that nobody ordered.
    spelled: Option<String>,
    run: RunId,
    shown: Shown,
    switchboard: Arc<dyn Switchboard>,
    clock: Clock,
    /// The step told last.
    seq: u64,
    /// How much of the text was told, bytes.
    told: usize,
    /// When a chat was shown the answer last.
    chat_shown: Option<Duration>,
    /// How much of the thoughts was told, bytes.
    thoughts_told: usize,
    /// When they were told last.
    thoughts_at: Option<Duration>,
}

/// What listeners hear beside the answer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown {
    pub(super) verbose: Verbose,
    pub(super) reasoning: Reasoning,
}

/// A step of a turn's life.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Phase<'a> {
    phase: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    /// The turn had begun before and was interrupted: what was heard of it is void.
    #[serde(skip_serializing_if = "Option::is_none")]
    again: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aborted: Option<bool>,
    /// The model is asked anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    will_retry: Option<bool>,
}

/// What follows when a conversation was summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The turn goes on as if nothing had been.
    GoesOn,
    /// The model is asked anew what it had found too long.
    TriesAgain,
}

#[derive(Serialize)]
struct Said<'a> {
    text: &'a str,
    delta: &'a str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    Light,
    Kept,
}

impl Voice {
    pub(super) fn new(
        session: &SessionKey,
        seed: &Seed,
        shown: Shown,
        switchboard: Arc<dyn Switchboard>,
        clock: Clock,
    ) -> Self {
        let spelled = seed.order().map(|order| order.spelled.clone());
        let (session, run) = (session.clone(), seed.run.clone());
        Self::silent(session, spelled, run, shown, switchboard, clock)
    }

    /// Returns a voice for an ordered turn of which only the name is left.
    pub(super) fn of_lost(session: &SessionKey, run: RunId, switchboard: Arc<dyn Switchboard>, clock: Clock) -> Self {
        let spelled = switchboard.runs().spelled(&run).or_else(|| Some(session.to_string()));
        let session = session.clone();
        Self::silent(session, spelled, run, Shown::default(), switchboard, clock)
    }

    fn silent(
        session: SessionKey,
        spelled: Option<String>,
        run: RunId,
        shown: Shown,
        switchboard: Arc<dyn Switchboard>,
        clock: Clock,
    ) -> Self {
        let (seq, told, thoughts_told) = (0, 0, 0);
        Self { session, spelled, run, shown, switchboard, clock, seq, told, chat_shown: None, thoughts_told, thoughts_at: None }
    }

    /// Returns the turn's name if a control client ordered it.
    pub(super) fn ordered(&self) -> Option<&RunId> {
        self.spelled.is_some().then_some(&self.run)
    }

    pub(super) fn switchboard(&self) -> &dyn Switchboard {
        self.switchboard.as_ref()
    }

    /// Says that the turn begins, and whether a part of it had been told before a crash.
    pub(super) fn start(&mut self, started_ms: i64, again: bool) {
        let again = again.then_some(true);
        self.step("lifecycle", Weight::Kept, Phase { phase: "start", started_at: Some(started_ms), again, ..Phase::default() });
    }

    /// Says what was written so far; `whole` only ever grows.
    pub(super) fn text(&mut self, whole: &str) {
        if !self.switchboard.has_listeners() {
            return;
        }
        let now = self.clock.elapsed();
        let due = self.chat_shown.is_none_or(|last| now.saturating_sub(last) >= SHOW_EVERY);
        if !due && whole.len() > SHORT_BYTES {
            return;
        }
        self.say(whole);
        if due {
            self.chat_shown = Some(now);
            let message = Some(ChatText::new(whole, self.clock.now_ms()));
            self.chat(Weight::Light, ChatEvent { message, ..self.chat_event(ChatState::Delta) });
        }
    }

    /// Says what the model has thought so far, in a session that is set to show that while it is made. It only grows, but for a
    /// request that is made again.
    pub(super) fn thought(&mut self, whole: &str) {
        if self.shown.reasoning != Reasoning::Stream || !self.switchboard.has_listeners() {
            return;
        }
        let now = self.clock.elapsed();
        let due = self.thoughts_at.is_none_or(|last| now.saturating_sub(last) >= SHOW_EVERY);
        if due || whole.len() <= SHORT_BYTES {
            self.thoughts_at = Some(now);
            self.think(whole);
        }
    }

    fn think(&mut self, whole: &str) {
        let delta = whole.get(self.thoughts_told..).unwrap_or(whole);
        self.thoughts_told = whole.len();
        self.step("thinking", Weight::Light, Said { text: whole, delta });
    }

    /// Says what a tool does, in a session that is set to show that.
    pub(super) fn tool(&mut self, news: ToolNews<'_>) {
        if self.shown.verbose == Verbose::On && self.switchboard.has_listeners() {
            let weight = if matches!(news, ToolNews::Update(..)) { Weight::Light } else { Weight::Kept };
            self.step("tool", weight, ToolStep::of(news));
        }
    }

    /// Says that the conversation is being summed up.
    pub(super) fn compaction_begins(&mut self) {
        self.step("compaction", Weight::Kept, Phase { phase: "start", ..Phase::default() });
    }

    /// Says that it is over, whatever came of it.
    pub(super) fn compaction_ends(&mut self, next: Next) {
        let will_retry = Some(next == Next::TriesAgain);
        self.step("compaction", Weight::Kept, Phase { phase: "end", will_retry, ..Phase::default() });
    }

    /// Says how the turn came out.
    pub(super) fn end(&mut self, ended: &Ended, now_ms: i64) {
        if self.shown.reasoning == Reasoning::Stream && ended.thoughts.len() > self.thoughts_told {
            self.think(&ended.thoughts);
        }
        if ended.text.len() > self.told {
            self.say(&ended.text);
        }
        let phase = Phase { phase: "end", ended_at: Some(now_ms), ..Phase::default() };
        match &ended.how {
            How::Done(_) => {
                self.step("lifecycle", Weight::Kept, phase);
                let text = ended.text.trim();
                let message = (!text.is_empty()).then(|| ChatText::new(text, now_ms));
                self.chat(Weight::Kept, ChatEvent { message, ..self.chat_event(ChatState::Final) });
            }
            How::Failed(error) => {
                self.step("lifecycle", Weight::Kept, Phase { phase: "error", error: Some(&error.message), ..phase });
                let error_message = Some(error.message.as_str());
                self.chat(Weight::Kept, ChatEvent { error_message, ..self.chat_event(ChatState::Error) });
            }
            How::Late(error) => {
                self.step("lifecycle", Weight::Kept, Phase { phase: "error", error: Some(&error.message), ..phase });
                self.aborted("timeout");
            }
            How::Aborted(why) => {
                self.step("lifecycle", Weight::Kept, Phase { aborted: Some(true), ..phase });
                self.aborted(why);
            }
        }
    }

    fn aborted(&self, why: &str) {
        self.chat(Weight::Kept, ChatEvent { stop_reason: Some(why), ..self.chat_event(ChatState::Aborted) });
    }

    fn say(&mut self, whole: &str) {
        let delta = whole.get(self.told..).unwrap_or_default();
        self.told = whole.len();
        self.step("assistant", Weight::Light, Said { text: whole, delta });
    }

    fn step(&mut self, stream: &'static str, weight: Weight, data: impl Serialize) {
        self.seq += 1;
        if self.switchboard.has_listeners() {
            let (seq, ts) = (self.seq, self.clock.now_ms());
            let step = AgentEvent { run_id: &self.run, stream, data, session_key: self.session_key(), seq, ts };
            self.publish(EventName::Agent, weight, &step);
        }
    }

    fn chat(&self, weight: Weight, event: ChatEvent<'_>) {
        if self.switchboard.has_listeners() {
            self.publish(EventName::Chat, weight, &event);
        }
    }

    fn chat_event(&self, state: ChatState) -> ChatEvent<'_> {
        let (run_id, session_key, seq) = (&self.run, self.session_key(), self.seq);
        ChatEvent { run_id, session_key, seq, state, message: None, error_message: None, stop_reason: None }
    }

    fn session_key(&self) -> &str {
        self.spelled.as_deref().unwrap_or(self.session.as_str())
    }

    fn publish(&self, name: EventName, weight: Weight, payload: &impl Serialize) {
        let body = EventBody::new(name, payload);
        self.switchboard.publish(if weight == Weight::Light { body.droppable() } else { body });
    }
}
