//! Compaction that somebody asked for: a command in its place among the turns of its session.

use std::sync::Arc;

use tokio::sync::oneshot;
use tracing::Instrument as _;

use super::compactor::{Author, Compactor, Done};
use super::plan::Why;
use super::rules::CONTEXT_TOKENS;
use crate::agent::{Ending, Provider, ProviderError};
use crate::core::{Progress, Scope};
use crate::message::Usage;
use crate::session::actor::{SessionActor, Work};
use crate::session::closing::{Began, Closing};
use crate::session::commands::said;
use crate::session::ended::{Ended, How};
use crate::session::seed::{Seed, Source};
use crate::session::voice::{Next, Voice};

/// What is answered where there is nothing to do.
const NOTHING: &str = "There is nothing to compact yet.";

/// How one that was asked for came out.
enum Came {
    Done(Result<Option<Done>, ProviderError>),
    Stopped(&'static str),
}

impl SessionActor {
    /// Returns what sums this session's conversation up for a model that answers in it.
    pub(in crate::session) fn compactor(
        &self,
        provider: &Arc<dyn Provider>,
        model: &str,
        scope: &Scope<'_, Self>,
    ) -> Compactor {
        let settings = self.settings();
        let rules = settings.compaction.clone();
        let window = |provider: &Arc<dyn Provider>, model: &str| provider.context_tokens(model).unwrap_or(CONTEXT_TOKENS);
        let own = rules.model.as_deref().and_then(|model| self.parts.providers.find(Some(model)).ok());
        let (author, author_model) = own.unwrap_or_else(|| (Arc::clone(provider), model.to_owned()));
        Compactor {
            store: Arc::clone(&self.parts.store),
            session: self.key.clone(),
            lines_max: settings.history_entries_max,
            window: window(provider, model),
            author: Author { window: window(&author, &author_model), provider: author, model: author_model },
            rules,
            clock: scope.clock().clone(),
        }
    }

    /// Sums the conversation up as a command asks, and answers it.
    pub(in crate::session) fn compact(&mut self, wish: Option<String>, seed: Seed, scope: &mut Scope<'_, Self>) {
        let (provider, model) = match self.found(&seed) {
            Ok(found) if found.0.wants_history() => found,
            // Whoever reads nothing of it has no use for it in few words.
            Ok(_) => return self.answered(seed, NOTHING.to_owned(), scope),
            Err(error) => return self.answered(seed, error.to_string(), scope),
        };
        let settings = self.settings();
        let compactor = self.compactor(&provider, &model, scope);
        let began = Began { provider, model, at_ms: scope.clock().now_ms() };
        let mut voice = self.open(&seed, began.at_ms, scope);
        let (stop, mut stopped) = oneshot::channel();
        let time_max = seed.time_max().unwrap_or(settings.turn_timeout);
        let span = tracing::debug_span!("compaction", actor = %scope.id(), trace = %seed.trace());
        let task = async move |progress: Progress| {
            voice.compaction_begins();
            let done = compactor.compact(Why::Asked, wish.as_deref(), time_max, &progress);
            let came = tokio::select! {
                biased;
                Ok(why) = &mut stopped => Came::Stopped(why),
                done = done => Came::Done(done),
            };
            voice.compaction_ends(Next::GoesOn);
            (came, voice)
        };
        scope.child(
            "compaction",
            settings.turn_silence,
            |progress| task(progress).instrument(span),
            |session, (came, voice), scope| session.compacted(&came, voice, scope),
        );
        self.work = Work::Turning { seed, began, stop: Some(stop) };
        self.look_soon(scope);
    }

    fn compacted(&mut self, came: &Came, voice: Voice, scope: &mut Scope<'_, Self>) {
        // One that was cut short may have been written all the same.
        self.memory.lines = None;
        let (seed, began) = match std::mem::replace(&mut self.work, Work::Storing) {
            Work::Turning { seed, began, .. } => (seed, began),
            // Cannot be: nothing else ends it.
            work => {
                self.work = work;
                return;
            }
        };
        let (say, how) = match came {
            Came::Done(Ok(Some(done))) => (told(done), done_well()),
            Came::Done(Ok(None)) => (NOTHING.to_owned(), done_well()),
            Came::Done(Err(error)) => {
                tracing::warn!(event = "compaction.failed", actor = %scope.id(), code = %error.code, "{error}");
                let say = format!("The conversation could not be summed up ({}) and is as it was.", error.code);
                (say, done_well())
            }
            Came::Stopped(why) => ("The compaction was ended before it was done.".to_owned(), How::Aborted(why)),
        };
        let now_ms = scope.clock().now_ms();
        let question = seed.entry(now_ms);
        let Source::Row(row) = seed.source else { return };
        // Whoever asked for it hears of its end also where somebody else ended it.
        let outcome = self.told(&row, question, &said(say.clone()), now_ms);
        let ended = Ended::saying(say, how);
        self.finish(outcome, Closing { voice, ended, began: Some(began) }, scope);
    }
}

fn done_well() -> How {
    How::Done(Ending { finish_reason: "stop".into(), usage: Usage::default() })
}

fn told(Done { told, kept, .. }: &Done) -> String {
    let lines = |count: usize| if count == 1 { "1 line".to_owned() } else { format!("{count} lines") };
    format!("Compacted: {} summed up, {} kept as they are.", lines(*told), lines(*kept))
}
