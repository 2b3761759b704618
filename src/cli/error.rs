//! What a command ends with.

use std::borrow::Cow;
use std::process::ExitCode;

use crate::config::ConfigError;
use crate::config::edit::EditError;
use crate::config::refuse::Refusal;
use crate::config::setup::SetupError;

/// What is told to somebody who shows no token.
pub(super) const TOKEN_WANTED: &str =
    "wants a token: give --gateway-token, set CALLBOARD_GATEWAY_TOKEN, or run this where its config file is";
/// What is told to somebody who shows another token.
pub(super) const TOKEN_REFUSED: &str =
    "refused the token: it is another one than its gateway.auth.token, see --gateway-token and CALLBOARD_GATEWAY_TOKEN";

/// Why a command did not do what it was asked; each has its exit code.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// It failed: exit code 1.
    #[error("{0:#}")]
    Failed(anyhow::Error),
    /// It was asked in a way that cannot be understood: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// No gateway answers: exit code 3.
    #[error("no gateway answers at {url}: {reason}; start one with `callboard gateway`, or name another with --url")]
    Unreachable {
        /// Where it was looked for; no secret.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The gateway wants another credential: exit code 4.
    #[error("the gateway at {url} {reason}")]
    Unauthorized {
        /// Which gateway.
        url: String,
        /// What was shown to it, and the mend.
        reason: Cow<'static, str>,
    },
}

impl CliError {
    /// Makes a failure from a sentence.
    pub fn failed(text: impl Into<String>) -> Self {
        Self::Failed(anyhow::Error::msg(text.into()))
    }

    /// Returns the exit code.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable { .. } => 3,
            Self::Unauthorized { .. } => 4,
        })
    }
}

impl From<anyhow::Error> for CliError {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Profile { .. } => Self::Usage(error.to_string()),
            other => Self::Failed(other.into()),
        }
    }
}

impl From<EditError> for CliError {
    fn from(error: EditError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<SetupError> for CliError {
    fn from(error: SetupError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Refusal> for CliError {
    fn from(error: Refusal) -> Self {
        Self::Failed(error.into())
    }
}
