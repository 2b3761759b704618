//! The state of a channel's connection to its platform.

use serde::{Deserialize, Serialize};

use super::Code;

/// Where a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// Being made, or made again after a drop.
    Connecting,
    /// Messages flow both ways.
    Up,
    /// Dropped, or not started.
    Down,
    /// Refused for a reason that a hand must mend, or given up; tried again slowly.
    Blocked,
}

/// A link's state with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkStatus {
    /// Where it stands.
    pub state: LinkState,
    /// Why it is not up.
    pub code: Option<Code>,
    /// The reason for people; carries no secret.
    pub text: Option<String>,
}

impl LinkStatus {
    /// Returns a state that needs no reason.
    #[must_use]
    pub const fn plain(state: LinkState) -> Self {
        Self { state, code: None, text: None }
    }

    /// Returns a state with its reason.
    #[must_use]
    pub fn because(state: LinkState, code: Code, text: impl Into<String>) -> Self {
        Self { state, code: Some(code), text: Some(text.into()) }
    }
}
