//! The trait of every tool of the gateway's own.

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::message::{ChatRef, Code, Media, SessionKey, TraceId};

/// A tool's arguments, by name.
pub type ToolArgs = Map<String, Value>;

/// By which way a tool is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entrance {
    /// By a turn of an agent.
    Turn,
    /// By a client over HTTP.
    Http,
}

/// Whose word a call goes back to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asker {
    /// That of anybody who may talk to the agent.
    #[default]
    Anybody,
    /// That of an owner of the gateway in a direct chat, or of a control client that may do everything.
    Owner,
}

/// For whom a tool is called.
#[derive(Clone, Debug)]
pub struct ToolContext {
    /// The way in.
    pub entrance: Entrance,
    /// The session that it is done for.
    pub session: SessionKey,
    /// The agent of that session.
    pub agent: String,
    /// The integration that the conversation comes by, where it is known.
    pub channel: Option<String>,
    /// The login that it comes by, where it is known.
    pub account: Option<String>,
    /// The chat that the conversation comes by, where it is known.
    pub chat: Option<ChatRef>,
    /// The message that it answers, by the platform's own id, where that is known.
    pub answered: Option<String>,
    /// Who wrote what it is called for, by the platform's own id, where that is known.
    pub sender: Option<String>,
    /// Whose word it goes back to.
    pub asker: Asker,
    /// The models that may call it, each with its provider's name before it; none where no model does.
    pub models: Vec<String>,
    /// Where it tells what it has so far.
    pub updates: Updates,
    /// The thread through the logs.
    pub trace: TraceId,
}

impl ToolContext {
    /// Returns the context of a call of which no more is known, and to whose updates nobody listens.
    #[must_use]
    pub fn new(entrance: Entrance, session: SessionKey, agent: impl Into<String>, trace: TraceId) -> Self {
        Self {
            entrance,
            session,
            agent: agent.into(),
            channel: None,
            account: None,
            chat: None,
            answered: None,
            sender: None,
            asker: Asker::default(),
            models: Vec::new(),
            updates: Updates::default(),
            trace,
        }
    }
}

/// Where a tool tells what it has so far. What the listener has no room for is left out: the next update, or the result, says more.
#[derive(Clone, Debug, Default)]
pub struct Updates(Option<mpsc::Sender<String>>);

impl Updates {
    /// Returns updates that somebody listens to.
    #[must_use]
    pub const fn to(listener: mpsc::Sender<String>) -> Self {
        Self(Some(listener))
    }

    /// Tells what there is so far, for a model or a person to read.
    pub fn tell(&self, partial: impl FnOnce() -> String) {
        if let Some(listener) = &self.0
            && let Ok(room) = listener.try_reserve()
        {
            room.send(partial());
        }
    }
}

/// Whether a call may be made again when nobody knows how the first one came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It changes nothing that a second call would change again.
    Safe,
    /// Twice may be once too often.
    Never,
}

/// What a tool gave back.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolOutput {
    /// For a model to read.
    pub text: String,
    /// For a program to read.
    pub details: Value,
    /// For a model that sees: pictures with their bytes in hand. The text tells of each, for those that do not.
    pub pictures: Vec<Media>,
}

impl ToolOutput {
    /// Returns an output of words.
    #[must_use]
    pub fn new(text: impl Into<String>, details: Value) -> Self {
        Self { text: text.into(), details, pictures: Vec::new() }
    }

    /// Returns an output that a model reads as the JSON that it is.
    #[must_use]
    pub fn json(details: Value) -> Self {
        Self::new(format!("{details:#}"), details)
    }
}

/// Why a tool gave nothing back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToolFault {
    /// There is no such tool, or not for the one who asks: the two look alike on purpose.
    #[error("Tool not available: {name}")]
    NotAvailable {
        /// What was asked for.
        name: String,
    },
    /// The arguments are not those that the tool takes.
    #[error("{reason}")]
    Arguments {
        /// What is wrong with which.
        reason: String,
    },
    /// It was tried.
    #[error("{reason}")]
    Failed {
        /// The stable code.
        code: Code,
        /// The reason for people; carries no secret.
        reason: String,
    },
}

impl ToolFault {
    /// Returns the failure of a tool that was tried.
    #[must_use]
    pub fn failed(code: Code, reason: impl Into<String>) -> Self {
        Self::Failed { code, reason: reason.into() }
    }

    /// Returns the refusal of one argument.
    #[must_use]
    pub fn argument(name: &str, what: &str) -> Self {
        Self::Arguments { reason: format!("`{name}` {what}") }
    }

    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::NotAvailable { .. } => Code::NotFound,
            Self::Arguments { .. } => Code::InvalidRequest,
            Self::Failed { code, .. } => *code,
        }
    }
}

/// Something that can be done for an agent or a client. What it is lent it holds itself; what it gets is checked by its schema.
pub trait Tool: Send + Sync + 'static {
    /// Returns its name: letters, digits, `_` and `-`.
    fn name(&self) -> &str;

    /// Returns what it is for, for a model to read.
    fn description(&self) -> &str;

    /// Returns the JSON Schema of its arguments, an object that names every one of them.
    fn schema(&self) -> Value;

    /// Returns whether a call that a crash cut short may be made again.
    fn repeat(&self) -> Repeat {
        Repeat::Never
    }

    /// Does it. The arguments keep to the schema. Dropping the future ends the work where that is possible.
    fn call(&self, context: ToolContext, args: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>>;
}
