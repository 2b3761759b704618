//! Asks for a page, and for nothing that is not public.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use callboard_actors::agent::ToolFault;
use callboard_actors::message::Code;
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use reqwest::{Client, Response, redirect};
use url::Url;

use super::address::{self, Blocked, is_public};
use super::page::Page;

/// How often a page may send on.
const REDIRECTS_MAX: usize = 3;
/// How many bytes of a page are read.
pub(super) const PAGE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How long the connection may take; the whole has a limit of its own.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// Connections that are kept for the next page: none, since the next page is another's.
const IDLE_CONNECTIONS_MAX: usize = 0;

/// Turns a name into addresses.
pub(super) type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> + Send + Sync>;

/// The network that is asked.
#[derive(Clone)]
pub(super) struct Network {
    /// Turns a name into addresses.
    pub(super) lookup: Lookup,
    /// Says which addresses may be asked.
    pub(super) public: fn(IpAddr) -> bool,
}

impl Network {
    /// Returns the public network, by the machine's own names.
    pub(super) fn public() -> Self {
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

/// Asks for pages. Its client is made when it is first needed: the process must not pay for TLS at its start.
pub(super) struct Fetcher {
    network: Network,
    client: OnceLock<Result<Client, String>>,
}

impl Fetcher {
    pub(super) fn new(network: Network) -> Self {
        Self { network, client: OnceLock::new() }
    }

    fn client(&self) -> Result<&Client, ToolFault> {
        let made = self.client.get_or_init(|| {
            // The process has one already, unless this runs as a library.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let builder = Client::builder()
                .user_agent(concat!("callboard/", env!("CARGO_PKG_VERSION"), " (web_fetch)"))
                .connect_timeout(CONNECT_TIME_MAX)
                .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
                .redirect(redirect::Policy::none())
                .referer(false)
                // A proxy would resolve names in our place.
                .no_proxy()
                .dns_resolver(Arc::new(self.network.clone()));
            builder.build().map_err(|error| error.to_string())
        });
        made.as_ref().map_err(|reason| ToolFault::failed(Code::Misconfigured, format!("there is no HTTP client: {reason}")))
    }

    /// Reads a page, following it where it sends on.
    ///
    /// # Errors
    /// An address on the way is not asked, cannot be reached, or gives no page that can be read.
    pub(super) async fn fetch(&self, mut url: Url) -> Result<Page, ToolFault> {
        for _ in 0..=REDIRECTS_MAX {
            address::check(&url, self.network.public).map_err(|blocked| blocked_fault(&blocked))?;
            let request =
                self.client()?.get(url.clone()).header(ACCEPT, "text/html, text/*, application/json;q=0.9, */*;q=0.1");
            let response = request.send().await.map_err(unreachable)?;
            match next(&url, &response)? {
                Some(to) => url = to,
                None => return read(url, response).await,
            }
        }
        Err(ToolFault::failed(Code::BadUpstream, format!("the page sends on more than {REDIRECTS_MAX} times")))
    }
}

/// Returns where a page sends on to.
fn next(url: &Url, response: &Response) -> Result<Option<Url>, ToolFault> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
    let to = to.and_then(|to| url.join(to).ok());
    to.map(Some).ok_or_else(|| ToolFault::failed(Code::BadUpstream, "the page sends on to nowhere"))
}

async fn read(url: Url, mut response: Response) -> Result<Page, ToolFault> {
    let status = response.status();
    if !status.is_success() {
        return Err(ToolFault::failed(Code::BadUpstream, format!("the page answers with status {}", status.as_u16())));
    }
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let content_type = header(CONTENT_TYPE);
    if !Page::is_readable(&content_type) {
        return Err(ToolFault::failed(Code::BadUpstream, "the page is not a text"));
    }
    // None was asked for: what unfolds may unfold to anything.
    if !matches!(header(CONTENT_ENCODING).as_str(), "" | "identity") {
        return Err(ToolFault::failed(Code::BadUpstream, "the page is compressed, though nobody asked for that"));
    }
    let mut bytes = Vec::new();
    let mut truncated = false;
    while let Some(part) = response.chunk().await.map_err(unreachable)? {
        let room = PAGE_BYTES_MAX - bytes.len();
        bytes.extend_from_slice(part.get(..room).unwrap_or(&part));
        if part.len() > room {
            truncated = true;
            break;
        }
    }
    Ok(Page { url, status: status.as_u16(), content_type, bytes, truncated })
}

fn blocked_fault(blocked: &Blocked) -> ToolFault {
    ToolFault::failed(Code::Forbidden, blocked.to_string())
}

/// Words a failed request, without its address, which may hold a secret.
fn unreachable(error: reqwest::Error) -> ToolFault {
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    loop {
        if let Some(blocked) = cause.downcast_ref::<Blocked>() {
            return blocked_fault(blocked);
        }
        match cause.source() {
            Some(source) => cause = source,
            None => return ToolFault::failed(Code::BadUpstream, format!("the page cannot be reached: {cause}")),
        }
    }
}
