//! Errors as the control plane's protocol has them: gateway-protocol §1 and §5.

use serde::Serialize;
use serde_json::Value;

use super::methods::Payload;
use crate::core::error::{CallError, ControlError};
use crate::message::{Code, Retry};
use crate::ports::StoreError;

/// How long a client is asked to wait when nothing better is known, milliseconds.
const RETRY_AFTER_MS: u64 = 1_000;

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireError {
    /// `INVALID_REQUEST`, `UNAVAILABLE`, `NOT_PAIRED`, `NOT_LINKED`, `AGENT_TIMEOUT`, `FORBIDDEN`.
    pub code: &'static str,
    /// The reason for people: names the thing and the mend, carries no secret.
    pub message: String,
    /// What a program can look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<Value>>,
    /// Whether the same request may succeed later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
    /// How long to wait before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl WireError {
    /// Returns an error with the wire code and the retry rule that go with a stable code.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let (retryable, retry_after_ms) = match code.retry() {
            Retry::Never => (None, None),
            Retry::Now => (Some(true), None),
            Retry::After => (Some(true), Some(RETRY_AFTER_MS)),
        };
        Self { code: code.wire(), message: message.into(), details: None, retryable, retry_after_ms }
    }

    /// Returns the error of a request that cannot succeed as it is.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidRequest, message)
    }

    /// Adds what a program can look at.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }
}

impl From<StoreError> for WireError {
    fn from(error: StoreError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<ControlError> for WireError {
    fn from(error: ControlError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<CallError> for WireError {
    fn from(error: CallError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

/// An answer that is a refusal; some carry a payload beside the error.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Why.
    pub error: WireError,
    /// What is told all the same.
    pub payload: Option<Payload>,
}

impl<E: Into<WireError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self { error: error.into(), payload: None }
    }
}
