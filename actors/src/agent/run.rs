//! Runs one turn on a provider: asks, passes the text on, has tools called, asks again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;

use super::hands::{Hands, Origin};
use super::overlap::Overlap;
use super::{
    AskedModel, Ending, Gone, Piece, Prompt, Provider, ProviderError, RetryPolicy, Seen, Sink, SteerBox, Thought, TurnState,
};
use crate::core::{Clock, Progress};
use crate::message::{BegunRound, Code, Steered, ToolCall, ToolChoice, ToolUse, Usage};

/// How many tools a provider may call in one round; more end the turn.
pub const TOOL_CALLS_MAX: usize = 32;

/// What one turn may cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunLimits {
    /// How long the turn may take in all, waits for a slow reader and for another try included.
    pub time_max: Duration,
    /// How many rounds of tool calls it may have, those that the asker brings not counted.
    pub tool_rounds_max: usize,
    /// How long the answer may be, in bytes; it is cut there and ends as `length`.
    pub answer_bytes_max: usize,
    /// When a failed request is made again.
    pub retry: RetryPolicy,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self {
            time_max: Duration::from_secs(600),
            tool_rounds_max: 16,
            answer_bytes_max: 1024 * 1024,
            retry: RetryPolicy::default(),
        }
    }
}

/// How a turn came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// The answer is whole; `usage` sums all rounds.
    Done(Ending),
    /// The answer is not whole.
    Failed(ProviderError),
    /// The answer is not whole: the turn's time was over.
    Late(ProviderError),
    /// The sink's reader went away.
    Gone,
}

/// What is left of a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEnd {
    /// All the text that the sink was given, also when the turn failed: whoever listened has seen this much.
    pub text: String,
    /// The calls of the asker's tools that the turn ended with; empty when it ended with an answer.
    pub calls: Vec<ToolCall>,
    /// The rounds of the gateway's own tools, those included that were kept of it before.
    pub rounds: Vec<BegunRound>,
    /// How it came out.
    pub outcome: RunOutcome,
}

/// What a turn has written so far.
#[derive(Debug, Default)]
pub struct Written {
    /// See [`RunEnd::text`].
    pub text: String,
    /// See [`RunEnd::calls`].
    pub calls: Vec<ToolCall>,
    /// See [`RunEnd::rounds`].
    pub rounds: Vec<BegunRound>,
    /// What was counted so far, also when the turn failed: it was spent all the same.
    pub usage: Usage,
    /// The model that was asked last, where the provider tells; `None` is the one that the prompt names.
    pub by: Option<AskedModel>,
}

/// One turn, ready to run. Dropping its future aborts the request to the provider.
pub struct Run<'a, S> {
    /// Who is asked.
    pub provider: Arc<dyn Provider>,
    /// What is asked.
    pub prompt: Prompt,
    /// What it may cost.
    pub limits: RunLimits,
    /// Counts the turn's time and waits between tries.
    pub clock: &'a Clock,
    /// Is stamped at each piece, and paused while a slow sink or a wait between tries holds the turn up.
    pub progress: &'a Progress,
    /// Gets the text.
    pub sink: S,
    /// Messages that come while the turn runs; taken after each round of tools.
    pub steer: SteerBox,
    /// What the provider may have done on the way to its answer.
    pub hands: Hands,
    /// Where the turn stands; it begins as [`TurnState::Waiting`].
    pub state: TurnState,
}

/// Why a turn stops before its end.
pub(super) enum Stop {
    Failed(ProviderError),
    Gone,
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// Whether the answer may grow.
#[derive(PartialEq, Eq)]
enum Room {
    Left,
    Full,
}

/// What one request gave; no ending when the answer was cut at its most bytes.
#[derive(Default)]
struct Round {
    calls: Vec<ToolCall>,
    thoughts: Vec<Thought>,
    ending: Option<Ending>,
}

impl<S: Sink> Run<'_, S> {
    /// Runs the turn to its end.
    pub async fn finish(self) -> RunEnd {
        let mut written = Written::default();
        let outcome = self.write(&mut written).await;
        let Written { text, calls, rounds, .. } = written;
        RunEnd { text, calls, rounds, outcome }
    }

