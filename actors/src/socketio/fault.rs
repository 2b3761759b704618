//! Why a session could not be opened.

use serde_json::Value;

/// How much of a server's own words an error shows, characters.
const SHOWN_CHARS: usize = 200;
/// How much of them is kept until secrets are taken out, characters: a secret that is cut in two is none that is found.
const KEPT_CHARS: usize = 4096;

/// Why one attempt to open a session failed. No text of it holds what the session would have been opened with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// There is no connection: name, network or TLS.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// Something did not come in time.
    #[error("{0} did not come in time")]
    TimedOut(&'static str),
    /// The server answered with a status that is no success.
    #[error("HTTP {status}{}{said}", if said.is_empty() { "" } else { ": " })]
    Status {
        /// The HTTP status.
        status: u16,
        /// What it says besides, shortened.
        said: String,
    },
    /// The connection ended before the session stood.
    #[error("{0}")]
    Cut(String),
    /// Whoever answers does not speak Engine.IO 4 and Socket.IO 5.
    #[error("no Socket.IO server: {0}")]
    Foreign(String),
    /// The server closed without a word on the request for the namespace: so it does when it has another parser.
    #[error("the server closed without a word right after the connect packet: it may have another parser")]
    Dropped,
    /// The server refused the namespace, in words of its own. This is no fault of the transport.
    #[error("the server refused the connection: {message}")]
    Refused {
        /// Its words, shortened.
        message: String,
        /// What it says besides, as it came; null where there is nothing.
        data: Value,
    },
    /// The server did not answer the request for the namespace, or what stands on the way swallowed it.
    #[error("the server did not answer the connect packet in time")]
    Unanswered,
    /// No session can be opened like this.
    #[error("{0}")]
    Misconfigured(String),
}

impl Fault {
    /// Returns whether another transport may do better.
    pub(super) const fn is_of_transport(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TimedOut(_) | Self::Status { .. } | Self::Cut(_) | Self::Foreign(_) => true,
            Self::Dropped | Self::Refused { .. } | Self::Unanswered | Self::Misconfigured(_) => false,
        }
    }
}

/// Returns the beginning of somebody else's words, on one line, as people see it.
pub(super) fn shown(text: &str) -> String {
    line(text, SHOWN_CHARS)
}

/// Returns somebody else's words, on one line, before secrets are taken out of them.
pub(super) fn kept(text: &str) -> String {
    line(text, KEPT_CHARS)
}

fn line(text: &str, chars_max: usize) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(chars_max).collect()
}

/// Returns the reason at the root of an error, without what stands around it.
pub(super) fn root_of(error: &dyn std::error::Error) -> String {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    kept(&root.to_string())
}
