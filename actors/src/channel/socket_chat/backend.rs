//! The config call: asks the platform's backend where the broker is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::broker::{AnswerError, Broker, Encryption};
use crate::channel::tls::TlsError;
use crate::channel::web::{self, BodyError, ClientError};
use crate::core::Clock;
use crate::message::Code;

/// The paths of the call with the name that the key has there. The first is asked first; one that was found is kept.
const PATHS: [(&str, &str); 2] = [("/api/openclaw/chat/config", "apikey"), ("/openapi/v1/openclaw/chat/config", "apiKey")];
/// How long one call may take, from the first byte to the last.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer that is read, bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// How much of an answer an error shows, characters.
const BODY_SHOWN_CHARS: usize = 200;
/// How many redirects are followed.
const REDIRECTS_MAX: usize = 3;

/// Why the config call gave nothing. No text of it holds the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BackendError {
    /// The key is not valid.
    #[error("API key refused by the backend (HTTP {status}): check `apiKey`")]
    KeyRefused {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is no success.
    #[error("the config call failed: HTTP {status}: {body}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// The answer is not JSON.
    #[error("the config call failed: not a JSON object (HTTP 200): {body}")]
    NotJson {
        /// The beginning of the body.
        body: String,
    },
    /// The answer is too long.
    #[error("the config call failed: the answer is longer than {BODY_BYTES_MAX} bytes")]
    TooLong,
    /// There was no answer in time.
    #[error("the config call failed: no answer within {} s: check `apiBaseUrl`", CALL_TIMEOUT.as_secs())]
    Timeout,
    /// There was no answer.
    #[error("the config call failed: {0}: check `apiBaseUrl`")]
    Unreachable(String),
    /// The answer cannot be used.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// TLS cannot be set up.
    #[error("{0}")]
    Tls(String),
}

impl From<TlsError> for BackendError {
    fn from(error: TlsError) -> Self {
        Self::Tls(error.to_string())
    }
}

impl BackendError {
    /// Returns the stable code.
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::KeyRefused { .. } => Code::BadCredentials,
            Self::Timeout | Self::Unreachable(_) => Code::LinkDown,
            Self::Tls(_) | Self::Answer(AnswerError::Scheme(_)) => Code::Misconfigured,
            Self::Status { .. } | Self::NotJson { .. } | Self::TooLong | Self::Answer(_) => Code::BadUpstream,
        }
    }
}

/// How an answer came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The backend said so just now.
    Asked,
    /// It said so a while ago: the answer may be outdated.
    Kept,
}

struct Kept {
    broker: Arc<Broker>,
    at: Duration,
    /// Dropped by a disconnect: good only when the backend cannot be asked.
    stale: bool,
}

/// One account's backend and the last answer of it.
pub(super) struct Backend {
    base: String,
    key: SecretString,
    ca_pem: Option<String>,
    unsaid: Encryption,
    ttl: Duration,
    clock: Clock,
    /// The index in [`PATHS`] that worked last.
    path: AtomicUsize,
    kept: Mutex<Option<Kept>>,
}

/// What a backend is made of.
pub(super) struct BackendSettings {
    /// Where the call goes, without a trailing slash.
    pub(super) base: String,
    /// The key.
    pub(super) key: SecretString,
    /// Certificates to trust besides the machine's, PEM.
    pub(super) ca_pem: Option<String>,
    /// Whether the broker is encrypted where its host does not say.
    pub(super) unsaid: Encryption,
    /// How long an answer may be used again.
    pub(super) ttl: Duration,
}

impl Backend {
    /// Returns a backend that has not been asked yet.
    pub(super) fn new(settings: BackendSettings, clock: Clock) -> Self {
        let BackendSettings { base, key, ca_pem, unsaid, ttl } = settings;
        Self { base, key, ca_pem, unsaid, ttl, clock, path: AtomicUsize::new(0), kept: Mutex::new(None) }
    }

    /// Returns the last answer, however old.
    pub(super) fn known(&self) -> Option<Arc<Broker>> {
        self.kept().as_ref().map(|kept| Arc::clone(&kept.broker))
    }

    /// Makes the next connection ask anew: credentials may be short-lived.
    pub(super) fn forget(&self) {
        if let Some(kept) = self.kept().as_mut() {
            kept.stale = true;
        }
    }

