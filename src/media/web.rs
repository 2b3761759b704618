//! What a public address leads to. The address is a stranger's, so it is asked without any login and only if it is public.

use std::sync::OnceLock;

use callboard_actors::ports::{Claim, MediaFault, MediaStream};
use futures_util::stream::{StreamExt as _, TryStreamExt as _};
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Client, Response};
use url::Url;

use crate::public_web::{Hop, HopFault, Network, check, client, hop, root_cause};

/// The longest address, bytes.
const URL_BYTES_MAX: usize = 4_096;
/// Who asks.
const AGENT: &str = concat!("callboard/", env!("CARGO_PKG_VERSION"), " (media)");

/// The door to the public web. Its client is made when it is first needed: the process must not pay for TLS at its start.
pub(super) struct Web {
    network: Network,
    client: OnceLock<Result<Client, String>>,
}

impl Web {
    pub(super) fn new(network: Network) -> Self {
        Self { network, client: OnceLock::new() }
    }

    fn client(&self) -> Result<&Client, MediaFault> {
        let made = self.client.get_or_init(|| client(&self.network, AGENT));
        made.as_ref().map_err(|reason| MediaFault::Unreachable(format!("there is no HTTP client: {reason}")))
    }

    /// Asks for a file; answers when its first bytes are there. The address gives it a name where it has none.
    pub(super) async fn ask(&self, url: &str, mut claim: Claim) -> Result<(Claim, MediaStream), MediaFault> {
        let parsed = Url::parse(url).ok().filter(|_| url.len() <= URL_BYTES_MAX);
        let mut url = parsed.ok_or_else(|| MediaFault::Blocked("it has no address that can be read".to_owned()))?;
        for _ in 0..=claim.reach.redirects_max {
            check(&url, self.network.public).map_err(|blocked| MediaFault::Blocked(blocked.to_string()))?;
            if !url.host_str().is_some_and(|host| claim.reach.allows(host)) {
                return Err(MediaFault::Blocked("blocked: the host is none of those that may be asked".to_owned()));
            }
            let response = self.client()?.get(url.clone()).header(ACCEPT, "*/*").send().await.map_err(unreachable)?;
            match hop(&url, &response) {
                Hop::On(to) => url = to,
                Hop::Nowhere => return Err(MediaFault::Unreachable("the address sends on to nowhere".to_owned())),
                Hop::Here => {
                    look(&response, &claim)?;
                    claim.name = claim.name.or_else(|| last_of(&url));
                    claim.mime = claim.mime.or_else(|| header(&response, CONTENT_TYPE));
                    return Ok((claim, response.bytes_stream().map_err(unreachable).boxed()));
                }
            }
        }
        Err(MediaFault::Unreachable(format!("the address sends on more than {} times", claim.reach.redirects_max)))
    }
}

/// Looks at what is said of the answer before any of it is read.
fn look(response: &Response, claim: &Claim) -> Result<(), MediaFault> {
    let status = response.status();
    if !status.is_success() {
        return Err(MediaFault::Unreachable(format!("the address answers with status {}", status.as_u16())));
    }
    // None was asked for: what unfolds may unfold to anything.
    if header(response, CONTENT_ENCODING).is_some_and(|how| !matches!(how.as_str(), "" | "identity")) {
        return Err(MediaFault::NotTheFile("the answer is compressed, though nobody asked for that".to_owned()));
    }
    let said = header(response, CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    if said.is_some_and(|length| length > claim.bytes_max) {
        return Err(MediaFault::TooLarge { max: claim.bytes_max });
    }
    let is_page = |mime: &str| mime.starts_with("text/html") || mime.starts_with("application/xhtml");
    let got = header(response, CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    if is_page(&got) && claim.mime.as_deref().is_some_and(|mime| !is_page(mime)) {
        return Err(MediaFault::NotTheFile("the answer is a web page, not the file".to_owned()));
    }
    Ok(())
}

fn header(response: &Response, name: reqwest::header::HeaderName) -> Option<String> {
    response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// The last part of a path, as a name.
fn last_of(url: &Url) -> Option<String> {
    url.path_segments()?.next_back().filter(|name| !name.is_empty()).map(str::to_owned)
}

fn unreachable(error: reqwest::Error) -> MediaFault {
    match root_cause(error) {
        HopFault::Blocked(blocked) => MediaFault::Blocked(blocked.to_string()),
        HopFault::Unreachable(cause) => MediaFault::Unreachable(format!("the address cannot be reached: {cause}")),
    }
}