    /// Runs the turn to its end, what it writes in the caller's hand: whoever drops the future has what was written until then.
    pub async fn write(mut self, written: &mut Written) -> RunOutcome {
        let time_max = self.limits.time_max;
        let clock = self.clock;
        let outcome = match clock.within(time_max, self.rounds(written)).await {
            Some(Ok(ending)) => RunOutcome::Done(ending),
            Some(Err(Stop::Failed(error))) => RunOutcome::Failed(error),
            Some(Err(Stop::Gone)) => RunOutcome::Gone,
            None => RunOutcome::Late(self.out_of_time()),
        };
        self.enter(match &outcome {
            RunOutcome::Done(_) => TurnState::Done,
            RunOutcome::Failed(_) | RunOutcome::Late(_) => TurnState::Failed,
            RunOutcome::Gone => TurnState::Aborted,
        });
        outcome
    }

    async fn rounds(&mut self, written: &mut Written) -> Result<Ending, Stop> {
        let asker = self.offer();
        for begun in self.hands.take_begun() {
            written.text.push_str(&begun.text);
            self.show(&begun.said);
            self.answer(begun, Origin::Kept, written).await?;
        }
        // What came while an earlier try ran is shown behind the rounds that it had.
        let mut said = self.steer();
        self.prompt.said = self.hands.take_said(&written.text);
        loop {
            let round_start = written.text.len();
            written.text.push_str(&self.prompt.said);
            let round = self.ask(written).await?;
            // From now on it stands in the round.
            self.prompt.said.clear();
            let Some(ending) = round.ending else {
                return Ok(Ending { finish_reason: "length".into(), usage: written.usage });
            };
            let usage = written.usage.plus(ending.usage);
            written.usage = usage;
            if round.calls.is_empty() {
                return Ok(Ending { usage, ..ending });
            }
            // Calls of anything else in the same breath are left out: nobody could answer them.
            written.calls.extend(round.calls.iter().filter(|call| asker.has(&call.name)).cloned());
            if !written.calls.is_empty() {
                return Ok(Ending { finish_reason: "tool_calls".into(), usage });
            }
            if written.rounds.len() >= self.limits.tool_rounds_max {
                return Err(Stop::Failed(self.too_many_rounds()));
            }
            let text = written.text.get(round_start..).unwrap_or_default().to_owned();
            let begun = BegunRound { said, ..BegunRound::new(text, round.calls) };
            self.answer(begun, Origin::Asked, written).await?;
            self.keep(round.thoughts);
            said = self.steer();
        }
    }

    /// Keeps what the model thought before the round that is over. It is in no journal: a turn that a crash cut short goes on
    /// without.
    fn keep(&mut self, thoughts: Vec<Thought>) {
        if let Some(place) = self.prompt.rounds.len().checked_sub(1).filter(|_| !thoughts.is_empty()) {
            self.prompt.thoughts.insert(place, thoughts);
        }
    }

    /// Takes what came meanwhile and shows it behind the round of tools that is over.
    fn steer(&mut self) -> Vec<Steered> {
        if self.prompt.rounds.is_empty() {
            return Vec::new();
        }
        let said = self.steer.take();
        self.show(&said);
        said
    }

    /// Shows what was said meanwhile behind the result of the last call: the one place of a round that every backend passes on.
    fn show(&mut self, said: &[Steered]) {
        let last = self.prompt.rounds.last_mut().and_then(|round| round.calls.last_mut());
        let Some((_, result)) = last.filter(|_| !said.is_empty()) else { return };
        let mut text = result.text().to_owned();
        for message in said {
            text.push_str("\n\n[The user says meanwhile] ");
            text.push_str(message.text());
        }
        *result = result.with_text(text);
    }

    /// Tells the provider of the gateway's own tools beside those of the asker, which are returned. An asker that forbids or forces
    /// a call means its own.
    fn offer(&mut self) -> ToolUse {
        let asker = self.prompt.tools.clone();
        if self.provider.wants_tools() && matches!(asker.choice, None | Some(ToolChoice::Auto)) {
            let offered = self.hands.offered().into_iter().filter(|spec| !asker.has(&spec.name));
            self.prompt.tools.specs.extend(offered);
        }
        asker
    }

    /// Takes the next step of a turn's life.
    pub(super) fn enter(&mut self, next: TurnState) {
        debug_assert!(self.state.may_become(next), "{:?} is followed by {next:?}", self.state);
        self.state = next;
        self.sink.stands(next);
    }

