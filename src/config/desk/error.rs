//! Why the file was not written.

use std::path::Path;

use callboard_actors::message::Code;
use serde_json::{Value, json};

use super::view::Issue;
use crate::config::ConfigError;
use crate::config::edit::EditError;

/// Why the file was not written. The texts that clients look for are those of the control plane's protocol.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// There is a file, and the request does not say which state of it it knows.
    #[error("config base hash required; re-run config.get and retry")]
    HashRequired,
    /// The file is not the one that the request knows.
    #[error("config changed since last load; re-run config.get and retry")]
    Stale,
    /// The text is too long.
    #[error("raw is longer than {bytes_max} bytes: move parts of it to other files with `$include`")]
    TooLarge {
        /// The bound.
        bytes_max: usize,
    },
    /// The text cannot be read.
    #[error("{0}")]
    Syntax(String),
    /// A patch has to be an object.
    #[error("config.patch raw must be an object")]
    NotAnObject,
    /// Keys or values that cannot be used.
    #[error("invalid config")]
    Invalid(Vec<Issue>),
    /// The file as it stands cannot be patched.
    #[error("invalid config; fix before patching")]
    Broken(Vec<Issue>),
    /// The change cannot be made without loss.
    #[error("{0}")]
    ByHand(String),
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] ConfigError),
}

impl DeskError {
    /// Returns the code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::File(_) => Code::Unavailable,
            Self::TooLarge { .. } => Code::TooLarge,
            Self::Stale => Code::Conflict,
            _ => Code::InvalidRequest,
        }
    }

    /// Returns what goes with the error: each key that is wrong.
    #[must_use]
    pub fn details(&self) -> Option<Value> {
        match self {
            Self::Invalid(issues) | Self::Broken(issues) => Some(json!({ "issues": issues })),
            _ => None,
        }
    }

    /// Tells what is wrong with a text that was sent; `file` is where it would stand.
    pub(super) fn of_text(error: &ConfigError, file: &Path) -> Self {
        match error {
            ConfigError::Syntax { file: at, line, reason } if at == file => Self::Syntax(format!("{reason} (line {line})")),
            other => Self::Invalid(Issue::all(other, file)),
        }
    }
}

impl From<EditError> for DeskError {
    fn from(error: EditError) -> Self {
        Self::ByHand(error.to_string())
    }
}
