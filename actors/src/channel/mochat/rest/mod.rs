//! One HTTP call to the server: always a POST, bounded in time and size, at the rate that the server allows.

mod error;
mod limits;

pub(super) use error::{RestError, Unreachable};

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use self::error::{shown, text_of};
use self::limits::Limits;
use crate::channel::web::{self, BodyError};
use crate::core::Clock;

/// How long one ordinary call may take, from the first byte to the last.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// The largest answer that is read, bytes.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How often a call that comes too fast for the server is made again before it fails.
const LIMITED_TRIES_MAX: u32 = 3;
/// Where every call is, below the server's address.
const PREFIX: &str = "/api/claw/";
/// The header that carries the token.
const TOKEN_HEADER: &str = "X-Claw-Token";

/// One call.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// The path below `/api/claw/`.
    pub(super) route: &'a str,
    /// The JSON that is posted.
    pub(super) body: Value,
    /// How long it may take.
    pub(super) timeout: Duration,
}

impl<'a> Call<'a> {
    /// Returns an ordinary call.
    pub(super) const fn new(route: &'a str, body: Value) -> Self {
        Self { route, body, timeout: CALL_TIMEOUT }
    }
}

/// The server as HTTP reaches it, with a token or without.
pub(super) struct Rest {
    base: String,
    token: Option<SecretString>,
    ca_pem: Option<String>,
    client: OnceCell<Client>,
    limits: Limits,
    clock: Clock,
    /// How far the server's clock is ahead of ours, milliseconds.
    ahead_ms: AtomicI64,
}

impl Rest {
    /// Returns a server that was not spoken to yet.
    pub(super) fn new(base: String, token: Option<SecretString>, ca_pem: Option<String>, clock: Clock) -> Self {
        let (client, limits) = (OnceCell::new(), Limits::default());
        Self { base, token, ca_pem, client, limits, clock, ahead_ms: AtomicI64::new(0) }
    }

    /// Returns what the server's clock shows, milliseconds since 1970: at most a second behind, since it tells whole ones.
    pub(super) fn server_ms(&self) -> i64 {
        self.clock.now_ms().saturating_add(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Makes a call and waits as the server tells while it is made too fast. Answers with what stands under `data`.
    ///
    /// # Errors
    /// Says what the server answered instead of a success, and where.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<Value, RestError> {
        let mut tries = 0;
        loop {
            self.limits.wait(&self.clock).await;
            match self.once(call).await {
                Err(RestError::Limited { wait }) if tries < LIMITED_TRIES_MAX => {
                    tries += 1;
                    let (route, wait_ms) = (call.route, wait.as_millis());
                    tracing::info!(event = "mochat.limited", route, wait_ms, "too fast for the server");
                    self.limits.hold(wait, &self.clock);
                }
                answer => return answer,
            }
        }
    }

    async fn once(&self, call: &Call<'_>) -> Result<Value, RestError> {
        let client = self.client.get_or_try_init(|| self.make_client()).await?;
        let url = format!("{}{PREFIX}{}", self.base, call.route);
        let mut request = client.post(&url).header("Accept", "application/json").json(&call.body);
        if let Some(token) = &self.token {
            let mut token = HeaderValue::from_str(token.expose_secret())
                .map_err(|_| RestError::Misconfigured("clawToken holds characters that no header can".to_owned()))?;
            token.set_sensitive(true);
            request = request.header(TOKEN_HEADER, token);
        }
        let unreachable = |error: reqwest::Error| RestError::Unreachable { url: url.clone(), how: Unreachable::of(&error) };
        let unread = |error| match error {
            BodyError::TooLong => RestError::TooLong { bytes_max: BODY_BYTES_MAX },
            BodyError::Broken(error) => unreachable(error),
        };
        let exchange = async {
            let response = request.send().await.map_err(unreachable)?;
            let (status, headers) = (response.status(), response.headers().clone());
            Ok((status, headers, web::body(response, BODY_BYTES_MAX).await.map_err(unread)?))
        };
        let timeout = || RestError::Timeout { url: url.clone(), seconds: call.timeout.as_secs() };
        let (status, headers, body) = self.clock.within(call.timeout, exchange).await.unwrap_or_else(|| Err(timeout()))?;
        self.note_clock(&headers);
        self.read(&url, status, &headers, &body)
    }

    fn read(&self, url: &str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Value, RestError> {
        let url = url.to_owned();
        let answer = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object);
        if status.is_redirection() {
            return Err(RestError::Redirected { url });
        }
        let code = answer.as_ref().and_then(|answer| answer.get("code")).and_then(Value::as_u64);
        let refusal = match code {
            Some(code) if code != 200 => u16::try_from(code).unwrap_or(500),
            _ if !status.is_success() => status.as_u16(),
            _ => 200,
        };
        if refusal == 429 {
            return Err(RestError::Limited { wait: limits::told(headers, &self.clock) });
        }
        let Some(answer) = answer else {
            let html = body.trim_ascii_start().starts_with(b"<");
            return Err(match (status.is_success(), html) {
                (true, true) => RestError::Html { url },
                (true, false) => RestError::NotJson { url },
                (false, _) => RestError::Status { url, status: status.as_u16() },
            });
        };
        let refused = refusal != 200 || answer.get("success") == Some(&Value::Bool(false));
        if refused {
            let text = shown(&text_of(&answer), self.token.as_ref());
            return Err(match refusal {
                401 => RestError::Unauthorized { url, text },
                200 => RestError::Refused { url, status: 400, text },
                status => RestError::Refused { url, status, text },
            });
        }
        Ok(match answer.get("data") {
            Some(data) => data.clone(),
            None if answer.get("code").is_some() => json!({}),
            None => answer,
        })
    }

    /// Takes over what the server's clock shows.
    fn note_clock(&self, headers: &HeaderMap) {
        let date = headers.get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
        if let Some(at) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) {
            let ahead_ms = at.timestamp().as_millisecond().saturating_sub(self.clock.now_ms());
            self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
        }
    }

    async fn make_client(&self) -> Result<Client, RestError> {
        // The token must not travel to another host.
        let made = web::client(&self.base, self.ca_pem.as_deref(), Policy::none()).await;
        made.map_err(|error| RestError::Misconfigured(error.to_string()))
    }
}
