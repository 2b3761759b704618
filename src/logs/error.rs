//! Why there is no log.

use std::io;
use std::path::PathBuf;

/// Why the log could not be put in place.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The folder or the file cannot be written.
    #[error("the log cannot be written to {path}: {source}; make the folder writable or set another one")]
    Unwritable {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The thread that writes cannot be started.
    #[error("the log's thread cannot be started: {0}")]
    Thread(io::Error),
    /// There is a log already: it is put in place once for the process.
    #[error("the log is in place already")]
    Twice,
}