    /// Makes one request, again while the policy allows and nobody has seen a part of its answer.
    async fn ask(&mut self, written: &mut Written) -> Result<Round, Stop> {
        let mut tries = 0;
        loop {
            tries += 1;
            let start = written.text.len();
            let error = match self.listen(written).await {
                Err(Stop::Failed(error)) => error,
                done_or_gone => return done_or_gone,
            };
            let seen = if written.text.len() == start { Seen::Nothing } else { Seen::Part };
            let without_pictures = error.code == Code::Refused && seen == Seen::Nothing && !self.prompt.shown.is_empty();
            let wait = if without_pictures { Some(Duration::ZERO) } else { self.limits.retry.wait(&error, tries, seen) };
            let Some(wait) = wait else { return Err(Stop::Failed(error)) };
            if self.state == TurnState::Streaming {
                self.enter(TurnState::Waiting);
            }
            if without_pictures {
                self.show_no_more(written, &error);
                continue;
            }
            tracing::debug!(provider = self.provider.name(), code = %error.code, tries, ?wait, "provider is asked again");
            self.progress.pause();
            self.clock.sleep(wait).await;
            self.progress.stamp();
        }
    }

    /// Leaves the pictures of tools out of the request from now on: the gateway added them, and the results tell of them in words. Not every
    /// model that takes a person's pictures takes these.
    fn show_no_more(&mut self, written: &mut Written, error: &ProviderError) {
        tracing::info!(
            event = "provider.pictures",
            provider = self.provider.name(),
            "asked again without what tools gave back to see: {error}"
        );
        written.rounds.iter_mut().for_each(|round| round.shown.clear());
        self.prompt.shown.clear();
    }

    /// Reads one answer to its end, or to the most bytes that an answer may have.
    async fn listen(&mut self, written: &mut Written) -> Result<Round, Stop> {
        let mut pieces = self.provider.stream(self.prompt.clone());
        let said = self.prompt.said.clone();
        let (mut overlap, mut round) = (Overlap::new(&said), Round::default());
        loop {
            let piece = pieces.next().await;
            self.progress.stamp();
            let is_said = matches!(&piece, Some(Ok(piece)) if !matches!(piece, Piece::Asked(_)));
            if self.state == TurnState::Waiting && is_said {
                self.enter(TurnState::Streaming);
            }
            match piece {
                Some(Ok(Piece::Asked(model))) => {
                    // What another one thought is nothing to it.
                    round.thoughts.clear();
                    written.by = Some(model);
                }
                Some(Ok(Piece::Text(piece))) => {
                    if self.pass_on(&overlap.new_in(&piece), &mut written.text).await? == Room::Full {
                        return Ok(round);
                    }
                }
                Some(Ok(Piece::Reasoning(thought))) => self.sink.thought(&thought),
                Some(Ok(Piece::Thinking)) => {}
                Some(Ok(Piece::Thought(thought))) => round.thoughts.push(thought),
                Some(Ok(Piece::Tool(call))) if round.calls.len() < TOOL_CALLS_MAX => round.calls.push(call),
                Some(Ok(Piece::Tool(_))) => return Err(Stop::Failed(self.too_many_calls())),
                Some(Ok(Piece::End(ending))) => {
                    round.ending = Some(ending);
                    return Ok(round);
                }
                Some(Err(error)) => return Err(Stop::Failed(error)),
                None => return Err(Stop::Failed(self.broken_off())),
            }
        }
    }

    /// Gives the sink a piece, or as much of it as the answer has room for.
    async fn pass_on(&mut self, piece: &str, text: &mut String) -> Result<Room, Gone> {
        let room = self.limits.answer_bytes_max.saturating_sub(text.len());
        let fitting = piece.get(..piece.floor_char_boundary(room)).unwrap_or_default();
        if !fitting.is_empty() {
            // The reader may rightly be slow; the turn's own time bounds how slow.
            self.progress.pause();
            text.push_str(fitting);
            let taken = self.sink.text(fitting, text).await;
            self.progress.stamp();
            taken?;
        }
        Ok(if fitting.len() == piece.len() { Room::Left } else { Room::Full })
    }

    fn failure(&self, code: Code, what: &str) -> ProviderError {
        ProviderError { code, message: format!("provider {} {what}", self.provider.name()), retry_after: None }
    }

    fn broken_off(&self) -> ProviderError {
        self.failure(Code::ProviderBroken, "broke off in the middle of its answer; ask again")
    }

    fn out_of_time(&self) -> ProviderError {
        let seconds = self.limits.time_max.as_secs_f64();
        self.failure(Code::Timeout, &format!("had not finished after {seconds} s, the longest a turn may take"))
    }

    fn too_many_rounds(&self) -> ProviderError {
        let max = self.limits.tool_rounds_max;
        self.failure(Code::Refused, &format!("called tools {max} times in a row without an answer; ask for less at once"))
    }

    fn too_many_calls(&self) -> ProviderError {
        self.failure(Code::Refused, &format!("called more than {TOOL_CALLS_MAX} tools at once; ask for less at once"))
    }
}
