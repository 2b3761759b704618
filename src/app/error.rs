//! Why a gateway does not run.

use callboard_actors::agent::BadTool;
use callboard_actors::core::ControlError;

use super::ListenError;
use crate::config::ConfigError;
use crate::config::refuse::Refusal;
use crate::logs::LogError;
use crate::providers::TableError;
use crate::storage::{LockError, OpenError};

/// Why the gateway did not start, or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Another gateway has the state folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The port cannot be taken.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The providers cannot be built.
    #[error(transparent)]
    Providers(#[from] TableError),
    /// The log file cannot be written.
    #[error(transparent)]
    Logs(#[from] LogError),
    /// The actors cannot be started.
    #[error(transparent)]
    Actors(#[from] ControlError),
    /// The tools cannot be put together.
    #[error(transparent)]
    Tools(#[from] BadTool),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A gateway does not start with this configuration.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The server failed.
    #[error("the server failed: {0}")]
    Serve(std::io::Error),
}
