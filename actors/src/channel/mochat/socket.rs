//! Socket.IO as this platform uses it: how a session is opened, and what is asked of it.

use std::collections::{BTreeMap, HashSet};
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
/// What ends either, on servers that know it.
const UNSUBSCRIBE_SESSIONS: &str = "com.claw.im.unsubscribeSessions";
const UNSUBSCRIBE_PANELS: &str = "com.claw.im.unsubscribePanels";

/// For how many places one call asks: the answer brings what was missed in each, and has to be no larger than a message may be.
pub(super) const TOGETHER_MAX: usize = 50;
/// After so many refusals groups are asked for by halves no more.
const REFUSALS_MAX: usize = 32;

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
    /// For how many places one call asks at the most.
    pub(super) together: usize,
}

/// What became of it.
#[derive(Debug, Default)]
pub(super) struct Joined {
    /// What the server has of the sessions already, or what of that could not be read.
    pub(super) payloads: Vec<Result<Payload, String>>,
    /// The places that it tells of from now on.
    pub(super) told: Vec<String>,
    /// Those that it refuses to tell of.
    pub(super) refused: Vec<String>,
    /// Its words on the last of them.
    pub(super) words: Option<String>,
}

impl Join {
    /// Asks the server to tell of them. Where it refuses several at once, for the sake of one perhaps, they are asked for by halves.
    ///
    /// # Errors
    /// It does not answer in time. Refusals are no error.
    pub(super) async fn run(&self, emitter: &Emitter, timeout: Duration) -> Result<Joined, JoinError> {
        let mut asker = Asker { emitter, timeout, together: self.together.max(1), refusals: 0, joined: Joined::default() };
        let sessions = self.sessions.keys().cloned().collect();
        let body = |ids: &[String]| {
            let known = ids.iter().filter_map(|id| Some((id, (*self.sessions.get(id)?)?)));
            json!({ "sessionIds": ids, "cursors": known.collect::<BTreeMap<_, _>>(), "limit": self.limit })
        };
        asker.ask_for(SUBSCRIBE_SESSIONS, sessions, body).await?;
        asker.ask_for(SUBSCRIBE_PANELS, self.panels.clone(), |ids| json!({ "panelIds": ids })).await?;
        Ok(asker.joined)
    }
}

/// Asks for places, group by group.
struct Asker<'a> {
    emitter: &'a Emitter,
    timeout: Duration,
    together: usize,
    refusals: usize,
    joined: Joined,
}

impl Asker<'_> {
    async fn ask_for(
        &mut self,
        call: &'static str,
        ids: Vec<String>,
        body: impl Fn(&[String]) -> Value,
    ) -> Result<(), JoinError> {
        let mut groups: Vec<Vec<String>> = ids.chunks(self.together).rev().map(<[String]>::to_vec).collect();
        while let Some(mut group) = groups.pop() {
            match ask(self.emitter, call, body(&group), self.timeout).await {
                Ok(answer) => self.agreed(&answer, group),
                Err(JoinError::Refused { text, .. }) => {
                    self.refusals += 1;
                    self.joined.words = Some(format!("{call} was refused: {text}"));
                    // A server that refuses everything is not asked for each place.
                    if group.len() <= 1 || self.refusals > REFUSALS_MAX {
                        self.joined.refused.append(&mut group);
                    } else {
                        let half = group.split_off(group.len() / 2);
                        groups.extend([half, group]);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn agreed(&mut self, answer: &Value, group: Vec<String>) {
        self.joined.payloads.extend(read_payloads(answer));
        // Of panels the server names those that it tells of.
        let named: Option<HashSet<&str>> =
            answer.get("panelIds").and_then(Value::as_array).map(|ids| ids.iter().filter_map(Value::as_str).collect());
        for id in group {
            if named.as_ref().is_none_or(|named| named.contains(id.as_str())) {
                self.joined.told.push(id);
            } else {
                self.joined.words = Some("the server does not name it among the panels that it tells of".to_owned());
                self.joined.refused.push(id);
            }
        }
    }
}

/// Has the server tell of places no more. One that does not know how goes on, and is not listened to.
pub(super) async fn leave(emitter: Emitter, sessions: Vec<String>, panels: Vec<String>, timeout: Duration) {
    let of_sessions = (UNSUBSCRIBE_SESSIONS, json!({ "sessionIds": sessions }), sessions.is_empty());
    let of_panels = (UNSUBSCRIBE_PANELS, json!({ "panelIds": panels }), panels.is_empty());
    for (call, body, _) in [of_sessions, of_panels].into_iter().filter(|(_, _, is_empty)| !is_empty) {
        if let Err(error) = ask(&emitter, call, body, timeout).await {
            tracing::debug!(event = "mochat.socket", "{error}");
        }
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
