//! What is told to everybody who listens, in the form of the control plane's protocol.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::EventName;

/// Whether an event may be left out for a listener that is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It may: the next one of its kind makes up for it.
    Droppable,
    /// It may not: a listener that has no room for it is cut.
    Kept,
}

/// How often the shared pictures of the gateway have changed; goes with `presence` and `health`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StateVersion {
    /// Changes of the list of who is there.
    pub presence: u64,
    /// Changes of health.
    pub health: u64,
}

/// One thing that happened, as the one that saw it tells it.
#[derive(Clone, Debug)]
pub struct EventBody {
    /// What sort of thing.
    pub name: EventName,
    /// What is told, JSON, made once by whoever tells it.
    pub payload: Arc<RawValue>,
    /// Whether it may be left out.
    pub delivery: Delivery,
    /// The version of the picture it shows, where it shows one.
    pub version: Option<StateVersion>,
}

impl EventBody {
    /// Returns an event that must not be left out.
    #[must_use]
    pub fn new(name: EventName, payload: &impl Serialize) -> Self {
        // Payloads are plain data with string keys, which always can be written.
        let payload = serde_json::value::to_raw_value(payload).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self { name, payload: payload.into(), delivery: Delivery::Kept, version: None }
    }

    /// Lets it be left out for a listener that is behind.
    #[must_use]
    pub fn droppable(mut self) -> Self {
        self.delivery = Delivery::Droppable;
        self
    }

    /// Says which version of the picture it shows.
    #[must_use]
    pub fn version(mut self, version: StateVersion) -> Self {
        self.version = Some(version);
        self
    }
}

/// A stamped event, written once for everybody.
#[derive(Clone, Debug)]
pub struct Event {
    /// The stamp: counts from 1 since the start, without holes.
    pub seq: u64,
    /// What sort of thing; says who may hear it.
    pub name: EventName,
    /// Whether it may be left out.
    pub delivery: Delivery,
    /// The whole frame of the protocol, UTF-8.
    pub frame: Bytes,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Frame<'a> {
    r#type: &'static str,
    event: &'static str,
    payload: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_version: Option<StateVersion>,
}

/// Writes an event's frame; without a stamp for one that goes to one listener only.
#[must_use]
pub fn event_frame(body: &EventBody, seq: Option<u64>) -> Bytes {
    let EventBody { name, payload, version, .. } = body;
    let frame = Frame { r#type: "event", event: name.as_str(), payload, seq, state_version: *version };
    serde_json::to_vec(&frame).unwrap_or_default().into()
}

impl Event {
    /// Stamps an event.
    #[must_use]
    pub fn new(seq: u64, body: &EventBody) -> Self {
        Self { seq, name: body.name, delivery: body.delivery, frame: event_frame(body, Some(seq)) }
    }
}

/// Whether a listener is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is, whether or not it had room.
    Here,
    /// It is not, and is forgotten.
    Gone,
}

/// Whoever listens. Called by the fan-out for each event in the order of stamps; must not block.
pub trait Listener: Send + Sync {
    /// Takes an event, or leaves it out by its own rule.
    fn hear(&self, event: &Arc<Event>) -> Heard;
}
