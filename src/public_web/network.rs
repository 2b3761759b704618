//! Names and connections of the public network.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, redirect};

use super::address::{Blocked, is_public};

/// How long a connection may take; the whole has a limit of its own.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// Connections that are kept for the next answer: none, since the next one is another's.
const IDLE_CONNECTIONS_MAX: usize = 0;

/// Turns a name into addresses.
pub(crate) type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> + Send + Sync>;

/// The network that is asked.
#[derive(Clone)]
pub(crate) struct Network {
    /// Turns a name into addresses.
    pub(crate) lookup: Lookup,
    /// Says which addresses may be asked.
    pub(crate) public: fn(IpAddr) -> bool,
}

impl Network {
    /// Returns the public network, by the machine's own names.
    pub(crate) fn public() -> Self {
        let lookup: Lookup = Arc::new(|name| {
            Box::pin(async move {
                let found = tokio::net::lookup_host((name, 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            })
        });
        Self { lookup, public: is_public }
    }
}

/// Gives a connection only addresses that were looked at: what was checked is what is connected to.
impl Resolve for Network {
    fn resolve(&self, name: Name) -> Resolving {
        let network = self.clone();
        Box::pin(async move {
            let addresses = (network.lookup)(name.as_str().to_owned()).await?;
            if !addresses.iter().all(|address| (network.public)(*address)) {
                return Err(
                    Box::new(Blocked("the name leads to a private or internal address")) as Box<dyn Error + Send + Sync>
                );
            }
            // The port of the address in hand takes the place of 0.
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// Makes a client that reaches this network only and follows no redirect by itself.
///
/// # Errors
/// The client's own reason.
pub(crate) fn client(network: &Network, agent: &str) -> Result<Client, String> {
    // The process has one already, unless this runs as a library.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(agent)
        .connect_timeout(CONNECT_TIME_MAX)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .redirect(redirect::Policy::none())
        .referer(false)
        // A proxy would resolve names in our place.
        .no_proxy()
        .dns_resolver(Arc::new(network.clone()));
    builder.build().map_err(|error| error.to_string())
}
