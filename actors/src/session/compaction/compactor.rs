//! Sums a conversation up: reads it, has a provider put it into few words, writes those down.

use std::sync::Arc;
use std::time::Duration;

use super::digest::{self, INSTRUCTIONS};
use super::estimate;
use super::plan::{Why, older};
use super::rules::{CompactionMode, CompactionRules};
use crate::agent::{
    Gone, Hands, Prompt, Provider, ProviderError, Run, RunLimits, RunOutcome, Sink, SteerBox, ToolNews, TurnState, Written,
};
use crate::core::{Clock, Progress};
use crate::message::{Code, Entry, Role, RunId, SessionKey, Usage};
use crate::ports::{Context, Store, StoreError, Summary};

/// How long the store may take for one request.
const STORE_WAIT: Duration = Duration::from_secs(30);

/// How many lines are looked at; what is older and was never summed up is left out, as it was from the turns before.
const LINES_MAX: usize = 10_000;

/// How often a piece is halved that was still too long, before that counts as a failure.
const HALVINGS_MAX: u32 = 3;

/// Whoever sums up, with its model.
#[derive(Clone)]
pub(in crate::session) struct Author {
    pub(in crate::session) provider: Arc<dyn Provider>,
    pub(in crate::session) model: String,
    /// How many tokens it reads.
    pub(in crate::session) window: u64,
}

/// Sums the conversation of one session up.
pub(in crate::session) struct Compactor {
    pub(in crate::session) store: Arc<dyn Store>,
    pub(in crate::session) session: SessionKey,
    pub(in crate::session) rules: CompactionRules,
    /// How many lines a turn is told besides the summary.
    pub(in crate::session) lines_max: usize,
    /// How many tokens the model reads that answers.
    pub(in crate::session) window: u64,
    pub(in crate::session) author: Author,
    pub(in crate::session) clock: Clock,
}

/// A conversation that was summed up.
#[derive(Debug, PartialEq)]
pub(in crate::session) struct Done {
    /// How many lines the summary tells of.
    pub(in crate::session) told: usize,
    /// What the next turn is told.
    pub(in crate::session) context: Vec<Entry>,
    /// How many lines stay as they are.
    pub(in crate::session) kept: usize,
}

impl Compactor {
    /// Says whether what a provider is to be asked is nearly as long as its model reads, and more was said than stays as it is.
    pub(in crate::session) fn is_full(&self, prompt: &Prompt) -> bool {
        let budget = self.rules.budget(self.window);
        let said: u64 = prompt.history.iter().map(estimate::of_line).sum();
        self.rules.mode == CompactionMode::Automatic && said > budget.keep && estimate::of_prompt(prompt) > budget.prompt
    }

    /// Says whether a failure is one that a summary may mend.
    pub(in crate::session) fn mends(&self, error: &ProviderError) -> bool {
        self.rules.mode == CompactionMode::Automatic && error.code == Code::ProviderContext
    }

    /// Sums the older part up, within the settings' time and this one; `None` where there is none that is worth it.
    ///
    /// # Errors
    /// The provider's, or the store's; the transcript is as it was then.
    pub(in crate::session) async fn compact(
        &self,
        why: Why,
        wish: Option<&str>,
        time_max: Duration,
        progress: &Progress,
    ) -> Result<Option<Done>, ProviderError> {
        let time_max = time_max.min(self.rules.time_max);
        let done = self.clock.within(time_max, self.sum_up(why, wish, time_max, progress)).await;
        done.unwrap_or_else(|| Err(failure(Code::Timeout, "the conversation could not be summed up in time".to_owned())))
    }

    async fn sum_up(
        &self,
        why: Why,
        wish: Option<&str>,
        time_max: Duration,
        progress: &Progress,
    ) -> Result<Option<Done>, ProviderError> {
        let mut context = self.read().await?;
        let budget = self.rules.budget(self.window);
        let (Some(id), Some(count)) = (context.id, older(&context.lines, &budget, self.lines_max, why)) else {
            return Ok(None);
        };
        let kept = context.lines.split_off(count);
        // Everything behind the older part stays, also what comes meanwhile.
        let from = context.lines.last().map_or(0, |(number, _)| *number).saturating_add(1);
        let wishes: Vec<&str> = self.rules.instructions.as_deref().into_iter().chain(wish).collect();
        let so_far = context.summary.take().map(|line| line.text);
        let lines: Vec<Entry> = context.lines.into_iter().map(|(_, line)| line).collect();
        let text = self.in_few_words(&lines, so_far.as_deref(), &wishes, time_max, progress).await?;
        let line = Entry {
            role: Role::Summary,
            text,
            media: Vec::new(),
            run: RunId::new(),
            at_ms: self.clock.now_ms(),
            rounds: Vec::new(),
        };
        progress.stamp();
        let summary = Summary { id, from, line: line.clone() };
        self.within(self.store.summarise(self.session.clone(), summary)).await?;
        let (told, stays) = (lines.len(), kept.len());
        let context = std::iter::once(line).chain(kept.into_iter().map(|(_, line)| line)).collect();
        Ok(Some(Done { told, context, kept: stays }))
    }

