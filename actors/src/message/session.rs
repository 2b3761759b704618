//! What a session can be told.

use tokio::sync::oneshot;

use super::{Ask, RunId};

/// A message to a session actor; inbox rows are not among them, it is only woken for those.
#[derive(Debug)]
pub enum SessionMessage {
    /// Run a turn for a client that waits.
    Ask(Box<Ask>),
    /// End the running turn.
    Abort {
        /// Only this one; `None` is whichever runs.
        run: Option<RunId>,
        /// Why: `rpc`, `stop` or `timeout`.
        why: &'static str,
        /// Hears which turn was ended, if one was.
        done: oneshot::Sender<Option<RunId>>,
    },
    /// Read anew what the store has of it: somebody changed its settings or its transcript.
    Changed,
    /// Leave memory if there is nothing to do. Only the registry says so, after it has closed the way to the session.
    Retire(oneshot::Sender<Retired>),
}

/// What a session answers when it is asked to leave memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retired {
    /// It is leaving.
    Leaving,
    /// There is something to do after all.
    Busy,
}

/// How long a session is meant to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenure {
    /// For one turn: nobody will ask for it again.
    Once,
    /// Until it has been idle for long.
    Kept,
}

/// When a session answers in a group, by its own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Only what addresses the agent.
    Mention,
    /// Everything that may be said there.
    Always,
}

impl Activation {
    /// Reads a setting's word; `None` for one that nobody knows.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "mention" => Some(Self::Mention),
            "always" => Some(Self::Always),
            _ => None,
        }
    }
}