    /// Returns an answer for a new connection: a fresh one, or, while the backend is down, the last one.
    ///
    /// # Errors
    /// Fails when the key is refused, and when there is no answer and never was one.
    pub(super) async fn broker(&self) -> Result<(Arc<Broker>, Source), BackendError> {
        let now = self.clock.elapsed();
        if let Some(kept) = self.kept().as_ref().filter(|kept| !kept.stale && now.saturating_sub(kept.at) < self.ttl) {
            return Ok((Arc::clone(&kept.broker), Source::Kept));
        }
        match self.ask().await {
            Ok(broker) => Ok((broker, Source::Asked)),
            Err(refused @ BackendError::KeyRefused { .. }) => Err(refused),
            Err(error) => match self.known() {
                Some(broker) => {
                    tracing::warn!(event = "socket_chat.config_kept", reason = %error, "the backend gives no config, the last one is used");
                    Ok((broker, Source::Kept))
                }
                None => Err(error),
            },
        }
    }

    /// Asks the backend, whatever is known.
    ///
    /// # Errors
    /// Says why there is no usable answer.
    pub(super) async fn ask(&self) -> Result<Arc<Broker>, BackendError> {
        let client = self.client().await?;
        let first = self.path.load(Ordering::Relaxed) % PATHS.len();
        let answer = match self.call(&client, first).await {
            Err(BackendError::Status { status: 404, body }) => {
                let other = (first + 1) % PATHS.len();
                match self.call(&client, other).await {
                    // Neither is there: the first answer says more about the address.
                    Err(BackendError::Status { status: 404, .. }) => Err(BackendError::Status { status: 404, body }),
                    Ok(answer) => {
                        self.path.store(other, Ordering::Relaxed);
                        Ok(answer)
                    }
                    error => error,
                }
            }
            answer => answer,
        }?;
        let broker = Arc::new(Broker::read(&answer, self.unsaid)?);
        *self.kept() = Some(Kept { broker: Arc::clone(&broker), at: self.clock.elapsed(), stale: false });
        Ok(broker)
    }

    /// A client a call: calls are rare, and a kept client would hold memory for years.
    async fn client(&self) -> Result<Client, BackendError> {
        // The key stands in the address.
        let redirects = reqwest::redirect::Policy::limited(REDIRECTS_MAX);
        web::client(&self.base, self.ca_pem.as_deref(), redirects).await.map_err(|error| match error {
            ClientError::Tls(error) => error.into(),
            ClientError::Setup(error) => self.unreachable(error),
        })
    }

    async fn call(&self, client: &Client, path: usize) -> Result<Value, BackendError> {
        let (path, key_name) = PATHS.get(path).copied().unwrap_or(PATHS[0]);
        let request = client
            .get(format!("{}{path}", self.base))
            .query(&[(key_name, self.key.expose_secret().trim())])
            .header("Accept", "application/json");
        let exchange = async {
            let response = request.send().await.map_err(|error| self.unreachable(error))?;
            let status = response.status();
            Ok((status, self.body(response).await?))
        };
        let (status, body) = self.clock.within(CALL_TIMEOUT, exchange).await.unwrap_or(Err(BackendError::Timeout))?;
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(BackendError::KeyRefused { status: status.as_u16() }),
            status if !status.is_success() => Err(BackendError::Status { status: status.as_u16(), body: self.shown(&body) }),
            _ => serde_json::from_slice::<Value>(&body)
                .ok()
                .filter(Value::is_object)
                .ok_or_else(|| BackendError::NotJson { body: self.shown(&body) }),
        }
    }

    async fn body(&self, response: Response) -> Result<Vec<u8>, BackendError> {
        web::body(response, BODY_BYTES_MAX).await.map_err(|error| match error {
            BodyError::TooLong => BackendError::TooLong,
            BodyError::Broken(error) => self.unreachable(error),
        })
    }

    /// Returns the reason at the root of an error, without the address, which holds the key.
    fn unreachable(&self, error: reqwest::Error) -> BackendError {
        BackendError::Unreachable(self.without_key(&web::reason(error)))
    }

    /// Returns the beginning of a body for an error, on one line, without the key, which a backend may repeat.
    fn shown(&self, body: &[u8]) -> String {
        let text = self.without_key(&String::from_utf8_lossy(body));
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(BODY_SHOWN_CHARS).collect()
    }

    fn without_key(&self, text: &str) -> String {
        let key = self.key.expose_secret().trim();
        if key.is_empty() {
            return text.to_owned();
        }
        let encoded: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
        text.replace(key, "***").replace(&encoded, "***")
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
