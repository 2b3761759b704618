//! What can go wrong with a backend, in words that name the mend and never the key. Nothing of a conversation is quoted, for errors are
//! logged: of what a backend sent only its own words for the error, all else at debug.

mod words;

use std::time::Duration;

use callboard_actors::agent::ProviderError;
use callboard_actors::message::Code;
use jiff::fmt::rfc2822;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use url::Url;

use super::Backend;
use super::secrets::Secrets;
use super::style::Style;

/// How much of an error's body is read, and how much of it is shown.
const BODY_BYTES_MAX: usize = 16 * 1024;
const QUOTE_CHARS_MAX: usize = 200;
/// How long the body of an error may take; the status says enough without it.
const BODY_TIME_MAX: Duration = Duration::from_secs(5);

/// Words a backend's failures.
#[derive(Debug)]
pub(super) struct Failures {
    id: String,
    secrets: Secrets,
    style: Style,
    /// Scheme, host and path of where it is asked: a query may hold a secret.
    shown_url: String,
}

impl Failures {
    pub(super) fn new(id: String, secrets: Secrets, style: Style, url: &Url) -> Self {
        let mut shown = url.clone();
        shown.set_query(None);
        Self { id, secrets, style, shown_url: shown.into() }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn make(&self, code: Code, what: &str) -> ProviderError {
        ProviderError { code, message: format!("provider {} {what}", self.id), retry_after: None }
    }

    pub(super) fn unsendable(&self, error: &serde_json::Error) -> ProviderError {
        self.make(Code::Internal, &format!("cannot be sent this conversation: {error}"))
    }

    pub(super) fn no_client(&self, reason: &str) -> ProviderError {
        self.make(Code::Misconfigured, &format!("has no HTTP client: {reason}; look at the machine's certificates and proxy"))
    }

    pub(super) fn unreachable(&self, error: reqwest::Error) -> ProviderError {
        let reason = root_cause(&error.without_url());
        let text = format!(
            "cannot be reached at {}: {reason}; look at models.providers.{}.baseUrl and the network",
            self.shown_url, self.id
        );
        self.make(Code::Unavailable, &self.secrets.redact(&text))
    }

    pub(super) fn no_first_token(&self, limit: Duration) -> ProviderError {
        let text =
            format!("sent no token within {limit:?}; ask again, or raise models.providers.{}.firstTokenTimeoutMs", self.id);
        self.make(Code::Timeout, &text)
    }

    pub(super) fn stalled(&self, limit: Duration) -> ProviderError {
        let text = format!(
            "fell silent for {limit:?} in the middle of its answer; ask again, or raise models.providers.{}.tokenTimeoutMs",
            self.id
        );
        self.make(Code::Timeout, &text)
    }

    pub(super) fn cut(&self, error: Option<reqwest::Error>) -> ProviderError {
        let reason = error.map(|error| format!(": {}", root_cause(&error.without_url()))).unwrap_or_default();
        self.make(
            Code::ProviderBroken,
            &self.secrets.redact(&format!("broke off in the middle of its answer{reason}; ask again")),
        )
    }

    pub(super) fn too_long(&self, what: &str, bytes_max: usize) -> ProviderError {
        self.make(
            Code::ProviderBroken,
            &format!("sent {what} of more than {bytes_max} bytes; is models.providers.{}.baseUrl right?", self.id),
        )
    }

    /// Words an answer in another form than the style's; `what` names it.
    pub(super) fn unreadable(&self, what: &str) -> ProviderError {
        let id = &self.id;
        let text = format!(
            "sent something that is no {}: {what}; are models.providers.{id}.baseUrl and models.providers.{id}.api right?",
            self.style.answer_name(),
        );
        self.make(Code::ProviderBroken, &text)
    }

    /// Words a part of an answer that cannot be read.
    pub(super) fn malformed(&self, event: &str) -> ProviderError {
        self.show(event);
        self.unreadable(&words::name_of(event))
    }

    /// Words a part of something that was never begun.
    pub(super) fn out_of_order(&self, event: &str) -> ProviderError {
        self.show(event);
        let text = format!("sent its answer out of order: {}; ask again", words::name_of(event));
        self.make(Code::ProviderBroken, &text)
    }

    /// Shows what was sent to whoever looks for the cause. It may hold what was said, so at debug only.
    fn show(&self, sent: &str) {
        tracing::debug!(event = "provider.unusable", provider = self.id, "the backend sent: {}", self.quote(sent));
    }

    /// Words an error object that came inside an answer.
    pub(super) fn reported(&self, error: &Value) -> ProviderError {
        let field = |name| error.get(name).map(Value::to_string).unwrap_or_default().to_lowercase();
        let kind = format!("{} {}", field("type"), field("code"));
        let said = words::of_error(error).unwrap_or_default();
        let busy = ["rate_limit", "overloaded", "429", "503", "529", "server_is_busy"].iter().any(|word| kind.contains(word));
        let code = match busy {
            true => Code::ProviderBusy,
            false if words::tell_overflow(&format!("{kind} {said}")) => Code::ProviderContext,
            false => Code::ProviderBroken,
        };
        self.make(code, &format!("gave up in the middle of its answer: {}", self.quote(&said)))
    }

    /// Words a status that is not a success.
    fn status(&self, status: StatusCode, model: &str, body: &str) -> ProviderError {
        let id = &self.id;
        let words = words::of_body(body);
        if words.is_none() && !body.is_empty() {
            self.show(body);
        }
        let said = self.quote(words.as_deref().unwrap_or_default());
        // What may not be quoted may be judged all the same.
        let judged = words.as_deref().unwrap_or(body);
        let unknown_model = status == StatusCode::BAD_REQUEST && judged.contains("model_not_found");
        let too_long = matches!(status.as_u16(), 400 | 413 | 422) && words::tell_overflow(judged);
        let (code, text) = match status.as_u16() {
            401 | 403 => (Code::ProviderAuth, format!("refused the key: {said}; set models.providers.{id}.apiKey")),
            402 => (Code::ProviderAuth, format!("wants to be paid first: {said}; look at your account there")),
            404 => (
                Code::ProviderModel,
                format!("knows no model {model} at {}: {said}; correct the model or baseUrl", self.shown_url),
            ),
            _ if too_long => (Code::ProviderContext, format!("takes no conversation as long as this: {said}")),
            _ if unknown_model => (Code::ProviderModel, format!("knows no model {model}: {said}; correct the model's name")),
            429 => (Code::ProviderBusy, format!("limits the rate: {said}; it is asked again later")),
            500 => (Code::ProviderBroken, format!("failed with status 500: {said}; it is asked again later")),
            408 | 501..=599 => {
                (Code::ProviderBusy, format!("is not ready, status {}: {said}; it is asked again later", status.as_u16()))
            }
            _ => (Code::Refused, format!("refused the request with status {}: {said}", status.as_u16())),
        };
        self.make(code, &text)
    }

    fn redirected(&self, status: StatusCode, headers: &HeaderMap) -> ProviderError {
        let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).and_then(|to| Url::parse(to).ok());
        let to = to.map_or_else(|| "elsewhere".to_owned(), |to| to.origin().ascii_serialization());
        let text = format!(
            "sends on to {to} with status {}; set models.providers.{}.baseUrl to where it is",
            status.as_u16(),
            self.id
        );
        self.make(Code::Refused, &self.secrets.redact(&text))
    }

