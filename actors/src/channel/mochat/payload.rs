//! What the server tells of a session, in an answer and in an event alike: events from a place on, and how far they go.

use serde_json::Value;

use super::message::{Message, Unreadable, at_ms, text_at};
use super::target::is_id;

/// How many events of one payload are read; the server has at most so many in its own queue by far.
const EVENTS_MAX: usize = 10_000;

/// One thing that happened in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Happening {
    /// Its number among those of its place, where the server numbers them.
    pub(super) seq: Option<u64>,
    /// A message, or why it could not be read; `None` for anything else.
    pub(super) message: Option<Result<Message, Unreadable>>,
}

/// What the server tells of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Payload {
    /// The session, or the panel.
    pub(super) place: String,
    /// How far it goes.
    pub(super) cursor: Option<u64>,
    /// What happened, in order; `None` where the payload says nothing of it.
    pub(super) events: Option<Vec<Happening>>,
}

impl Payload {
    /// Returns how much it takes, bytes.
    pub(super) fn bytes(&self) -> usize {
        let text = |event: &Happening| match &event.message {
            Some(Ok(message)) => message.bytes(),
            Some(Err(unreadable)) => unreadable.name.len() + unreadable.reason.len(),
            None => 0,
        };
        self.place.len() + self.events.iter().flatten().map(|event| size_of::<Happening>() + text(event)).sum::<usize>()
    }

    /// Reads a payload; of a panel too, whose id stands under `sessionId`.
    ///
    /// # Errors
    /// Says what is missing.
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let place = text_at(value, "sessionId").filter(|id| is_id(id)).ok_or("a payload without a readable `sessionId`")?;
        let events = value.get("events").and_then(Value::as_array);
        Ok(Self {
            place,
            cursor: value.get("cursor").and_then(number),
            events: events.map(|events| events.iter().take(EVENTS_MAX).map(happening).collect()),
        })
    }
}

fn happening(event: &Value) -> Happening {
    let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
    let message = matches!(kind, "message.add" | "message").then(|| {
        let mut message = Message::read(event.get("payload").unwrap_or(&Value::Null))?;
        message.at_ms = message.at_ms.or_else(|| event.get("timestamp").and_then(at_ms));
        Ok(message)
    });
    Happening { seq: event.get("seq").and_then(number), message }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().filter(|number| *number >= 0.0).map(|number| number as u64))
}
