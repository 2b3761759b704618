//! One HTTP call to the server's REST interface: bounded in time and size, at the rate that the server allows.

mod error;
mod limits;

pub(super) use error::RestError;

use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use self::error::{shown, text_of};
use self::limits::Limits;
use super::media::{Download, Form};
use crate::channel::web::{self, BodyError};
use crate::core::Clock;

/// So many calls of a route that the server still allows are left to those that are needed.
pub(super) const SPARED_CALLS: u64 = 4;
/// How long one call may take, from the first byte to the last.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a file may take to go up.
const FILE_TIMEOUT: Duration = Duration::from_secs(120);
/// How often the server may send on for a file.
const REDIRECTS_MAX: usize = 3;
/// The largest answer that is read of an ordinary call, bytes.
pub(super) const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How often a call that comes too fast for the server is made again before it fails.
const LIMITED_TRIES_MAX: u32 = 3;
/// The same for logins, which the server limits more strictly.
const LOGIN_TRIES_MAX: u32 = 2;

/// A login that calls carry.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// The token.
    pub(super) token: SecretString,
    /// Whose it is.
    pub(super) user_id: String,
}

/// One call.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// The path below `/api/v1/`; calls to one route share its rate limit.
    pub(super) route: &'a str,
    /// What the path goes on with: ids.
    pub(super) query: Vec<(&'static str, String)>,
    /// The JSON that is posted; `None` is a GET.
    pub(super) body: Option<Value>,
    /// The largest answer that is read, bytes.
    pub(super) bytes_max: usize,
}

impl<'a> Call<'a> {
    /// Returns a GET.
    pub(super) const fn get(route: &'a str, query: Vec<(&'static str, String)>) -> Self {
        Self { route, query, body: None, bytes_max: BODY_BYTES_MAX }
    }

    /// Returns a POST.
    pub(super) const fn post(route: &'a str, body: Value) -> Self {
        Self { route, query: Vec::new(), body: Some(body), bytes_max: BODY_BYTES_MAX }
    }

    /// Returns the part of the route that has a rate limit of its own: what follows is ids.
    fn limit(&self) -> &str {
        self.route.split('/').next().unwrap_or(self.route)
    }
}

/// The server as HTTP reaches it.
pub(super) struct Rest {
    base: String,
    ca_pem: Option<String>,
    client: OnceCell<Client>,
    limits: Limits,
    clock: Clock,
}

impl Rest {
    /// Returns a server that was not spoken to yet.
    pub(super) fn new(base: String, ca_pem: Option<String>, clock: Clock) -> Self {
        Self { base, ca_pem, client: OnceCell::new(), limits: Limits::default(), clock }
    }

    /// Returns the server's address.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Returns the certificates that are trusted besides the machine's.
    pub(super) fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Makes a call and waits as the server tells while it is made too fast.
    ///
    /// # Errors
    /// Says what the server answered instead of a success.
    pub(super) async fn call(&self, call: &Call<'_>, session: Option<&Session>) -> Result<Value, RestError> {
        let tries_max = if session.is_some() { LIMITED_TRIES_MAX } else { LOGIN_TRIES_MAX };
        let mut tries = 0;
        loop {
            self.limits.wait(call.limit(), &self.clock).await;
            match self.once(call, session).await {
                Err(RestError::Limited { wait }) if tries < tries_max => {
                    tries += 1;
                    tracing::info!(
                        event = "rocketchat.limited",
                        route = call.route,
                        wait_ms = wait.as_millis(),
                        "too fast for the server"
                    );
                    self.limits.hold(call.limit(), wait, &self.clock);
                }
                answer => return answer,
            }
        }
    }

    /// Makes a call if the server allows one now, once.
    ///
    /// # Errors
    /// Says what the server answered instead of a success, or how long it wants to be left alone.
    pub(super) async fn try_call(&self, call: &Call<'_>, session: &Session) -> Result<Value, RestError> {
        if let Some(wait) = self.limits.take(call.route, self.clock.elapsed()) {
            return Err(RestError::Limited { wait });
        }
        let answer = self.once(call, Some(session)).await;
        if let Err(RestError::Limited { wait }) = &answer {
            self.limits.hold(call.route, *wait, &self.clock);
        }
        answer
    }

    /// Returns how long to wait before a call of a route that is not needed, so that some are left for those that are.
    pub(super) fn pace(&self, route: &str, spared: u64) -> Duration {
        self.limits.pace(route, spared, self.clock.elapsed())
    }

