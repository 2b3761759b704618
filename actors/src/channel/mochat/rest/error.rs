//! Why a call gave nothing: where, and how it failed. No text of it holds the token.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;

use crate::channel::mochat::hush::hush;
use crate::message::Code;

/// How much of the server's own words an error shows, characters.
const SHOWN_CHARS: usize = 200;

/// How a server was not reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::channel::mochat) enum Unreachable {
    /// Nobody knows the host.
    #[error("its host name has no address (DNS): {0}")]
    Dns(String),
    /// The certificate or the handshake was no good.
    #[error("no TLS connection can be made: {0}")]
    Tls(String),
    /// Nobody listens there.
    #[error("the connection was refused")]
    Refused,
    /// It broke off.
    #[error("the connection failed: {0}")]
    Broken(String),
}

impl Unreachable {
    /// Looks for the reason among the causes of an error.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        let mut cause: &dyn std::error::Error = error;
        let mut dns = false;
        loop {
            if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
                return Self::Tls(tls.to_string());
            }
            if let Some(io) = cause.downcast_ref::<std::io::Error>() {
                if let Some(tls) = tls_in(io) {
                    return Self::Tls(tls.to_string());
                }
                if io.kind() == std::io::ErrorKind::ConnectionRefused {
                    return Self::Refused;
                }
            }
            dns |= cause.to_string() == "dns error";
            match cause.source() {
                Some(deeper) => cause = deeper,
                None if dns => return Self::Dns(cause.to_string()),
                // The outermost one would repeat the address.
                None => return Self::Broken(cause.to_string()),
            }
        }
    }
}

/// Returns the fault of TLS that an error of the system was made of. Such errors stand in each other, and tell nobody of that as their
/// source.
fn tls_in(mut io: &std::io::Error) -> Option<&rustls::Error> {
    loop {
        let inner = io.get_ref()?;
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        io = inner.downcast_ref::<std::io::Error>()?;
    }
}

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::channel::mochat) enum RestError {
    /// There was no answer in time.
    #[error("{url}: no answer within {seconds} s")]
    Timeout {
        /// Where.
        url: String,
        /// How long was waited.
        seconds: u64,
    },
    /// There was no answer.
    #[error("{url}: {how}")]
    Unreachable {
        /// Where.
        url: String,
        /// How.
        how: Unreachable,
    },
    /// The token counts no more, or never did.
    #[error(
        "{url}: unauthorized: clawToken is wrong or has expired ({text}). Set the agent's current token, or run: callboard channels add mochat --help"
    )]
    Unauthorized {
        /// Where.
        url: String,
        /// The server's words.
        text: String,
    },
    /// The server refused, and said why.
    #[error("{url}: error {status}: {text}")]
    Refused {
        /// Where.
        url: String,
        /// The HTTP status, or the code in its place.
        status: u16,
        /// The server's words.
        text: String,
    },
    /// The answer is no success and no JSON: it comes from something before the server.
    #[error("{url}: HTTP {status}")]
    Status {
        /// Where.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The server wants fewer calls.
    #[error("too many requests: the server asks to wait {} s", wait.as_secs())]
    Limited {
        /// How long it asks to wait.
        wait: Duration,
    },
    /// The answer is a page for people.
    #[error("{url}: answers with an HTML page: check that `baseUrl` is a Mochat server")]
    Html {
        /// Where.
        url: String,
    },
    /// The answer is a success and no JSON object.
    #[error("{url}: the answer is not a JSON object: check that `baseUrl` is a Mochat server")]
    NotJson {
        /// Where.
        url: String,
    },
    /// The answer lacks what it should have.
    #[error("the answer of {0} lacks what it should have")]
    Odd(&'static str),
    /// The answer is too long.
    #[error("the answer is longer than {bytes_max} bytes")]
    TooLong {
        /// The bound.
        bytes_max: usize,
    },
    /// The server sends callers elsewhere, where the token is not sent.
    #[error("{url}: redirects: set `baseUrl` to the address that it redirects to")]
    Redirected {
        /// Where.
        url: String,
    },
    /// No call can be made.
    #[error("{0}")]
    Misconfigured(String),
}

impl RestError {
    /// Returns the HTTP status, where there was an answer.
    pub(in crate::channel::mochat) const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::Status { status, .. } => Some(*status),
            Self::Unauthorized { .. } => Some(401),
            Self::Limited { .. } => Some(429),
            _ => None,
        }
    }

    /// Returns whether the same call may succeed later.
    pub(in crate::channel::mochat) const fn passes(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Unreachable { .. } | Self::Limited { .. } => true,
            // The server itself answers in JSON: anything else comes from a proxy before it, or from one that is starting.
            Self::Status { .. } | Self::Html { .. } | Self::NotJson { .. } | Self::Odd(_) => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 408,
            Self::Unauthorized { .. } | Self::TooLong { .. } | Self::Redirected { .. } | Self::Misconfigured(_) => false,
        }
    }

    /// Returns whether the server is away, whatever it was asked.
    pub(in crate::channel::mochat) const fn is_away(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Unreachable { .. } => true,
            Self::Refused { status, .. } | Self::Status { status, .. } => *status >= 500,
            _ => false,
        }
    }

    /// Returns whether no call can succeed until the settings are mended, whatever is asked.
    pub(in crate::channel::mochat) const fn asks_for_mending(&self) -> bool {
        matches!(self, Self::Unauthorized { .. } | Self::Redirected { .. } | Self::Misconfigured(_))
    }

    /// Returns whether what was asked is refused, whatever else the server does.
    pub(in crate::channel::mochat) const fn is_its_own(&self) -> bool {
        !self.passes() && !self.asks_for_mending()
    }

    /// Returns whether the server may have done what it was asked all the same.
    pub(in crate::channel::mochat) const fn leaves_doubt(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Unreachable { .. } | Self::Status { .. } => true,
            Self::Html { .. } | Self::NotJson { .. } | Self::Odd(_) | Self::TooLong { .. } => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 408,
            Self::Unauthorized { .. } | Self::Limited { .. } | Self::Redirected { .. } | Self::Misconfigured(_) => false,
        }
    }

    /// Returns the stable code.
    pub(in crate::channel::mochat) const fn code(&self) -> Code {
        match self {
            Self::Timeout { .. } | Self::Unreachable { .. } => Code::LinkDown,
            Self::Unauthorized { .. } => Code::BadCredentials,
            Self::Limited { .. } => Code::Overloaded,
            Self::Redirected { .. } | Self::Misconfigured(_) => Code::Misconfigured,
            _ => Code::BadUpstream,
        }
    }
}

/// Returns what an answer says in words.
pub(super) fn text_of(answer: &Value) -> String {
    let text = |key: &str| answer.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    ["message", "error", "name", "reason"].into_iter().find_map(text).unwrap_or("no reason given").to_owned()
}

/// Returns the beginning of the server's words, on one line, without the token that they may repeat.
pub(super) fn shown(text: &str, token: Option<&SecretString>) -> String {
    let text = token.map_or_else(|| text.to_owned(), |token| hush(text, token));
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN_CHARS).collect()
}
