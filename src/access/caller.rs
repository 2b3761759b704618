//! Where a request comes from.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName};

use super::host::Host;
use super::settings::AccessSettings;
use super::tailnet::{self, Tailnet};
use super::{forwarded, origin};

/// What a request is about, as far as pages are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// To look; a foreign page may ask and does not get to see the answer.
    Look,
    /// To change something.
    Change,
    /// To open a socket, which a foreign page could read and write.
    Socket,
}

/// A header says that the request is not for us or not from a page of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the `{header}` header {what}")]
pub struct Misdirected {
    /// Which header.
    pub header: &'static str,
    /// What is wrong with it and how to mend it.
    pub what: &'static str,
}

/// Where a request comes from.
#[derive(Clone, Debug)]
pub struct Caller {
    address: Option<IpAddr>,
    host: Option<Host>,
    origin: Option<String>,
    local: bool,
    tailnet: Tailnet,
}

impl Caller {
    /// Looks at a request.
    ///
    /// # Errors
    /// Its `Host` or `Origin` cannot be read.
    pub fn of(request: &HttpRequest, settings: &AccessSettings) -> Result<Self, Misdirected> {
        Self::read(request.peer_addr().map(|peer| peer.ip()), request.headers(), settings)
    }

    /// Looks at the head of a request from a peer.
    ///
    /// # Errors
    /// Its `Host` or `Origin` cannot be read.
    pub fn read(peer: Option<IpAddr>, headers: &HeaderMap, settings: &AccessSettings) -> Result<Self, Misdirected> {
        let peer = peer.map(|peer| peer.to_canonical());
        let host = match text(headers, &header::HOST, "Host")? {
            None => None,
            Some(text) => Some(Host::parse(text).ok_or_else(|| misdirected("Host", "is not readable"))?),
        };
        let origin = text(headers, &header::ORIGIN, "Origin")?.map(str::to_owned);
        let direct = !forwarded::is_forwarded(headers);
        Ok(Self {
            address: peer.map(|peer| forwarded::client(peer, headers, &settings.trusted_proxies)),
            local: direct && peer.is_some_and(|peer| peer.is_loopback()) && host.as_ref().is_some_and(Host::is_local),
            tailnet: tailnet::read(peer, host.as_ref(), headers, settings),
            host,
            origin,
        })
    }

    /// Looks whether the request is for us and not from a page behind the back of who sits before it.
    ///
    /// # Errors
    /// The host is not ours (a name made to point here), or a foreign page wants to change something or open a socket.
    pub fn check(&self, errand: Errand, settings: &AccessSettings) -> Result<(), Misdirected> {
        if self.host.as_ref().is_some_and(|host| !host.is_ours(settings, self.origin.is_some())) {
            return Err(misdirected("Host", "is not a name of this gateway: add it to `gateway.http.hosts` if it should be"));
        }
        let Some(origin) = self.origin.as_deref().filter(|_| errand != Errand::Look) else { return Ok(()) };
        if origin::is_welcome(origin, self.host.as_ref(), settings) {
            return Ok(());
        }
        Err(misdirected("Origin", "is a foreign page: add it to `gateway.controlUi.allowedOrigins` if it may change things"))
    }

    /// Returns the address of who asks: the peer's, or the one for whom a trusted proxy asks.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Returns whether it asks from this machine: over the loopback, under a local name, and with no proxy between, whatever
    /// that one may say of where it has the request from.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.local
    }

    /// Returns whom the tailnet's proxy says it is.
    #[must_use]
    pub const fn tailnet(&self) -> &Tailnet {
        &self.tailnet
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName, shown: &'static str) -> Result<Option<&'a str>, Misdirected> {
    let mut values = headers.get_all(name);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(misdirected(shown, "is there more than once"));
    }
    value.to_str().map(Some).map_err(|_| misdirected(shown, "is not readable"))
}

const fn misdirected(header: &'static str, what: &'static str) -> Misdirected {
    Misdirected { header, what }
}
