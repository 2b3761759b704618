//! From an address to `hello-ok`: gateway-protocol §2.

use std::time::Duration;

use callboard_actors::core::Clock;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async_tls_with_config;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use url::{Host, Url};

use super::fault::{self, Shown};
use super::frame::Incoming;
use super::{Face, Link};
use crate::cli::error::CliError;

/// How long to wait for a connection, its TLS and its upgrade.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait for the challenge and for the answer to `connect`.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// How large a frame of the gateway may be.
const FRAME_BYTES_MAX: usize = 25 << 20;
/// What a gateway takes that does not say.
const SENT_BYTES_MAX: usize = 512 << 10;
/// How often a gateway gives a sign of life that does not say.
const TICK: Duration = Duration::from_secs(30);
/// The protocols that are spoken here.
const PROTOCOLS: [u8; 2] = [3, 4];

impl Link {
    /// Connects to a gateway by its HTTP address and waits to be let in.
    ///
    /// # Errors
    /// When nobody answers, or the gateway does not let us in.
    pub(in crate::cli) async fn open(base: &Url, credential: Option<&SecretString>, face: Face) -> Result<Self, CliError> {
        let clock = Clock::system();
        // Without a password that somebody may have put into it.
        let shown = base.origin().ascii_serialization();
        let socket = match clock.within(CONNECT_TIMEOUT, dial(base)).await {
            Some(Ok(socket)) => socket,
            Some(Err(error)) => return Err(fault::broken(&shown, &error)),
            None => return Err(fault::silent(&shown, "a connection")),
        };
        let mut link = Self {
            socket,
            clock: clock.clone(),
            shown,
            quiet_max: HELLO_TIMEOUT,
            frame_bytes_max: SENT_BYTES_MAX,
            hello: Value::Null,
            requests: 0,
        };
        let hello = clock.within(HELLO_TIMEOUT, link.greet(credential, face)).await;
        link.hello = hello.unwrap_or_else(|| Err(fault::silent(&link.shown, "its welcome")))?;
        let policy = |name: &str| link.hello.pointer(&format!("/policy/{name}")).and_then(Value::as_u64);
        let tick = policy("tickIntervalMs").map_or(TICK, Duration::from_millis);
        link.frame_bytes_max = policy("maxPayload").and_then(|bytes| bytes.try_into().ok()).unwrap_or(SENT_BYTES_MAX);
        // Twice its pace, and some time for a busy machine.
        link.quiet_max = tick.clamp(Duration::from_secs(1), Duration::from_secs(600)) * 2 + HELLO_TIMEOUT;
        Ok(link)
    }

    async fn greet(&mut self, credential: Option<&SecretString>, face: Face) -> Result<Value, CliError> {
        loop {
            if let Incoming::Event { name, .. } = self.next().await?
                && name == "connect.challenge"
            {
                break;
            }
        }
        let id = self.send("connect", connect(credential, face)).await?;
        loop {
            if let Incoming::Answer { id: answered, outcome } = self.next().await?
                && answered == id
            {
                let shown = if credential.is_some() { Shown::Something } else { Shown::Nothing };
                return outcome.map(|hello| hello.json()).map_err(|refused| fault::not_let_in(&self.shown, refused, shown));
            }
        }
    }
}

fn connect(credential: Option<&SecretString>, face: Face) -> Value {
    let [min, max] = PROTOCOLS;
    let mut params = json!({
        "minProtocol": min,
        "maxProtocol": max,
        "client": { "id": "cli", "version": env!("CARGO_PKG_VERSION"), "platform": std::env::consts::OS, "mode": face.mode },
        "role": "operator",
        "scopes": face.scopes,
    });
    if let (Some(secret), Some(fields)) = (credential, params.as_object_mut()) {
        // A gateway looks at the one that its mode asks for, as over HTTP.
        let secret = secret.expose_secret();
        fields.insert("auth".to_owned(), json!({ "token": secret, "password": secret }));
    }
    params
}

/// Opens the socket. The system's TLS roots are read for wss only: they take longer than everything else.
async fn dial(base: &Url) -> Result<tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<TcpStream>>, Error> {
    let url = socket_url(base);
    let port = url.port_or_known_default().unwrap_or_default();
    let tcp = match url.host() {
        Some(Host::Domain(host)) => TcpStream::connect((host, port)).await?,
        Some(Host::Ipv4(host)) => TcpStream::connect((host, port)).await?,
        Some(Host::Ipv6(host)) => TcpStream::connect((host, port)).await?,
        None => return Err(tokio_tungstenite::tungstenite::error::UrlError::NoHostName.into()),
    };
    tcp.set_nodelay(true)?;
    let config = WebSocketConfig::default().max_message_size(Some(FRAME_BYTES_MAX)).max_frame_size(Some(FRAME_BYTES_MAX));
    let (socket, _) = client_async_tls_with_config(url.as_str().into_client_request()?, tcp, Some(config), None).await?;
    Ok(socket)
}

/// Returns the socket's address: the same place as over HTTP, without what may be a secret in it.
pub(super) fn socket_url(base: &Url) -> Url {
    let mut url = base.clone();
    let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
    // These fail for addresses without a host only, which no gateway has.
    let _ = url.set_scheme(scheme);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}