    async fn read(&self) -> Result<Context, ProviderError> {
        // Lines of clients' turns are written behind their answers.
        self.within(self.store.flush()).await?;
        self.within(self.store.context(self.session.clone(), LINES_MAX)).await
    }

    /// Has the lines put into few words; of a model that finds them too long, in smaller pieces.
    async fn in_few_words(
        &self,
        lines: &[Entry],
        so_far: Option<&str>,
        wishes: &[&str],
        time_max: Duration,
        progress: &Progress,
    ) -> Result<String, ProviderError> {
        let mut tokens_max = self.rules.budget(self.author.window).piece;
        let mut halvings = 0;
        loop {
            let mut summary = so_far.map(str::to_owned);
            let mut trouble = None;
            for piece in digest::pieces(lines.iter(), tokens_max) {
                let request = digest::request(summary.as_deref(), &piece, wishes);
                match self.ask(request, time_max, progress).await {
                    Ok(text) => summary = Some(text),
                    Err(error) => {
                        trouble = Some(error);
                        break;
                    }
                }
            }
            match trouble {
                None => return Ok(summary.unwrap_or_default()),
                Some(error) if error.code == Code::ProviderContext && halvings < HALVINGS_MAX => {
                    halvings += 1;
                    tokens_max = (tokens_max / 2).max(1);
                }
                Some(error) => return Err(error),
            }
        }
    }

    /// Asks for one summary, without tools. What it cost is counted as soon as it is over, however it came out and whatever becomes
    /// of the others.
    async fn ask(&self, text: String, time_max: Duration, progress: &Progress) -> Result<String, ProviderError> {
        let prompt = Prompt {
            model: self.author.model.clone(),
            system: Some(INSTRUCTIONS.to_owned()),
            text,
            session: self.session.to_string(),
            ..Prompt::default()
        };
        let answer_bytes_max = self.rules.budget(self.author.window).summary_bytes();
        let run = Run {
            provider: Arc::clone(&self.author.provider),
            prompt,
            limits: RunLimits { time_max, tool_rounds_max: 0, answer_bytes_max, ..RunLimits::default() },
            clock: &self.clock,
            progress,
            sink: Nobody,
            steer: SteerBox::default(),
            hands: Hands::default(),
            state: TurnState::Waiting,
        };
        let mut written = Written::default();
        let outcome = run.write(&mut written).await;
        if written.usage != Usage::default() {
            self.store.append_transcript(self.session.clone(), Vec::new(), written.usage);
        }
        let text = written.text.trim();
        match outcome {
            RunOutcome::Done(_) if !text.is_empty() => Ok(text.to_owned()),
            RunOutcome::Done(_) | RunOutcome::Gone => {
                let what = format!("provider {} wrote an empty summary", self.author.provider.name());
                Err(failure(Code::ProviderBroken, what))
            }
            RunOutcome::Failed(error) | RunOutcome::Late(error) => Err(error),
        }
    }

    async fn within<T>(&self, answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, ProviderError> {
        let late = || failure(Code::StoreUnavailable, "the store does not answer".to_owned());
        let answer = self.clock.within(STORE_WAIT, answer).await.ok_or_else(late)?;
        answer.map_err(|error| failure(error.code(), error.to_string()))
    }
}

fn failure(code: Code, message: String) -> ProviderError {
    ProviderError { code, message, retry_after: None }
}

/// A summary in the making is read by nobody.
struct Nobody;

impl Sink for Nobody {
    async fn text(&mut self, _: &str, _: &str) -> Result<(), Gone> {
        Ok(())
    }

    fn tool(&mut self, _: ToolNews<'_>) {}
}