    /// Returns at most [`QUOTE_CHARS_MAX`] characters on one line, without secrets.
    fn quote(&self, text: &str) -> String {
        let words = self.secrets.redact(text).split_whitespace().collect::<Vec<_>>().join(" ");
        let visible = words.chars().filter(|mark| !mark.is_control());
        let quote: String = visible.take(QUOTE_CHARS_MAX).collect();
        if quote.is_empty() { "no reason given".into() } else { quote }
    }
}

/// Reads what a backend says that refuses a request.
pub(super) async fn refused(backend: &Backend, response: Response, model: &str) -> ProviderError {
    let status = response.status();
    if status.is_redirection() {
        return backend.failures.redirected(status, response.headers());
    }
    let retry_after = retry_after(response.headers(), backend.clock.now_ms());
    let body = backend.clock.within(BODY_TIME_MAX, read_some(response)).await.unwrap_or_default();
    ProviderError { retry_after, ..backend.failures.status(status, model, &body) }
}

async fn read_some(mut response: Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(part)) = response.chunk().await {
        body.extend_from_slice(&part);
        if body.len() >= BODY_BYTES_MAX {
            break;
        }
    }
    String::from_utf8_lossy(body.get(..BODY_BYTES_MAX).unwrap_or(&body)).into_owned()
}

/// Returns the wait that `Retry-After` asks for: seconds or a date (RFC 9110 §10.2.3).
fn retry_after(headers: &HeaderMap, now_ms: i64) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    let ahead = date.as_millisecond().saturating_sub(now_ms);
    Some(Duration::from_millis(u64::try_from(ahead).unwrap_or(0)))
}

/// Returns the innermost reason; the outer ones only say that a request failed.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
