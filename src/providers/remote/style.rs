//! The three styles of asking, and what each has to say of itself.

use std::collections::VecDeque;

use callboard_actors::agent::{Ending, Piece, Prompt};
use callboard_actors::message::{ToolCall, Usage};
use reqwest::header::{AUTHORIZATION, HeaderName};
use serde_json::Value;
use url::Url;

use super::settings::AboutModel;
use super::{anthropic, completions, responses};

/// How a backend is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// OpenAI's `POST …/chat/completions`, which most backends speak, Ollama too.
    #[default]
    Completions,
    /// OpenAI's `POST …/responses`.
    Responses,
    /// Anthropic's `POST …/v1/messages`.
    Messages,
}

/// Puts an answer together from its events.
pub(super) trait Assemble: Send {
    /// Takes an event's data; the pieces it gives at once are added.
    fn take(&mut self, event: &str, pieces: &mut VecDeque<Piece>) -> Result<(), Bad>;

    /// Returns how much of the answer is there.
    fn state(&self) -> State;

    /// Returns the rest of the answer, once its state is not [`State::Open`].
    fn finish(&mut self) -> Finish;
}

/// How much of an answer is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// More has to come.
    Open,
    /// All but what was counted, which may come yet.
    Whole,
    /// Nothing more comes.
    Over,
}

/// The end of an answer.
pub(super) struct Finish {
    pub(super) calls: Vec<ToolCall>,
    pub(super) ending: Ending,
}

impl Finish {
    /// Returns an end; calls of tools have the say over the backend's own reason.
    pub(super) fn new(calls: Vec<ToolCall>, reason: &'static str, usage: Usage) -> Self {
        let finish_reason = if calls.is_empty() { reason } else { "tool_calls" };
        Self { calls, ending: Ending { finish_reason: finish_reason.into(), usage } }
    }
}

/// Why an event cannot be taken.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bad {
    /// It is nothing of the style's.
    Unreadable,
    /// It belongs to something that never began.
    OutOfOrder,
    /// The tool calls or the thoughts of the answer are more than can be kept.
    TooMuch,
    /// It is a failure that the backend reports.
    Reported(Value),
}

impl Style {
    /// Returns the body that asks a prompt.
    pub(super) fn body(self, prompt: &Prompt, about: Option<&AboutModel>) -> serde_json::Result<Vec<u8>> {
        match self {
            Self::Completions => completions::body(prompt, about),
            Self::Responses => responses::body(prompt, about),
            Self::Messages => anthropic::body(prompt, about),
        }
    }

    /// Returns what puts together an answer of a model.
    pub(super) fn assembly(self, model: &str) -> Box<dyn Assemble> {
        match self {
            Self::Completions => Box::<completions::Assembly>::default(),
            Self::Responses => Box::<responses::Assembly>::default(),
            Self::Messages => Box::new(anthropic::Assembly::of(model)),
        }
    }

    /// Returns the headers of every request beside the key's.
    pub(super) const fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Completions | Self::Responses => &[],
            Self::Messages => &[("anthropic-version", anthropic::VERSION)],
        }
    }

    pub(super) fn key_header(self) -> HeaderName {
        match self {
            Self::Completions | Self::Responses => AUTHORIZATION,
            Self::Messages => HeaderName::from_static("x-api-key"),
        }
    }

    /// Returns what stands before the key in its header.
    pub(super) const fn key_prefix(self) -> &'static str {
        match self {
            Self::Completions | Self::Responses => "Bearer ",
            Self::Messages => "",
        }
    }

    /// Returns what an answer is called, for people.
    pub(super) const fn answer_name(self) -> &'static str {
        match self {
            Self::Completions => "chat completion",
            Self::Responses => "response",
            Self::Messages => "message",
        }
    }

    fn path(self, base: &str) -> String {
        match self {
            Self::Completions => format!("{base}/chat/completions"),
            Self::Responses => format!("{base}/responses"),
            // People write the address with the version and without.
            Self::Messages if base.ends_with("/v1") => format!("{base}/messages"),
            Self::Messages => format!("{base}/v1/messages"),
        }
    }

    const fn path_end(self) -> &'static str {
        match self {
            Self::Completions => "/chat/completions",
            Self::Responses => "/responses",
            Self::Messages => "/messages",
        }
    }
}

/// Returns where to ask, from the configured address.
pub(super) fn endpoint(base: &str, style: Style) -> Result<Url, &'static str> {
    let mut url = Url::parse(base.trim()).map_err(|_| "is not a URL")?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("is not an http or https address");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or password; put the key into apiKey");
    }
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/').to_owned();
    // Some people paste the whole address.
    let path = if path.ends_with(style.path_end()) { path } else { style.path(&path) };
    url.set_path(&path);
    Ok(url)
}
