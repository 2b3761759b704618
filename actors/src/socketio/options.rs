//! What a session is opened with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use url::Url;

use super::fault::{Fault, shown};
use super::limits::Limits;
use crate::core::Clock;

/// How frames travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// One WebSocket.
    WebSocket,
    /// HTTP long polling.
    Polling,
}

impl Transport {
    /// Returns its name, as the protocol has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Polling => "polling",
        }
    }
}

/// How packets are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parser {
    /// As JSON: what a server has by default.
    Json,
    /// As MessagePack: the parser `socket.io-msgpack-parser`, protocol 5.
    Msgpack,
}

impl Parser {
    /// Returns the other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Json => Self::Msgpack,
            Self::Msgpack => Self::Json,
        }
    }

    /// Returns its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Msgpack => "msgpack",
        }
    }
}

/// Which parsers may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsers {
    /// This one alone.
    Only(Parser),
    /// This one first, and the other where the server closes on it without a word.
    First(Parser),
}

/// Which transports may be used, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// WebSocket, and polling where it cannot be had.
    WebSocketFirst,
    /// Polling, changed for WebSocket when a probe of it succeeds.
    PollingFirst,
    /// WebSocket alone.
    WebSocketOnly,
    /// Polling alone; WebSocket is never probed.
    PollingOnly,
}

/// When WebSocket is probed while frames travel by polling. A server that offers no upgrade is not probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It is not.
    Never,
    /// After so long, then each time after twice the time, up to ten minutes.
    After(Duration),
}

/// Where a server is.
#[derive(Clone, Debug)]
pub struct Endpoint {
    base: Url,
    path: String,
    tls: Option<Arc<ClientConfig>>,
    proxies: Proxies,
}

/// What stands between here and a server.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Proxies {
    /// What the machine says: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in capitals or not. WebSocket goes through
    /// proxies of HTTP only, by a tunnel.
    #[default]
    System,
    /// Nothing.
    None,
    /// This proxy, an address with a login where it wants one.
    Through(String),
}

/// An address may hold a login.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::None => "None",
            Self::Through(_) => "Through(..)",
        })
    }
}

impl Endpoint {
    /// Returns a server's place: host and port of an `http`, `https`, `ws` or `wss` address, whose own path does not count, and the
    /// path of its Engine.IO (`/socket.io` by default; slashes around it do not count). The TLS settings are those of both
    /// transports, and needed for `https` and `wss`.
    ///
    /// # Errors
    /// Says what is wrong with the address.
    pub fn new(base: &str, path: &str, tls: Option<Arc<ClientConfig>>) -> Result<Self, Fault> {
        let wrong = |text: &str| Fault::Misconfigured(format!("the address of the Socket.IO server {text}"));
        let mut base = Url::parse(base.trim()).map_err(|error| wrong(&format!("cannot be read: {error}")))?;
        let scheme = match base.scheme() {
            "http" | "ws" => "http",
            "https" | "wss" => "https",
            _ => return Err(wrong("has to begin with https://, http://, wss:// or ws://")),
        };
        if base.host_str().is_none_or(str::is_empty) {
            return Err(wrong("names no host"));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(wrong("must not hold a user or a password"));
        }
        if scheme == "https" && tls.is_none() {
            return Err(wrong("asks for TLS, and there are no settings for it"));
        }
        base.set_scheme(scheme).map_err(|()| wrong("cannot be read"))?;
        base.set_query(None);
        base.set_fragment(None);
        let path = path.trim().trim_matches('/');
        base.set_path(&if path.is_empty() { "/".to_owned() } else { format!("/{path}/") });
        let path = base.path().to_owned();
        Ok(Self { base, path, tls, proxies: Proxies::default() })
    }

    /// Returns the same place with something else than the machine's proxies before it.
    #[must_use]
    pub fn behind(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Returns what stands before it.
    pub(super) const fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    /// Returns the address without a query, for people.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.base.as_str()
    }

    /// Returns the path of its Engine.IO, with slashes around it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the TLS settings, where it is spoken to with TLS.
    pub(super) fn tls(&self) -> Option<&Arc<ClientConfig>> {
        self.tls.as_ref().filter(|_| self.base.scheme() == "https")
    }

    /// Returns the address of one request.
    pub(super) fn url(&self, transport: Transport, sid: Option<&str>) -> Url {
        let mut url = self.base.clone();
        if transport == Transport::WebSocket {
            let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
            // Never refused between these.
            let _ = url.set_scheme(scheme);
        }
        url.query_pairs_mut().append_pair("EIO", "4").append_pair("transport", transport.name());
        if let Some(sid) = sid {
            url.query_pairs_mut().append_pair("sid", sid);
        }
        url
    }
}

/// What the request for the namespace carries. Shows none of it.
#[derive(Clone, Default)]
pub struct Auth(Vec<(String, SecretString)>);

impl Auth {
    /// Returns a request that carries nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Returns it with one more field.
    #[must_use]
    pub fn with(mut self, field: &str, value: SecretString) -> Self {
        self.0.push((field.to_owned(), value));
        self
    }

    /// Returns it as the packet has it.
    pub(super) fn exposed(&self) -> Option<Value> {
        let field = |(name, value): &(String, SecretString)| (name.clone(), Value::from(value.expose_secret()));
        (!self.0.is_empty()).then(|| Value::Object(self.0.iter().map(field).collect::<Map<_, _>>()))
    }

    /// Returns somebody else's words as people see them, without what it holds.
    pub(super) fn hidden_in_words(&self, text: &str) -> String {
        shown(&self.hidden_in(text))
    }

    fn hidden_in(&self, text: &str) -> String {
        let secrets = self.0.iter().map(|(_, value)| value.expose_secret()).filter(|secret| !secret.is_empty());
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }

    /// Takes it out of a fault, whose words may be the server's.
    pub(super) fn hidden_in_fault(&self, fault: Fault) -> Fault {
        let hidden = |text: String| self.hidden_in_words(&text);
        match fault {
            Fault::Unreachable(text) => Fault::Unreachable(hidden(text)),
            Fault::Status { status, said } => Fault::Status { status, said: hidden(said) },
            Fault::Cut(text) => Fault::Cut(hidden(text)),
            Fault::Foreign(text) => Fault::Foreign(hidden(text)),
            Fault::Refused { message, data } => {
                let data = serde_json::from_str(&self.hidden_in(&data.to_string())).unwrap_or_default();
                Fault::Refused { message: hidden(message), data }
            }
            fault @ (Fault::TimedOut(_) | Fault::Dropped | Fault::Unanswered | Fault::Misconfigured(_)) => fault,
        }
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// What a session is opened with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where.
    pub endpoint: Endpoint,
    /// In which namespace; `/` is the one that every server has.
    pub namespace: String,
    /// With what.
    pub auth: Auth,
    /// Written how.
    pub parsers: Parsers,
    /// Carried how.
    pub way: Way,
    /// When a better way is looked for.
    pub probe: Probe,
    /// Within which bounds.
    pub limits: Limits,
    /// By which time.
    pub clock: Clock,
}

impl Options {
    /// Returns what suits most servers: the namespace `/`, JSON, WebSocket first, probed again after half a minute.
    #[must_use]
    pub fn new(endpoint: Endpoint, auth: Auth, clock: Clock) -> Self {
        Self {
            endpoint,
            namespace: "/".to_owned(),
            auth,
            parsers: Parsers::First(Parser::Json),
            way: Way::WebSocketFirst,
            probe: Probe::After(Duration::from_secs(30)),
            limits: Limits::default(),
            clock,
        }
    }
}
