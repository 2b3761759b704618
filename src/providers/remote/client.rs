//! The HTTP client, made when it is first needed: the process must not pay for TLS at its start.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::{Client, redirect};
use url::{Host, Url};

/// Connections that are kept for the next request.
const IDLE_CONNECTIONS_MAX: usize = 64;

/// The clients of all backends: those that need the same share one, and with it its connections.
#[derive(Debug, Default)]
pub(in super::super) struct Clients(Vec<Arc<LazyClient>>);

impl Clients {
    /// Returns the client for a backend's address.
    pub(super) fn get(&mut self, url: &Url, connect: Duration) -> Arc<LazyClient> {
        let wanted = LazyClient::new(url, connect);
        let same = |made: &&Arc<LazyClient>| {
            (made.transport, made.proxy, made.connect) == (wanted.transport, wanted.proxy, wanted.connect)
        };
        if let Some(made) = self.0.iter().find(same) {
            return Arc::clone(made);
        }
        let made = Arc::new(wanted);
        self.0.push(Arc::clone(&made));
        made
    }
}

/// A client that is made when it is first asked for.
#[derive(Debug)]
pub(super) struct LazyClient {
    made: OnceLock<Result<Client, String>>,
    transport: Transport,
    proxy: Proxy,
    connect: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Plain,
    Tls,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proxy {
    /// As the environment says.
    System,
    /// None: a proxy would look for the backend on its own machine.
    Never,
}

impl LazyClient {
    /// Keeps what the client will need; nothing is loaded.
    fn new(url: &Url, connect: Duration) -> Self {
        let transport = if url.scheme() == "https" { Transport::Tls } else { Transport::Plain };
        let proxy = if is_loopback(url) { Proxy::Never } else { Proxy::System };
        Self { made: OnceLock::new(), transport, proxy, connect }
    }

    /// Returns the client; the first call makes it, and loads the root certificates when the backend speaks TLS.
    pub(super) fn get(&self) -> Result<&Client, &str> {
        self.made.get_or_init(|| self.make()).as_ref().map_err(String::as_str)
    }

    fn make(&self) -> Result<Client, String> {
        let mut builder = Client::builder()
            .user_agent(concat!("callboard/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.connect)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            // A redirect would carry the key and the conversation to somewhere that nobody configured.
            .redirect(redirect::Policy::none())
            .referer(false);
        builder = match self.transport {
            Transport::Plain => builder.tls_backend_preconfigured(trust_nobody()?),
            Transport::Tls => {
                // The process has one already, unless this runs as a library.
                let _ = rustls::crypto::ring::default_provider().install_default();
                builder
            }
        };
        if self.proxy == Proxy::Never {
            builder = builder.no_proxy();
        }
        builder.build().map_err(|error| error.to_string())
    }
}

/// Returns the TLS settings of a client that will not use them: without root certificates there is nothing to load.
fn trust_nobody() -> Result<rustls::ClientConfig, String> {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(ring).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}
