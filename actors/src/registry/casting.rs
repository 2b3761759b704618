//! How the registry has actors of other rooms made, without knowing their types.

use super::board::Board;
use crate::core::{ActorRef, ControlError};
use crate::message::{SessionKey, SessionMessage, Tenure};

/// Why there is no session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSession {
    /// There is no room for one more; there is when another one leaves.
    #[error("{max} actors are running, the bound `session.actorsMax`: ask again later, or raise it")]
    Crowded {
        /// The bound.
        max: usize,
    },
    /// One of that key is just leaving memory; a moment later there is room for the next.
    #[error("the session is just leaving memory: ask again ({0})")]
    Leaving(ControlError),
}

/// Whether the channels are in step with the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconciled {
    /// They are.
    Done,
    /// One could not be started, since the one before it is just ending: look again.
    NotYet,
}

/// Makes sessions and channels.
pub trait Casting: Send + Sync + 'static {
    /// Starts a session.
    ///
    /// # Errors
    /// There is no room, or one of that key is just leaving: the caller tries again.
    fn session(&self, key: &SessionKey, tenure: Tenure) -> Result<ActorRef<SessionMessage>, NoSession>;

    /// Starts the channel accounts that the settings name, restarts those whose link needs other settings now, and ends the
    /// others.
    fn reconcile(&self, board: &Board) -> Reconciled;
}
