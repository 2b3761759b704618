//! Plays one step.

use std::sync::Arc;
use std::time::Duration;

use callboard_actors::agent::{Ending, Piece, Prompt, ProviderError};
use callboard_actors::core::Clock;
use callboard_actors::message::{ToolCall, ToolResult, Usage};
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::file::{Action, Failure, Step, Tool};
use crate::providers::echo;

const CALL_PREFIX: &str = "script";

/// A step on its way.
pub(super) struct Play {
    provider: String,
    steps: Arc<[Step]>,
    step: usize,
    /// The action that comes next.
    at: usize,
    prompt: Prompt,
    clock: Clock,
    usage: Usage,
    finish: String,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Talking,
    /// A tool was called: the round ends with the last call of a row.
    Calling,
    Over,
}

/// Returns the step and action that follow a call, from the id that [`Play`] gave it.
pub(super) fn resume_at(call: &str) -> Option<(usize, usize)> {
    let (step, action) = call.strip_prefix(CALL_PREFIX)?.strip_prefix('-')?.split_once('-')?;
    Some((step.parse().ok()?, action.parse::<usize>().ok()?.checked_add(1)?))
}

impl Play {
    pub(super) fn new(provider: &str, steps: Arc<[Step]>, (step, at): (usize, usize), prompt: Prompt, clock: &Clock) -> Self {
        Self {
            provider: provider.to_owned(),
            steps,
            step,
            at,
            prompt,
            clock: clock.clone(),
            usage: Usage::default(),
            finish: "stop".into(),
            state: State::Talking,
        }
    }

    pub(super) fn stream(self) -> BoxStream<'static, Result<Piece, ProviderError>> {
        stream::unfold(self, |mut play| async move { play.next().await.map(|piece| (piece, play)) }).boxed()
    }

    async fn next(&mut self) -> Option<Result<Piece, ProviderError>> {
        loop {
            if self.state == State::Over {
                return None;
            }
            let action = self.steps.get(self.step).and_then(|step| step.actions.get(self.at)).cloned();
            if self.state == State::Calling && !matches!(action, Some(Action::Tool(_))) {
                return Some(Ok(self.end("tool_calls".into())));
            }
            let Some(action) = action else {
                let finish = std::mem::take(&mut self.finish);
                return Some(Ok(self.end(finish)));
            };
            let place = self.at;
            self.at += 1;
            match action {
                Action::Text(text) => return Some(Ok(Piece::Text(text))),
                Action::Echo => {
                    let answer = echo::answer(self.prompt.text.clone(), &self.prompt.media);
                    if !answer.is_empty() {
                        return Some(Ok(Piece::Text(answer)));
                    }
                }
                Action::Results => {
                    let results = self.results();
                    if !results.is_empty() {
                        return Some(Ok(Piece::Text(results)));
                    }
                }
                Action::WaitMs(wait) => self.clock.sleep(Duration::from_millis(wait)).await,
                Action::Tool(tool) => return Some(Ok(self.call(place, tool))),
                Action::Usage(usage) => self.usage = usage,
                Action::Finish(reason) => self.finish = reason,
                Action::Error(failure) => return Some(Err(self.fail(failure))),
                Action::Cut => self.state = State::Over,
                Action::Stall => std::future::pending().await,
            }
        }
    }

    fn results(&self) -> String {
        let calls = self.prompt.rounds.last().map(|round| round.calls.as_slice()).unwrap_or_default();
        let results = calls.iter().map(|(_, result)| match result {
            ToolResult::Done(text) | ToolResult::Failed(text) => text.as_str(),
        });
        results.collect::<Vec<_>>().join("\n")
    }

    fn end(&mut self, finish_reason: String) -> Piece {
        self.state = State::Over;
        Piece::End(Ending { finish_reason, usage: self.usage })
    }

    fn call(&mut self, place: usize, tool: Tool) -> Piece {
        self.state = State::Calling;
        let id = format!("{CALL_PREFIX}-{}-{place}", self.step);
        Piece::Tool(ToolCall { id, name: tool.name, args: tool.args })
    }

    fn fail(&mut self, failure: Failure) -> ProviderError {
        self.state = State::Over;
        let message = failure.message.unwrap_or_else(|| failure.code.meaning().to_owned());
        ProviderError {
            code: failure.code,
            message: format!("provider {}: {message}", self.provider),
            retry_after: failure.retry_after_ms.map(Duration::from_millis),
        }
    }
}
