//! From which page a request comes.

use url::Url;

use super::host::Host;
use super::settings::AccessSettings;

/// Returns whether a page of this origin may change things: it is our own, or one that the settings name.
pub(super) fn is_welcome(origin: &str, host: Option<&Host>, settings: &AccessSettings) -> bool {
    is_own(origin, host) || settings.origins.iter().any(|known| known.eq_ignore_ascii_case(origin))
}

fn is_own(origin: &str, host: Option<&Host>) -> bool {
    let (Ok(url), Some(host)) = (Url::parse(origin), host) else { return false };
    let default = match url.scheme() {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    url.host_str().is_some_and(|name| host.is(name, url.port().unwrap_or(default), default))
}
