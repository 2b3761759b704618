//! What a client may call. The edge has the table; the actor knows only this.

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{ClientSeat, Refusal, WireError};

/// JSON that is written once and may be answered many times. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Payload(Arc<RawValue>);

impl Payload {
    /// Writes an answer.
    #[must_use]
    pub fn of(answer: &impl Serialize) -> Self {
        // Answers are plain data with string keys, which always can be written.
        Self(serde_json::value::to_raw_value(answer).unwrap_or_else(|_| RawValue::NULL.to_owned()).into())
    }

    /// Returns the JSON.
    #[must_use]
    pub fn raw(&self) -> &RawValue {
        &self.0
    }
}

impl Serialize for Payload {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// How a request is answered.
pub type Answer = Result<Payload, Refusal>;

/// One request of one client.
#[derive(Clone, Debug)]
pub struct Call {
    /// Whose.
    pub seat: Arc<ClientSeat>,
    /// The client's name for the request.
    pub id: Arc<str>,
    /// What is called.
    pub method: Arc<str>,
    /// With what; `None` and null are no parameters.
    pub params: Option<Box<RawValue>>,
    /// The frame that it came in, where that is large: whoever counts the bytes in hand counts it until it is let go.
    pub frame: Option<ByteString>,
}

impl Call {
    /// Lets go of the bytes that came, once what is needed of them is kept elsewhere: a turn may last for hours.
    pub fn let_go(&mut self) {
        (self.params, self.frame) = (None, None);
    }
}

/// A method that the client may call.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// How long it may take; one that takes longer is answered with a timeout.
    pub patience: Duration,
}

/// The table of methods.
pub trait Methods: Send + Sync + 'static {
    /// Looks a method up for a client.
    ///
    /// # Errors
    /// There is none of that name, or the client may not call it.
    fn find(&self, seat: &ClientSeat, method: &str) -> Result<Found, WireError>;

    /// Runs a method that was found.
    fn call(&self, call: Call) -> BoxFuture<'static, Answer>;
}
