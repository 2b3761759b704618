//! Any backend that is asked over HTTP and streams its answer, in one of three styles.
//!
//! A request waits for three things, each with its own limit: the connection, the first token, each further token. Nothing is
//! asked twice in here but with another key, each key once; an error says by its code, and by the wait that the backend asked for,
//! whether another try makes sense.

mod answer;
mod anthropic;
mod calls;
mod client;
mod completions;
#[cfg(test)]
mod doubles;
mod failure;
mod headers;
mod keys;
mod picture;
mod prompt;
mod responses;
mod secrets;
mod settings;
mod sse;
mod style;

use std::sync::Arc;
use std::time::Duration;

use callboard_actors::agent::{Piece, Prompt, Provider, ProviderError};
use callboard_actors::core::Clock;
use callboard_actors::message::Retry;
use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use reqwest::Response;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::TableError;
use super::standing::KeyStanding;
use answer::{Answer, Asked};
use client::LazyClient;
use failure::Failures;
use keys::Keys;
use secrets::Secrets;

pub use settings::{Ability, AboutModel, Credential, Header, Price, RemoteSettings, TimeLimits};
pub use style::Style;

pub(super) use client::Clients;

/// A provider over HTTP. Nothing is loaded before the first request: its HTTP client and the root certificates load then.
pub struct Remote {
    backend: Arc<Backend>,
}

struct Backend {
    url: Url,
    style: Style,
    keys: Keys,
    /// Those of the configuration.
    headers: HeaderMap,
    models: Vec<AboutModel>,
    client: Arc<LazyClient>,
    limits: TimeLimits,
    failures: Failures,
    clock: Clock,
}

impl Remote {
    /// Checks the settings; nothing is connected yet. The HTTP client is one of `clients`, made when none fits.
    ///
    /// # Errors
    /// Names the setting and the mend.
    pub(super) fn new(settings: RemoteSettings, clients: &mut Clients, clock: &Clock) -> Result<Self, TableError> {
        let url = style::endpoint(&settings.base_url, settings.style)
            .map_err(|reason| TableError::BaseUrl { id: settings.id.clone(), reason: reason.to_owned() })?;
        let id = || settings.id.clone();
        let keys = Keys::new(&settings.keys, settings.style, url.as_str(), clock);
        let keys = keys.map_err(|key| TableError::ApiKey { id: id(), key })?;
        let headers = headers::read(&settings.headers);
        let headers = headers.map_err(|(name, reason)| TableError::Header { id: id(), name, reason })?;
        let values = settings.headers.iter().map(|(_, value)| value);
        let secrets = Secrets::new(settings.keys.iter().map(|key| &key.secret), values, &url);
        let backend = Backend {
            client: clients.get(&url, settings.limits.connect),
            failures: Failures::new(settings.id, secrets, settings.style, &url),
            url,
            style: settings.style,
            keys,
            headers,
            models: settings.models,
            limits: settings.limits,
            clock: clock.clone(),
        };
        Ok(Self { backend: Arc::new(backend) })
    }

    /// Returns how its keys stand.
    pub(super) fn keys(&self) -> Vec<KeyStanding> {
        self.backend.keys.standing()
    }

    /// Lets keys that an earlier one has too rest as they do there.
    pub(super) fn inherit(&self, earlier: &Self) {
        self.backend.keys.inherit(&earlier.backend.keys);
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Remote({})", self.name())
    }
}

impl Provider for Remote {
    fn name(&self) -> &str {
        self.backend.failures.id()
    }

    fn context_tokens(&self, model: &str) -> Option<u64> {
        self.backend.about(model)?.context_tokens
    }

    fn stream(&self, prompt: Prompt) -> BoxStream<'static, Result<Piece, ProviderError>> {
        let backend = Arc::clone(&self.backend);
        stream::once(open(backend, prompt)).map_ok(Answer::into_stream).try_flatten().boxed()
    }
}

impl Backend {
    /// Returns what is known of a model; nothing of one that is not listed.
    fn about(&self, model: &str) -> Option<&AboutModel> {
        self.models.iter().find(|about| about.id == model)
    }
}

/// Asks with one key after the other, those first that have not failed lately, and waits for the answer's head.
async fn open(backend: Arc<Backend>, prompt: Prompt) -> Result<Answer, ProviderError> {
    let begun = backend.clock.elapsed();
    let about = backend.about(&prompt.model);
    let price = about.map(|about| about.price).unwrap_or_default();
    let body = backend.style.body(&prompt, about).map_err(|error| backend.failures.unsendable(&error))?;
    let body = bytes::Bytes::from(body);
    let mut refusal: Option<ProviderError> = None;
    for key in backend.keys.order() {
        let response = send(&backend, backend.keys.header(key), body.clone(), begun).await?;
        let status = response.status();
        if status.is_success() {
            backend.keys.answered(key);
            return Answer::new(backend, response, Asked { model: &prompt.model, price, begun });
        }
        let error = failure::refused(&backend, response, &prompt.model).await;
        if !keys::is_of_the_key(status) {
            return Err(error);
        }
        backend.keys.failed(key, &error);
        // A key that may be taken again later says more than one that is refused for good.
        if refusal.as_ref().is_none_or(|refusal| refusal.code.retry() == Retry::Never) {
            refusal = Some(error);
        }
    }
    Err(refusal.unwrap_or_else(|| backend.failures.no_client("no key is left")))
}

/// Sends the request; the time of the first token counts from `begun`, whichever key it is asked with.
async fn send(
    backend: &Backend,
    key: Option<&(HeaderName, HeaderValue)>,
    body: bytes::Bytes,
    begun: Duration,
) -> Result<Response, ProviderError> {
    let failures = &backend.failures;
    let client = backend.client.get().map_err(|error| failures.no_client(error))?;
    let mut request = client.post(backend.url.clone()).header(ACCEPT, "text/event-stream").body(body);
    request = request.header(CONTENT_TYPE, "application/json");
    for (name, value) in backend.style.headers() {
        request = request.header(*name, *value);
    }
    if let Some((name, value)) = key {
        request = request.header(name, value.clone());
    }
    // What the configuration says stands in the place of what is there.
    request = request.headers(backend.headers.clone());
    let first_token = backend.limits.first_token;
    let left = begun.saturating_add(first_token).saturating_sub(backend.clock.elapsed());
    let head = backend.clock.within(left, request.send()).await;
    head.ok_or_else(|| failures.no_first_token(first_token))?.map_err(|error| failures.unreachable(error))
}
