//! Asks for a page, and for nothing that is not public.

use std::sync::OnceLock;

use callboard_actors::agent::ToolFault;
use callboard_actors::message::Code;
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Client, Response};
use url::Url;

use super::page::Page;
use crate::public_web::{Blocked, Hop, HopFault, Network, check, client, hop, root_cause};

/// How often a page may send on.
const REDIRECTS_MAX: usize = 3;
/// How many bytes of a page are read.
pub(super) const PAGE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Who asks.
const AGENT: &str = concat!("callboard/", env!("CARGO_PKG_VERSION"), " (web_fetch)");

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
        let made = self.client.get_or_init(|| client(&self.network, AGENT));
        made.as_ref().map_err(|reason| ToolFault::failed(Code::Misconfigured, format!("there is no HTTP client: {reason}")))
    }

    /// Reads a page, following it where it sends on.
    ///
    /// # Errors
    /// An address on the way is not asked, cannot be reached, or gives no page that can be read.
    pub(super) async fn fetch(&self, mut url: Url) -> Result<Page, ToolFault> {
        for _ in 0..=REDIRECTS_MAX {
            check(&url, self.network.public).map_err(|blocked| blocked_fault(&blocked))?;
            let request =
                self.client()?.get(url.clone()).header(ACCEPT, "text/html, text/*, application/json;q=0.9, */*;q=0.1");
            let response = request.send().await.map_err(unreachable)?;
            match hop(&url, &response) {
                Hop::On(to) => url = to,
                Hop::Here => return read(url, response).await,
                Hop::Nowhere => return Err(ToolFault::failed(Code::BadUpstream, "the page sends on to nowhere")),
            }
        }
        Err(ToolFault::failed(Code::BadUpstream, format!("the page sends on more than {REDIRECTS_MAX} times")))
    }
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

/// Words a failed request.
fn unreachable(error: reqwest::Error) -> ToolFault {
    match root_cause(error) {
        HopFault::Blocked(blocked) => blocked_fault(&blocked),
        HopFault::Unreachable(cause) => ToolFault::failed(Code::BadUpstream, format!("the page cannot be reached: {cause}")),
    }
}
