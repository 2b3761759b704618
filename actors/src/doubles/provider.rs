//! A provider that says what a test wrote for it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::{mpsc, oneshot};

use crate::agent::{Ending, Piece, Prompt, Provider, ProviderError, Providers};
use crate::message::{Code, ToolCall, Usage};

/// What happens when the provider is asked.
pub(crate) enum Line {
    /// It answers.
    Say(&'static str),
    /// It answers once the sender is dropped or used.
    SayAfter(oneshot::Receiver<()>, &'static str),
    /// It streams what a test gives it, and breaks off when the sender is dropped.
    Stream(mpsc::UnboundedReceiver<Piece>),
    /// It calls a tool.
    Call(&'static str),
    /// It says something and calls tools, `call-1` and on.
    Calls(&'static str, &'static [&'static str]),
    /// It has no answer.
    Fail(Code),
    /// It takes the actor down.
    Panic,
}

/// Answers with one line after the other, then repeats what it is told.
#[derive(Default)]
pub(crate) struct Scripted {
    lines: Mutex<VecDeque<Line>>,
    prompts: Mutex<Vec<Prompt>>,
    window: Mutex<Option<u64>>,
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Scripted {
    pub(crate) fn add(&self, line: Line) {
        self.lines.lock().unwrap().push_back(line);
    }

    /// Says how many tokens it reads.
    pub(crate) fn reads(&self, tokens: u64) {
        *self.window.lock().unwrap() = Some(tokens);
    }

    /// Returns what it was asked.
    pub(crate) fn prompts(&self) -> Vec<Prompt> {
        self.prompts.lock().unwrap().clone()
    }

    /// Returns how often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.prompts.lock().unwrap().len()
    }

    /// Returns how many answers were under way at a time, at the most.
    pub(crate) fn most_at_a_time(&self) -> usize {
        self.most.load(SeqCst)
    }
}

struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

fn whole(text: &str) -> Vec<Result<Piece, ProviderError>> {
    let ending = Ending { finish_reason: "stop".into(), usage: Usage::default() };
    vec![Ok(Piece::Text(text.to_owned())), Ok(Piece::End(ending))]
}

fn calls(said: &str, names: &[&str]) -> Vec<Result<Piece, ProviderError>> {
    let said = (!said.is_empty()).then(|| Piece::Text(said.to_owned()));
    let call = |(number, name): (usize, &&str)| {
        let id = format!("call-{}", number + 1);
        Piece::Tool(ToolCall { id, name: (*name).to_owned(), args: serde_json::json!({}) })
    };
    let ending = Ending { finish_reason: "tool_calls".into(), usage: Usage::tokens(4, 1) };
    said.into_iter().chain(names.iter().enumerate().map(call)).chain([Piece::End(ending)]).map(Ok).collect()
}

impl Provider for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    fn context_tokens(&self, _: &str) -> Option<u64> {
        *self.window.lock().unwrap()
    }

    fn stream(&self, prompt: Prompt) -> BoxStream<'static, Result<Piece, ProviderError>> {
        self.most.fetch_max(self.running.fetch_add(1, SeqCst) + 1, SeqCst);
        let running = Running(Arc::clone(&self.running));
        let line = self.lines.lock().unwrap().pop_front();
        let text = prompt.text.clone();
        self.prompts.lock().unwrap().push(prompt);
        if let Some(Line::Stream(pieces)) = line {
            return stream::unfold((pieces, running), async |(mut pieces, running)| {
                let piece = pieces.recv().await?;
                Some((Ok(piece), (pieces, running)))
            })
            .boxed();
        }
        let (wait, pieces) = match line {
            None => (None, whole(&text)),
            Some(Line::Say(text)) => (None, whole(text)),
            Some(Line::SayAfter(gate, text)) => (Some(gate), whole(text)),
            Some(Line::Call(name)) => (None, calls("", &[name])),
            Some(Line::Calls(said, names)) => (None, calls(said, names)),
            Some(Line::Fail(code)) => {
                (None, vec![Err(ProviderError { code, message: "it is scripted".into(), retry_after: None })])
            }
            Some(Line::Panic) => panic!("a scripted panic"),
            Some(Line::Stream(_)) => unreachable!("it streams"),
        };
        let after = async move {
            if let Some(gate) = wait {
                let _ = gate.await;
            }
            stream::iter(pieces).map(move |piece| {
                let _ = &running;
                piece
            })
        };
        after.flatten_stream().boxed()
    }
}

/// The only provider there is; it knows every model but `none`.
pub(crate) struct Only(pub(crate) Arc<Scripted>);

impl Providers for Only {
    fn find(&self, model: Option<&str>) -> Result<(Arc<dyn Provider>, String), ProviderError> {
        if model == Some("none") {
            return Err(ProviderError { code: Code::ProviderModel, message: "no model none".into(), retry_after: None });
        }
        Ok((Arc::clone(&self.0) as _, model.unwrap_or("model").to_owned()))
    }
}
