//! Socket.IO as this platform uses it: how a session is opened, and what is asked of it.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::payload::Payload;
use crate::channel::tls::{self, Trust};
use crate::core::{Backoff, Clock};
use crate::socketio::{Auth, EmitError, Emitter, Endpoint, Fault, Limits, OpenError, Options, Parsers, Session, Start};

/// What has the server tell of sessions.
const SUBSCRIBE_SESSIONS: &str = "com.claw.im.subscribeSessions";
/// What has it tell of panels.
const SUBSCRIBE_PANELS: &str = "com.claw.im.subscribePanels";

/// How Socket.IO is reached.
#[derive(Clone, Debug)]
pub(super) struct SocketSettings {
    /// Where.
    pub(super) base: String,
    /// Under which path.
    pub(super) path: String,
    /// How packets are written.
    pub(super) parsers: Parsers,
    /// Certificates that are trusted besides the machine's.
    pub(super) ca_pem: Option<String>,
    /// How long each step may take.
    pub(super) timeout: Duration,
    /// How waits grow between tries.
    pub(super) backoff: Backoff,
    /// How many failed tries in a row there are before the slow ones; 0 is no such bound.
    pub(super) tries_max: u32,
    /// The wait between slow tries.
    pub(super) slow: Duration,
}

impl SocketSettings {
    /// Returns how long is waited after failures in a row.
    pub(super) fn wait(&self, failures: u32) -> Duration {
        if self.tries_max > 0 && failures > self.tries_max { self.slow } else { self.backoff.wait(failures) }
    }

    /// Opens a session.
    ///
    /// # Errors
    /// Says what was tried and why it failed.
    pub(super) async fn open(self, token: SecretString, start: Start, clock: Clock) -> Result<Session, OpenError> {
        let options = self.options(token, start, clock).await.map_err(|fault| OpenError { fault, tried: Vec::new() })?;
        Session::open(&options).await
    }

    async fn options(self, token: SecretString, start: Start, clock: Clock) -> Result<Options, Fault> {
        let tls = if self.base.starts_with("https") {
            let trust = self.ca_pem.as_deref().map_or(Trust::System, Trust::SystemAnd);
            let config = tls::client_config(trust).await.map_err(|error| Fault::Misconfigured(error.to_string()))?;
            Some(std::sync::Arc::new(config))
        } else {
            None
        };
        let endpoint = Endpoint::new(&self.base, &self.path, tls)?;
        let limits = Limits { websocket_timeout: self.timeout, connect_timeout: self.timeout, ..Limits::default() };
        let auth = Auth::none().with("token", token);
        Ok(Options { parsers: self.parsers, way: start.way, probe: start.probe, limits, ..Options::new(endpoint, auth, clock) })
    }
}

/// Why the server does not tell of places.
#[derive(Debug, thiserror::Error)]
pub(super) enum JoinError {
    /// It did not hear, or did not answer.
    #[error("{call}: {error}")]
    Emit {
        /// The call.
        call: &'static str,
        /// Why.
        error: EmitError,
    },
    /// It refused.
    #[error("{call} was refused: {text}")]
    Refused {
        /// The call.
        call: &'static str,
        /// The server's words.
        text: String,
    },
}

/// What is to be told of.
#[derive(Clone, Debug, Default)]
pub(super) struct Join {
    /// Sessions, each with how far it was read; `None` where it never was.
    pub(super) sessions: BTreeMap<String, Option<u64>>,
    /// Panels.
    pub(super) panels: Vec<String>,
    /// How many events of each session the server gives at once.
    pub(super) limit: u32,
}

impl Join {
    /// Asks the server to tell of them; returns what it has of the sessions already, and what of that could not be read.
    ///
    /// # Errors
    /// It does not answer in time, or refuses.
    pub(super) async fn run(&self, emitter: &Emitter, timeout: Duration) -> Result<Vec<Result<Payload, String>>, JoinError> {
        let mut payloads = Vec::new();
        if !self.sessions.is_empty() {
            let ids: Vec<&String> = self.sessions.keys().collect();
            let cursors: BTreeMap<&String, u64> =
                self.sessions.iter().filter_map(|(id, cursor)| Some((id, (*cursor)?))).collect();
            let body = json!({ "sessionIds": ids, "cursors": cursors, "limit": self.limit });
            payloads = read_payloads(&ask(emitter, SUBSCRIBE_SESSIONS, body, timeout).await?);
        }
        if !self.panels.is_empty() {
            ask(emitter, SUBSCRIBE_PANELS, json!({ "panelIds": self.panels }), timeout).await?;
        }
        Ok(payloads)
    }
}

async fn ask(emitter: &Emitter, call: &'static str, body: Value, timeout: Duration) -> Result<Value, JoinError> {
    let answer = emitter.emit_with_ack(call, vec![body], timeout).await.map_err(|error| JoinError::Emit { call, error })?;
    let answer = answer.into_iter().next().unwrap_or_default();
    if answer.get("result") == Some(&Value::Bool(false)) {
        let text = answer.get("message").and_then(Value::as_str).unwrap_or("no reason given");
        let text = text.chars().filter(|mark| !mark.is_control()).take(200).collect();
        return Err(JoinError::Refused { call, text });
    }
    // A bare answer is a success with itself as its data.
    Ok(if answer.get("result").is_some() { answer.get("data").cloned().unwrap_or_default() } else { answer })
}

/// Reads `{sessions: […]}`, a list, or one payload by itself.
pub(super) fn read_payloads(data: &Value) -> Vec<Result<Payload, String>> {
    let list = data.get("sessions").and_then(Value::as_array).or_else(|| data.as_array());
    match list {
        Some(list) => list.iter().map(Payload::read).collect(),
        None if data.get("sessionId").is_some() => vec![Payload::read(data)],
        None => Vec::new(),
    }
}
