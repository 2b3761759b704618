//! Any backend that speaks OpenAI's `/chat/completions` with streaming.
//!
//! A request waits for three things, each with its own limit: the connection, the first token, each further token. Nothing is
//! asked twice in here; an error says by its code, and by the wait that the backend asked for, whether another try makes sense.

mod answer;
mod chunk;
mod client;
mod failure;
mod request;
mod sse;

use std::sync::Arc;
use std::time::Duration;

use callboard_actors::agent::{Piece, Prompt, Provider, ProviderError};
use callboard_actors::core::Clock;
use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::TableError;
use answer::Answer;
use client::LazyClient;
use failure::Failures;

/// One configured backend (`models.providers.<id>`).
#[derive(Clone, Debug)]
pub struct OpenAiSettings {
    /// Its name, the first part of `provider/model`.
    pub id: String,
    /// Where `/chat/completions` is found, for example `https://api.openai.com/v1` (`baseUrl`).
    pub base_url: String,
    /// The key, none for backends that want none (`apiKey`).
    pub api_key: Option<SecretString>,
    /// The models that may be asked for; empty is any (`models[].id`).
    pub models: Vec<String>,
    /// How long it may take.
    pub limits: TimeLimits,
}

/// How long a backend may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimits {
    /// To the connection, TLS included (`connectTimeoutMs`).
    pub connect: Duration,
    /// From the request to the first token (`firstTokenTimeoutMs`).
    pub first_token: Duration,
    /// From one token to the next (`tokenTimeoutMs`).
    pub between_tokens: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_token: Duration::from_secs(120),
            between_tokens: Duration::from_secs(60),
        }
    }
}

/// The provider for one backend. Cheap until it is first asked: its HTTP client and the root certificates load then.
pub struct OpenAi {
    backend: Arc<Backend>,
}

struct Backend {
    url: Url,
    /// The whole header, marked as sensitive.
    authorization: Option<HeaderValue>,
    client: LazyClient,
    limits: TimeLimits,
    failures: Failures,
    clock: Clock,
}

impl OpenAi {
    /// Checks the settings; nothing is connected yet.
    ///
    /// # Errors
    /// Names the setting and the mend.
    pub fn new(settings: OpenAiSettings, clock: &Clock) -> Result<Self, TableError> {
        let url = completions_url(&settings.base_url)
            .map_err(|reason| TableError::BaseUrl { id: settings.id.clone(), reason: reason.to_owned() })?;
        let key = settings.api_key.as_ref().filter(|key| !key.expose_secret().trim().is_empty());
        let authorization = key.map(|key| authorization(key, &settings.id)).transpose()?;
        let client = LazyClient::new(&url, settings.limits.connect);
        let failures = Failures::new(settings.id, key.cloned(), &url);
        let backend = Backend { url, authorization, client, limits: settings.limits, failures, clock: clock.clone() };
        Ok(Self { backend: Arc::new(backend) })
    }
}

impl std::fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenAi({})", self.name())
    }
}

impl Provider for OpenAi {
    fn name(&self) -> &str {
        self.backend.failures.id()
    }

    fn stream(&self, prompt: Prompt) -> BoxStream<'static, Result<Piece, ProviderError>> {
        let backend = Arc::clone(&self.backend);
        stream::once(open(backend, prompt)).map_ok(Answer::into_stream).try_flatten().boxed()
    }
}

/// Sends the request and waits for the answer's head.
async fn open(backend: Arc<Backend>, prompt: Prompt) -> Result<Answer, ProviderError> {
    let failures = &backend.failures;
    let begun = backend.clock.elapsed();
    let body = request::body(&prompt).map_err(|error| failures.unsendable(&error))?;
    let client = backend.client.get().map_err(|error| failures.no_client(error))?;
    let mut request = client.post(backend.url.clone()).header(ACCEPT, "text/event-stream").body(body);
    request = request.header(reqwest::header::CONTENT_TYPE, "application/json");
    if let Some(authorization) = &backend.authorization {
        request = request.header(AUTHORIZATION, authorization.clone());
    }
    let first_token = backend.limits.first_token;
    let head = backend.clock.within(first_token, request.send()).await;
    let response = head.ok_or_else(|| failures.no_first_token(first_token))?.map_err(|error| failures.unreachable(error))?;
    if response.status().is_success() {
        return Answer::new(backend, response, begun);
    }
    Err(failure::refused(&backend, response, &prompt.model).await)
}

/// Returns where to ask, from the configured address.
fn completions_url(base: &str) -> Result<Url, &'static str> {
    let mut url = Url::parse(base.trim()).map_err(|_| "is not a URL")?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("is not an http or https address");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or password; put the key into apiKey");
    }
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/').to_owned();
    // Some people paste the whole address.
    let path = if path.ends_with("/chat/completions") { path } else { format!("{path}/chat/completions") };
    url.set_path(&path);
    Ok(url)
}

fn authorization(key: &SecretString, id: &str) -> Result<HeaderValue, TableError> {
    let header = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret().trim()));
    let mut header = header.map_err(|_| TableError::ApiKey(id.to_owned()))?;
    header.set_sensitive(true);
    Ok(header)
}