    async fn once(&self, call: &Call<'_>, session: Option<&Session>) -> Result<Value, RestError> {
        let client = self.client.get_or_try_init(|| self.make_client()).await?;
        let method = if call.body.is_some() { Method::POST } else { Method::GET };
        let mut request = client
            .request(method, format!("{}/api/v1/{}", self.base, call.route))
            .query(&call.query)
            .header("Accept", "application/json");
        if let Some(session) = session {
            request = with_login(request, session)?;
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        self.exchange(request, call, (session, CALL_TIMEOUT)).await
    }

    async fn exchange(
        &self,
        request: RequestBuilder,
        call: &Call<'_>,
        (session, timeout): (Option<&Session>, Duration),
    ) -> Result<Value, RestError> {
        let exchange = async {
            let response = request.send().await.map_err(RestError::unreachable)?;
            let (status, headers) = (response.status(), response.headers().clone());
            Ok((status, headers, read_body(response, call.bytes_max).await?))
        };
        let answer = self.clock.within(timeout, exchange).await.unwrap_or(Err(RestError::Timeout));
        let (status, headers, body) = answer?;
        self.limits.note(call.limit(), &headers, &self.clock);
        self.read(call.route, status, &headers, &body).map_err(|error| error.without(session))
    }

    /// Sends a form, once: one that comes too fast for the server is made anew by whoever has it.
    ///
    /// # Errors
    /// Says what the server answered instead of a success.
    pub(super) async fn upload(&self, route: &str, form: Form, session: &Session) -> Result<Value, RestError> {
        let call = Call::get(route, Vec::new());
        self.limits.wait(call.limit(), &self.clock).await;
        let client = self.client.get_or_try_init(|| self.make_client()).await?;
        let request = client
            .post(format!("{}/api/v1/{route}", self.base))
            .header("Accept", "application/json")
            .header(CONTENT_TYPE, form.content_type.clone())
            .header(CONTENT_LENGTH, form.size);
        let request = with_login(request, session)?.body(form.into_body());
        let answer = self.exchange(request, &call, (Some(session), FILE_TIMEOUT)).await;
        if let Err(RestError::Limited { wait }) = &answer {
            self.limits.hold(call.limit(), *wait, &self.clock);
        }
        answer
    }

    /// Asks for a file by its path; answers when its first bytes are there. A redirect is followed with the login only on the server
    /// itself.
    ///
    /// # Errors
    /// Says what the server answered instead of a success.
    pub(super) async fn download(&self, path: &str, session: &Session) -> Result<Download, RestError> {
        let client = self.client.get_or_try_init(|| self.make_client()).await?;
        let bad = || RestError::Misconfigured("the address of a file cannot be read".to_owned());
        let mut url = Url::parse(&format!("{}{path}", self.base)).map_err(|_| bad())?;
        let home = url.origin();
        for _ in 0..=REDIRECTS_MAX {
            let request = with_login(client.get(url.clone()), session)?;
            let response = async { request.send().await.map_err(RestError::unreachable) };
            let response = self.clock.within(CALL_TIMEOUT, response).await.unwrap_or(Err(RestError::Timeout))?;
            let status = response.status();
            if status.is_success() {
                return Ok(Download::File(response));
            }
            if !status.is_redirection() {
                return Err(RestError::Status { status: status.as_u16() });
            }
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).and_then(|to| url.join(to).ok());
            url = to.ok_or_else(bad)?;
            if url.origin() != home {
                return Ok(Download::Elsewhere(url.into()));
            }
        }
        Err(RestError::Redirected)
    }

    fn read(&self, route: &str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Value, RestError> {
        let answer = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object);
        if status.is_redirection() {
            return Err(RestError::Redirected);
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            let text = answer.as_ref().map(text_of).unwrap_or_default();
            return Err(RestError::Limited { wait: limits::told(&text, headers, &self.clock) });
        }
        match answer {
            Some(answer) if status.is_success() && answer.get("success") != Some(&Value::Bool(false)) => Ok(answer),
            Some(answer) => {
                let kind = ["errorType", "error"].iter().find_map(|key| answer.get(key)?.as_str());
                let kind = kind.unwrap_or_default().chars().take(64).collect();
                Err(RestError::Refused { status: status.as_u16(), kind, text: shown(&text_of(&answer)) })
            }
            None if status.is_success() => Err(RestError::NotJson { route: route.to_owned() }),
            None => Err(RestError::Status { status: status.as_u16() }),
        }
    }

    async fn make_client(&self) -> Result<Client, RestError> {
        // A login must not travel to another host.
        let made = web::client(&self.base, self.ca_pem.as_deref(), Policy::none()).await;
        made.map_err(|error| RestError::Misconfigured(error.to_string()))
    }
}

fn with_login(request: RequestBuilder, session: &Session) -> Result<RequestBuilder, RestError> {
    let mut token = reqwest::header::HeaderValue::from_str(session.token.expose_secret())
        .map_err(|_| RestError::Misconfigured("the auth token holds characters that no header can".to_owned()))?;
    token.set_sensitive(true);
    Ok(request.header("X-Auth-Token", token).header("X-User-Id", &session.user_id))
}

async fn read_body(response: Response, bytes_max: usize) -> Result<Vec<u8>, RestError> {
    web::body(response, bytes_max).await.map_err(|error| match error {
        BodyError::TooLong => RestError::TooLong { bytes_max },
        BodyError::Broken(error) => RestError::unreachable(error),
    })
}
