//! Calls to a running gateway over its HTTP interface.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use super::error::{CliError, TOKEN_REFUSED, TOKEN_WANTED};

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait for the whole answer of a short call; restarts answer within 5 s, probes may take longer.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How large an answer may be.
const BODY_BYTES_MAX: usize = 16 << 20;
/// How much of an answer that is no error of ours is shown.
const SHOWN_CHARS_MAX: usize = 200;

/// A gateway's HTTP interface.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    credential: Option<SecretString>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Body {
    /// As it came.
    pub text: String,
    /// As JSON; null when it is none.
    pub json: Value,
    /// Its status.
    pub status: StatusCode,
}

impl Client {
    /// Makes a client; nothing is connected yet.
    ///
    /// # Errors
    /// When the system lends no TLS.
    pub fn new(base: &Url, credential: Option<&SecretString>) -> Result<Self, CliError> {
        // The first one in the process wins; which one it was does not matter here.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("callboard/", env!("CARGO_PKG_VERSION")));
        let http = if is_loopback(base) { http.no_proxy() } else { http };
        let http = http.build().map_err(anyhow::Error::from)?;
        Ok(Self { http, base: base.clone(), credential: credential.cloned() })
    }

    /// Reads.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn get(&self, path: &[&str]) -> Result<Body, CliError> {
        self.call(Method::GET, path, None).await
    }

    /// Reads a page of a list; `after` is the `next` of the page before.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn get_page(&self, path: &[&str], after: Option<&str>) -> Result<Body, CliError> {
        let mut url = self.url(path);
        if let Some(after) = after {
            url.query_pairs_mut().append_pair("after", after);
        }
        self.body(self.http.get(url)).await
    }

    /// Asks for something to be done.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn post(&self, path: &[&str], body: Option<Value>) -> Result<Body, CliError> {
        self.call(Method::POST, path, body).await
    }

    /// Makes a call; each part of the path is one segment, whatever it holds. An error of the gateway is an answer like any
    /// other, see [`Body::checked`].
    ///
    /// # Errors
    /// When no gateway answers, or it wants another credential.
    pub async fn call(&self, method: Method, path: &[&str], body: Option<Value>) -> Result<Body, CliError> {
        let request = self.http.request(method, self.url(path));
        self.body(if let Some(body) = body { request.json(&body) } else { request }).await
    }

    /// Makes a call whose answer streams, without a bound on its length in time.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn stream(&self, path: &[&str], headers: &[(&'static str, String)], body: Value) -> Result<Response, CliError> {
        let request = self.http.post(self.url(path)).json(&body);
        self.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, value))).await
    }

    /// Reads an answer to its end, bounded.
    ///
    /// # Errors
    /// When it breaks off or is too large.
    pub async fn read(&self, mut answered: Response) -> Result<String, CliError> {
        let mut bytes = Vec::new();
        while let Some(part) = answered.chunk().await.map_err(|error| self.unreachable(&error))? {
            if bytes.len() + part.len() > BODY_BYTES_MAX {
                return Err(CliError::failed(format!("the gateway's answer is larger than {BODY_BYTES_MAX} bytes")));
            }
            bytes.extend_from_slice(&part);
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns the failure of a call that did not get through.
    #[must_use]
    pub fn unreachable(&self, error: &reqwest::Error) -> CliError {
        let reason = match error {
            error if error.is_timeout() => "it took too long".to_owned(),
            error if error.is_connect() => innermost(error),
            error => format!("the answer broke off ({})", innermost(error)),
        };
        CliError::Unreachable { url: self.shown(), reason }
    }

    async fn body(&self, request: RequestBuilder) -> Result<Body, CliError> {
        let answered = self.send(request.timeout(CALL_TIMEOUT)).await?;
        let status = answered.status();
        let text = self.read(answered).await?;
        Ok(Body { json: serde_json::from_str(&text).unwrap_or_default(), text, status })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, CliError> {
        let request = match &self.credential {
            Some(credential) => request.bearer_auth(credential.expose_secret()),
            None => request,
        };
        let answered = request.send().await.map_err(|error| {
            if error.is_builder() {
                CliError::Usage("a token or key has characters that cannot be sent".to_owned())
            } else {
                self.unreachable(&error)
            }
        })?;
        match (answered.status(), &self.credential) {
            (StatusCode::UNAUTHORIZED, None) => Err(self.unauthorized(TOKEN_WANTED)),
            (StatusCode::UNAUTHORIZED, Some(_)) => Err(self.unauthorized(TOKEN_REFUSED)),
            _ => Ok(answered),
        }
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            segments.extend(path);
        }
        url
    }

    fn unauthorized(&self, reason: &'static str) -> CliError {
        CliError::Unauthorized { url: self.shown(), reason: reason.into() }
    }

    /// Returns the address without a password that somebody may have put into it.
    fn shown(&self) -> String {
        self.base.origin().ascii_serialization()
    }
}

impl Body {
    /// Returns the answer if the call did what it was asked.
    ///
    /// # Errors
    /// The gateway's own sentence otherwise.
    pub fn checked(self) -> Result<Self, CliError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let told = self.json.pointer("/error/message").and_then(Value::as_str);
        let told = told.map_or_else(|| self.text.chars().take(SHOWN_CHARS_MAX).collect::<String>(), str::to_owned);
        let told = if told.trim().is_empty() { "no reason was given".to_owned() } else { told };
        Err(CliError::failed(format!("the gateway answered {}: {told}", self.status.as_u16())))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(host)) => host.is_loopback(),
        Some(url::Host::Ipv6(host)) => host.is_loopback(),
        Some(url::Host::Domain(host)) => host == "localhost",
        None => false,
    }
}

/// Returns the sentence of the first cause; the outer ones repeat the address.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
