//! What is read from the socket.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cli::error::CliError;

/// What comes from a gateway.
#[derive(Debug)]
pub(in crate::cli) enum Incoming {
    /// An answer; the same id may be answered twice.
    Answer {
        /// Of the request.
        id: String,
        /// What it says.
        outcome: Outcome,
    },
    /// Something that happened.
    Event {
        /// Its name.
        name: String,
        /// What it tells.
        payload: Payload,
    },
}

/// What a request was answered with.
pub(in crate::cli) type Outcome = Result<Payload, Refused>;

/// A payload as it came.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Payload(Box<RawValue>);

/// A request that was not done.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Refused {
    /// The gateway's code.
    pub(in crate::cli) code: String,
    /// Its sentence.
    pub(in crate::cli) message: String,
    /// The error as it came.
    pub(in crate::cli) raw: Payload,
}

#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    event: Option<String>,
    #[serde(default)]
    ok: bool,
    payload: Option<Box<RawValue>>,
    error: Option<Box<RawValue>>,
}

impl Payload {
    /// Returns it as it came.
    pub(in crate::cli) fn text(&self) -> &str {
        self.0.get()
    }

    /// Returns it read; null where it cannot be.
    pub(in crate::cli) fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_default()
    }

    /// Makes one of a value, for tests.
    #[cfg(test)]
    pub(in crate::cli) fn from_value(value: &Value) -> Self {
        Self::of(serde_json::value::to_raw_value(value).ok())
    }

    fn of(raw: Option<Box<RawValue>>) -> Self {
        Self(raw.unwrap_or_else(|| RawValue::NULL.to_owned()))
    }
}

impl Refused {
    fn of(raw: Payload) -> Self {
        let read = raw.json();
        let text = |name: &str| read.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { code: text("code"), message: text("message"), raw }
    }
}

impl From<Refused> for CliError {
    fn from(refused: Refused) -> Self {
        let Refused { code, message, .. } = refused;
        let message = if message.trim().is_empty() { "no reason was given" } else { &message };
        Self::failed(format!("the gateway answered {}: {message}", if code.is_empty() { "an error" } else { &code }))
    }
}

/// Reads a frame; nothing for one of a kind that is not known here, which newer gateways may send.
pub(super) fn read(text: &str) -> Option<Incoming> {
    let Frame { kind, id, event, ok, payload, error } = serde_json::from_str(text).ok()?;
    match (kind.as_str(), id, event) {
        ("res", Some(id), _) if ok => Some(Incoming::Answer { id, outcome: Ok(Payload::of(payload)) }),
        ("res", Some(id), _) => Some(Incoming::Answer { id, outcome: Err(Refused::of(Payload::of(error))) }),
        ("event", _, Some(name)) => Some(Incoming::Event { name, payload: Payload::of(payload) }),
        _ => None,
    }
}
