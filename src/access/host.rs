//! Under which name a request comes.

use std::net::IpAddr;

use actix_web::http::uri::Authority;

use super::settings::{AccessSettings, Exposure};

/// What the names of a tailnet end with; only the tailnet's own addresses can stand behind one.
pub(super) const TAILNET_NAMES: &str = ".ts.net";

/// The `Host` of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    /// Lower-case, without the dot that ends a name; an IPv6 address in brackets.
    name: String,
    /// The port, if it was named.
    port: Option<u16>,
}

impl Host {
    /// Reads a `Host` header; `None` for one that is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let authority: Authority = text.trim().parse().ok()?;
        if text.contains('@') {
            return None;
        }
        let name = authority.host().to_ascii_lowercase();
        let port = authority.port_u16();
        // A port that is no number is dropped by the parser.
        let length = name.len() + authority.port().map_or(0, |port| port.as_str().len() + 1);
        (length == text.trim().len()).then(|| Self { name: name.strip_suffix('.').unwrap_or(&name).to_owned(), port })
    }

    /// Returns whether it names this machine: the loopback, or a name of its tailnet.
    pub(super) fn is_local(&self) -> bool {
        self.name == "localhost" || self.ip().is_some_and(|ip| ip.is_loopback()) || self.name.ends_with(TAILNET_NAMES)
    }

    /// Returns whether a page of this host and port asks its own server; without a port the scheme's own counts.
    pub(super) fn is(&self, name: &str, port: u16, default: u16) -> bool {
        self.name.eq_ignore_ascii_case(name) && self.port.unwrap_or(default) == port
    }

    /// Returns whether the gateway goes by this name. A page's word counts less than others': it may be a page that had its
    /// name point here.
    pub(super) fn is_ours(&self, settings: &AccessSettings, from_page: bool) -> bool {
        let named = self.is_local() || settings.hosts.iter().any(|known| known.eq_ignore_ascii_case(&self.name));
        match settings.exposure {
            Exposure::Loopback => named,
            Exposure::Network => named || self.ip().is_some() || (settings.hosts.is_empty() && !from_page),
        }
    }

    fn ip(&self) -> Option<IpAddr> {
        super::forwarded::address(&self.name)
    }
}
