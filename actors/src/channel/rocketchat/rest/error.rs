//! Why a call gave nothing. No text of it holds a login.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{CALL_TIMEOUT, Session};
use crate::channel::web;
use crate::message::Code;

/// How much of the server's own words an error shows, characters.
const SHOWN_CHARS: usize = 200;

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::channel::rocketchat) enum RestError {
    /// There was no answer in time.
    #[error("no answer within {} s", CALL_TIMEOUT.as_secs())]
    Timeout,
    /// There was no answer.
    #[error("{0}")]
    Unreachable(String),
    /// The server refused, and said why.
    #[error("HTTP {status}: {text}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The server's name of the reason.
        kind: String,
        /// The server's words.
        text: String,
    },
    /// The answer is no success and no JSON.
    #[error("HTTP {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// The server wants fewer calls.
    #[error("too many requests: the server asks to wait {} s", wait.as_secs())]
    Limited {
        /// How long it asks to wait.
        wait: Duration,
    },
    /// The answer is a success and no JSON object.
    #[error("the answer of {route} is not a JSON object: check that `baseUrl` is a Rocket.Chat server")]
    NotJson {
        /// The call.
        route: String,
    },
    /// The answer is too long.
    #[error("the answer is longer than {bytes_max} bytes")]
    TooLong {
        /// The bound.
        bytes_max: usize,
    },
    /// The server sends callers elsewhere.
    #[error("the server redirects: set `baseUrl` to the address that it redirects to")]
    Redirected,
    /// No call can be made.
    #[error("{0}")]
    Misconfigured(String),
}

impl RestError {
    /// Takes the reason at the root of an error, without the address.
    pub(in crate::channel::rocketchat) fn unreachable(error: reqwest::Error) -> Self {
        Self::Unreachable(web::reason(error))
    }

    /// Takes a login out of the server's own words, which may repeat it.
    pub(super) fn without(self, session: Option<&Session>) -> Self {
        match (self, session) {
            (Self::Refused { status, kind, text }, Some(session)) => {
                let hidden = |text: String| text.replace(session.token.expose_secret(), "***");
                Self::Refused { status, kind: hidden(kind), text: hidden(text) }
            }
            (other, _) => other,
        }
    }

    /// Returns the HTTP status, where there was an answer.
    pub(in crate::channel::rocketchat) const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::Status { status } => Some(*status),
            Self::Limited { .. } => Some(429),
            _ => None,
        }
    }

    /// Returns whether the same call may succeed later.
    pub(in crate::channel::rocketchat) const fn passes(&self) -> bool {
        match self {
            Self::Timeout | Self::Unreachable(_) | Self::Limited { .. } | Self::NotJson { .. } => true,
            // The server itself answers in JSON: anything else comes from a proxy before it.
            Self::Status { .. } | Self::TooLong { .. } => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 401,
            Self::Redirected | Self::Misconfigured(_) => false,
        }
    }

    /// Returns the stable code.
    pub(in crate::channel::rocketchat) const fn code(&self) -> Code {
        match self {
            Self::Timeout | Self::Unreachable(_) => Code::LinkDown,
            Self::Limited { .. } => Code::Overloaded,
            Self::Redirected | Self::Misconfigured(_) => Code::Misconfigured,
            Self::Refused { .. } | Self::Status { .. } | Self::NotJson { .. } | Self::TooLong { .. } => Code::BadUpstream,
        }
    }
}

/// Returns what an answer says in words.
pub(super) fn text_of(answer: &Value) -> String {
    ["error", "message", "reason"].iter().find_map(|key| answer.get(key)?.as_str()).unwrap_or_default().to_owned()
}

/// Returns the beginning of the server's words, on one line.
pub(super) fn shown(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN_CHARS).collect()
}
