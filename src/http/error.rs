//! The one place that turns a failure into a status and a body.

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use callboard_actors::core::error::ControlError;
use callboard_actors::message::{AskError, Code, Retry, TurnFailure};
use callboard_actors::ports::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::outgoing::SendError;

/// How many seconds a client is asked to wait when nothing better is known.
const RETRY_AFTER_SECS: u64 = 1;

/// The body of every failure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// The failure.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// The reason for people: names the thing and the mend.
    pub message: String,
    /// The family, as clients of the OpenAI API know it.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The stable code.
    pub code: &'static str,
    /// The field or header that is wrong.
    pub param: Option<String>,
}

/// A failure on its way to a client.
#[derive(Clone, Debug)]
pub struct ApiError {
    code: Code,
    message: String,
    param: Option<String>,
    retry_after_secs: Option<u64>,
    allow: Option<&'static str>,
}

impl ApiError {
    /// Returns a failure with its reason, which carries no secret.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let retry_after_secs = (code.retry() == Retry::After && code.http_status() != 500).then_some(RETRY_AFTER_SECS);
        Self { code, message: message.into(), param: None, retry_after_secs, allow: None }
    }

    /// Returns a failure of one field or header.
    #[must_use]
    pub fn field(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Code::InvalidRequest, message).about(param)
    }

    /// Names the field or header that is wrong.
    #[must_use]
    pub fn about(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Says the same of a field or header under another name, that of its parts included.
    #[must_use]
    pub fn renamed(mut self, from: &str, to: &str) -> Self {
        let parts = |rest: &str| rest.is_empty() || rest.starts_with(['[', '.']);
        if let Some(rest) = self.param.as_deref().and_then(|param| param.strip_prefix(from)).filter(|rest| parts(rest)) {
            self.param = Some(format!("{to}{rest}"));
            self.message = self.message.replace(&format!("`{from}"), &format!("`{to}"));
        }
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, secs: u64) -> Self {
        self.retry_after_secs = Some(secs);
        self
    }

    /// Returns the answer to a method that a path does not know; `allow` lists those that it does.
    #[must_use]
    pub fn method(allow: &'static str) -> Self {
        let mut error = Self::new(Code::MethodNotAllowed, format!("this path answers {allow} only"));
        error.allow = Some(allow);
        error
    }

    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// Returns the body, also used where a failure comes in the middle of a stream.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        let (message, param) = (self.message.clone(), self.param.clone());
        ErrorBody { error: ErrorDetail { message, kind: family(self.code), code: self.code.as_str(), param } }
    }
}

/// The family of a code, by the names that clients of the OpenAI API look for.
fn family(code: Code) -> &'static str {
    match code.http_status() {
        401 => "unauthorized",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(secs) = self.retry_after_secs {
            response.insert_header((header::RETRY_AFTER, secs));
        }
        if let Some(allow) = self.allow {
            response.insert_header((header::ALLOW, allow));
        }
        if self.code == Code::Unauthorized {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if self.code == Code::TooLarge {
            response.force_close();
        }
        response.json(self.body())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<SendError> for ApiError {
    fn from(error: SendError) -> Self {
        let mut own = Self::new(error.code, error.reason);
        own.param = error.field.map(|field| field.as_str().to_owned());
        own
    }
}

impl From<ControlError> for ApiError {
    fn from(error: ControlError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Overloaded => Self::new(Code::Overloaded, "too many turns wait already: try again in a moment"),
            AskError::Unavailable => Self::new(Code::Unavailable, "the gateway is starting, draining or restarting a part"),
        }
    }
}

impl From<TurnFailure> for ApiError {
    fn from(failure: TurnFailure) -> Self {
        Self::new(failure.code, failure.message)
    }
}
