//! Whom the tailnet's proxy on this machine says it is.
//!
//! The proxy adds who asks to each request that it passes on, and takes away what others may have written there. So its word is
//! good only from this machine, only with all that it adds, and only for an address of the tailnet: whoever reaches the port by
//! another way can write the same headers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use actix_web::http::header::{HeaderMap, HeaderName};

use super::forwarded::{self, FORWARDED_FOR, REAL_IP};
use super::host::Host;
use super::settings::AccessSettings;

const LOGIN: HeaderName = HeaderName::from_static("tailscale-user-login");
const ADDED: [HeaderName; 3] =
    [FORWARDED_FOR, HeaderName::from_static("x-forwarded-proto"), HeaderName::from_static("x-forwarded-host")];

/// The longest login that is taken.
const LOGIN_BYTES_MAX: usize = 320;

/// Who asks, by the word of the tailnet's proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tailnet {
    /// Nobody says so, or nobody who is believed.
    Silent,
    /// This login.
    User(String),
    /// Somebody, but not in the way in which the proxy says it.
    Doubtful(TailnetFault),
}

/// What is wrong with the word of the tailnet's proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TailnetFault {
    /// The request came over the tailnet, from nobody in particular.
    Anonymous,
    /// What the proxy adds beside the login is missing.
    NoProxy,
    /// The address that asks is not one of the tailnet.
    Outside,
    /// More than one login stands there.
    Ambiguous,
}

/// Reads who asks.
pub(super) fn read(peer: Option<IpAddr>, host: Option<&Host>, headers: &HeaderMap, settings: &AccessSettings) -> Tailnet {
    if !settings.allow_tailscale || !peer.is_some_and(|peer| peer.is_loopback()) {
        return Tailnet::Silent;
    }
    let mut logins = headers.get_all(&LOGIN).map(|value| value.to_str().unwrap_or_default().trim());
    let login = logins.next().filter(|login| !login.is_empty() && login.len() <= LOGIN_BYTES_MAX);
    let complete = ADDED.iter().all(|name| headers.contains_key(name));
    match login {
        None if complete && host.is_some_and(Host::is_local) => Tailnet::Doubtful(TailnetFault::Anonymous),
        None => Tailnet::Silent,
        Some(_) if logins.next().is_some() => Tailnet::Doubtful(TailnetFault::Ambiguous),
        Some(_) if !complete => Tailnet::Doubtful(TailnetFault::NoProxy),
        Some(_) if !from_tailnet(headers) => Tailnet::Doubtful(TailnetFault::Outside),
        Some(login) => Tailnet::User(login.to_owned()),
    }
}

/// Returns whether the one address in the chain is one that the tailnet gives out; another proxy's chain has more, or others.
fn from_tailnet(headers: &HeaderMap) -> bool {
    let mut chains = headers.get_all(&FORWARDED_FOR);
    let address = chains.next().and_then(|value| forwarded::address(value.to_str().ok()?.trim()));
    address.is_some_and(is_tailnet) && chains.next().is_none() && !headers.contains_key(&REAL_IP)
}

/// The tailnet's ranges: 100.64.0.0/10 and fd7a:115c:a1e0::/48.
fn is_tailnet(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.to_bits() >> 22 == Ipv4Addr::new(100, 64, 0, 0).to_bits() >> 22,
        IpAddr::V6(address) => address.to_bits() >> 80 == Ipv6Addr::new(0xfd7a, 0x115c, 0xa1e0, 0, 0, 0, 0, 0).to_bits() >> 80,
    }
}
