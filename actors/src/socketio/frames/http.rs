//! The HTTP calls of polling.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

use crate::core::Clock;
use crate::socketio::fault::{kept, root_of};
use crate::socketio::{Endpoint, Fault, Limits, Proxies, Transport};

/// How many cookies of a handshake are given back: what balances load needs them to find the same server again.
const COOKIES_MAX: usize = 8;
/// The largest of them, bytes.
const COOKIE_BYTES_MAX: usize = 4096;
/// How much of an answer that is no success is read, bytes.
const REFUSAL_BYTES_MAX: usize = 4096;

/// Calls one server. Cheap to clone.
#[derive(Clone)]
pub(super) struct Http(Arc<Inner>);

struct Inner {
    client: Client,
    endpoint: Endpoint,
    clock: Clock,
    body_bytes_max: usize,
    write_timeout: Duration,
    /// Makes each address another one, for caches on the way.
    serial: AtomicU64,
    cookies: Option<HeaderValue>,
}

impl Http {
    /// Returns what calls a server, which was not called yet.
    ///
    /// # Errors
    /// No client can be made.
    pub(super) fn new(endpoint: &Endpoint, limits: &Limits, clock: &Clock) -> Result<Self, Fault> {
        let tls = match endpoint.tls() {
            Some(tls) => tls.as_ref().clone(),
            None => no_tls()?,
        };
        let builder = match endpoint.proxies() {
            Proxies::System => Client::builder(),
            Proxies::None => Client::builder().no_proxy(),
            Proxies::Through(proxy) => Client::builder().proxy(proxy_at(proxy)?),
        };
        let client = builder
            .tls_backend_preconfigured(tls)
            .referer(false)
            // What opens the session must not travel to another host.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Fault::Misconfigured(root_of(&error)))?;
        Ok(Self(Arc::new(Inner {
            client,
            endpoint: endpoint.clone(),
            clock: clock.clone(),
            body_bytes_max: limits.payload_bytes_max,
            write_timeout: limits.write_timeout,
            serial: AtomicU64::new(0),
            cookies: None,
        })))
    }

    /// Makes the first call; returns its body, and what makes the next ones. Whoever calls bounds the time.
    pub(super) async fn begin(self) -> Result<(String, Self), Fault> {
        let inner = &self.0;
        let response = inner.send(inner.client.get(inner.address(None))).await?;
        let cookies = cookies(response.headers());
        let body = inner.body(response).await?;
        let next = Inner {
            client: inner.client.clone(),
            endpoint: inner.endpoint.clone(),
            clock: inner.clock.clone(),
            body_bytes_max: inner.body_bytes_max,
            write_timeout: inner.write_timeout,
            serial: AtomicU64::new(1),
            cookies,
        };
        Ok((body, Self(Arc::new(next))))
    }

    /// Returns the cookies that the first call brought.
    pub(super) fn cookies(&self) -> Option<HeaderValue> {
        self.0.cookies.clone()
    }

    /// Waits for frames of the server. It has no bound in time of its own: the signs of life bound it.
    pub(super) fn poll(&self, sid: &str) -> BoxFuture<'static, Result<String, Fault>> {
        let (inner, address) = (Arc::clone(&self.0), self.0.address(Some(sid)));
        Box::pin(async move {
            let response = inner.send(inner.client.get(address)).await?;
            inner.body(response).await
        })
    }

    /// Hands frames to the server.
    pub(super) fn post(&self, sid: &str, body: String) -> BoxFuture<'static, Result<(), Fault>> {
        let (inner, address) = (Arc::clone(&self.0), self.0.address(Some(sid)));
        Box::pin(async move {
            let request = inner.client.post(address).header(CONTENT_TYPE, "text/plain;charset=UTF-8").body(body);
            let posting = async { inner.body(inner.send(request).await?).await };
            inner.clock.within(inner.write_timeout, posting).await.unwrap_or(Err(Fault::TimedOut("the answer to a post")))?;
            Ok(())
        })
    }
}

impl Inner {
    fn address(&self, sid: Option<&str>) -> url::Url {
        let mut address = self.endpoint.url(Transport::Polling, sid);
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        address.query_pairs_mut().append_pair("t", &serial.to_string());
        address
    }

    async fn send(&self, mut request: RequestBuilder) -> Result<Response, Fault> {
        if let Some(cookies) = &self.cookies {
            request = request.header(COOKIE, cookies.clone());
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        if status == 200 {
            return Ok(response);
        }
        let said = read(response, REFUSAL_BYTES_MAX, AtBound::Stop).await.unwrap_or_default();
        Err(Fault::Status { status, said: words(&said) })
    }

    async fn body(&self, response: Response) -> Result<String, Fault> {
        let body = read(response, self.body_bytes_max, AtBound::Fail).await?;
        String::from_utf8(body).map_err(|_| Fault::Foreign("an answer that is no UTF-8".to_owned()))
    }
}

/// What happens to a body that is longer than its bound.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AtBound {
    Stop,
    Fail,
}

async fn read(mut response: Response, bytes_max: usize, at_bound: AtBound) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > bytes_max {
            match at_bound {
                AtBound::Stop => break,
                AtBound::Fail => return Err(Fault::Foreign(format!("an answer of more than {bytes_max} bytes"))),
            }
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Returns the server's words: those of Engine.IO are JSON, those of a proxy anything.
fn words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let said = serde_json::from_str::<Value>(&text).ok();
    let said = said.as_ref().and_then(|said| said.get("message")).and_then(Value::as_str);
    kept(said.unwrap_or(&text))
}

fn cookies(headers: &HeaderMap) -> Option<HeaderValue> {
    let pair = |header: &HeaderValue| header.to_str().ok()?.split(';').next().map(|pair| pair.trim().to_owned());
    let pairs = headers.get_all(SET_COOKIE).iter().filter_map(pair);
    let pairs: Vec<_> = pairs.filter(|pair| pair.contains('=') && pair.len() <= COOKIE_BYTES_MAX).take(COOKIES_MAX).collect();
    if pairs.is_empty() { None } else { HeaderValue::from_str(&pairs.join("; ")).ok() }
}

fn unreachable(error: reqwest::Error) -> Fault {
    Fault::Unreachable(root_of(&error.without_url()))
}

fn proxy_at(address: &str) -> Result<reqwest::Proxy, Fault> {
    // The address may hold a login, which the library's own words might repeat.
    reqwest::Proxy::all(address).map_err(|_| Fault::Misconfigured("the address of the proxy cannot be read".to_owned()))
}

/// Returns TLS settings that trust nobody, for a client that speaks without encryption.
fn no_tls() -> Result<ClientConfig, Fault> {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::Misconfigured(format!("TLS cannot be set up: {error}")))?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}
