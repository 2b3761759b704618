//! What goes wrong on the socket, as the command line tells it.

use std::borrow::Cow;

use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::frame::Refused;
use crate::cli::error::{CliError, TOKEN_REFUSED, TOKEN_WANTED};

/// Whether the connection came with a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// It came with one.
    Something,
    /// It came with none.
    Nothing,
}

/// Returns the failure of a connection that did not come about or broke.
pub(super) fn broken(url: &str, error: &Error) -> CliError {
    let reason = match error {
        Error::Http(answer) if answer.status() == StatusCode::UNAUTHORIZED => return unauthorized(url, TOKEN_WANTED),
        Error::Http(answer) => {
            let status = answer.status().as_u16();
            return CliError::failed(format!("the gateway at {url} opens no socket: it answered {status}"));
        }
        Error::Capacity(_) => return CliError::failed(format!("the gateway at {url} sent more than is taken: {error}")),
        Error::Io(error) => error.to_string(),
        Error::ConnectionClosed | Error::AlreadyClosed => "the connection broke off".to_owned(),
        other => other.to_string(),
    };
    CliError::Unreachable { url: url.to_owned(), reason }
}

/// Returns the failure of a connection over which nothing comes.
pub(super) fn silent(url: &str, what: &str) -> CliError {
    CliError::Unreachable { url: url.to_owned(), reason: format!("it took too long to wait for {what}") }
}

/// Returns the failure of a connection that the gateway closed.
pub(super) fn closed(url: &str, close: Option<&CloseFrame>) -> CliError {
    let Some(CloseFrame { code, reason }) = close else {
        return CliError::Unreachable { url: url.to_owned(), reason: "the connection broke off".to_owned() };
    };
    match code {
        CloseCode::Restart | CloseCode::Away => {
            CliError::Unreachable { url: url.to_owned(), reason: format!("it stops or restarts ({reason})") }
        }
        CloseCode::Policy if reason.starts_with("unauthorized") || reason.starts_with("device token") => {
            unauthorized(url, format!("closed the connection: {reason}"))
        }
        CloseCode::Policy if reason.is_empty() => {
            unauthorized(url, "closed the connection without a word: too many wrong tokens came from here, wait a minute")
        }
        code => CliError::failed(format!("the gateway at {url} closed the connection: {} {reason}", u16::from(*code))),
    }
}

/// Returns the failure of a connection that was not let in.
pub(super) fn not_let_in(url: &str, refused: Refused, shown: Shown) -> CliError {
    let Refused { code, message, raw } = &refused;
    let denied = message.starts_with("unauthorized") || code == "NOT_PAIRED";
    if denied && shown == Shown::Nothing {
        return unauthorized(url, TOKEN_WANTED);
    }
    if denied && message.contains("mismatch") {
        return unauthorized(url, TOKEN_REFUSED);
    }
    if denied {
        return unauthorized(url, format!("does not let this client in: {message}"));
    }
    match raw.json().pointer("/details/expectedProtocol") {
        Some(expected) => CliError::failed(format!(
            "the gateway at {url} speaks protocol {expected} and this command line 3 and 4: use versions that go together"
        )),
        None => refused.into(),
    }
}

fn unauthorized(url: &str, reason: impl Into<Cow<'static, str>>) -> CliError {
    CliError::Unauthorized { url: url.to_owned(), reason: reason.into() }
}
