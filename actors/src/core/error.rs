//! What can go wrong between actors.

pub use crate::message::{Code, Retry};

/// Why an actor cannot be built from the current configuration; its state is `blocked` until that changes or a hand restarts it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct BuildError {
    /// The stable code.
    pub code: Code,
    /// What is wrong and how to mend it; carries no secret.
    pub text: String,
}

impl BuildError {
    /// Returns an error for settings that cannot be used.
    #[must_use]
    pub fn misconfigured(text: impl Into<String>) -> Self {
        Self { code: Code::Misconfigured, text: text.into() }
    }
}

/// Why a message did not reach an actor's mailbox. It was dropped, and with it any reply channel in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TellError {
    /// The mailbox is full and its rule is to reject.
    #[error("the mailbox is full")]
    Full,
    /// The actor was stopped by hand, ended by itself, or is going down with the process.
    #[error("the actor is stopped")]
    Stopped,
    /// The actor has given up after too many failures.
    #[error("the actor has failed and waits for a restart by hand")]
    Failed,
    /// The configuration does not allow the actor to be built.
    #[error("the actor is blocked by its configuration")]
    Blocked,
}

impl TellError {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Full => Code::Overloaded,
            Self::Stopped => Code::Unavailable,
            Self::Failed => Code::ActorFailed,
            Self::Blocked => Code::Misconfigured,
        }
    }
}

/// Why a question to an actor has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It did not reach the mailbox.
    #[error(transparent)]
    Tell(#[from] TellError),
    /// The actor crashed or was restarted with the question in hand, or dropped it.
    #[error("the actor was restarted before it answered")]
    Interrupted,
    /// The deadline was over first; the actor may still act on the question.
    #[error("the actor did not answer in time")]
    Timeout,
}

impl CallError {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Tell(error) => error.code(),
            Self::Interrupted => Code::Unavailable,
            Self::Timeout => Code::Timeout,
        }
    }
}

/// Why an actor could not be restarted, stopped or started by hand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// There is no actor of that name.
    #[error("no actor has the id `{0}`: GET /admin/actors lists them")]
    Unknown(String),
    /// The actor's kind or state does not allow it.
    #[error("{0}")]
    Impossible(String),
    /// It has been told and has not done so in time.
    #[error("`{0}` has not done so within {1} seconds; it goes on trying")]
    Timeout(String, u64),
}

impl ControlError {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Unknown(_) => Code::NotFound,
            Self::Impossible(_) => Code::Conflict,
            Self::Timeout(..) => Code::Timeout,
        }
    }
}
