//! For whom a proxy asks.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{HeaderMap, HeaderName};

use crate::config::slices::ProxyNet;

/// The chain of addresses, the nearest last.
pub(super) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The one address, where there is no chain.
pub(super) const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// What the other proxies say is no business of ours, but shows that one stands between.
const OTHERS: &[&str] = &["forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip", "via"];

/// How many hops of a chain are followed; a longer one ends at that hop.
const HOPS_MAX: usize = 16;

/// Returns whether a proxy stands between, believed or not.
pub(super) fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with("x-forwarded-") || OTHERS.contains(&name.as_str()))
}

/// Returns the address of who asks: the peer itself, or the nearest address of the chain that no trusted proxy has.
///
/// Whoever stands before the first proxy can write what it likes at the left end of the chain, so that end is never believed.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[ProxyNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_trusted(peer) {
        return peer;
    }
    let chain = chain(headers);
    let mut nearest = peer;
    for hop in chain.iter().rev().take(HOPS_MAX) {
        // A hop that cannot be read is as far as the proxies can be believed.
        let Some(address) = hop else { return nearest };
        nearest = *address;
        if !is_trusted(nearest) {
            break;
        }
    }
    nearest
}

/// Returns the addresses of the chain as they stand, `None` for one that cannot be read.
fn chain(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let name = if headers.contains_key(&FORWARDED_FOR) { &FORWARDED_FOR } else { &REAL_IP };
    let lines = headers.get_all(name).map(|value| value.to_str().unwrap_or_default());
    lines.flat_map(|line| line.split(',')).map(|hop| address(hop.trim())).collect()
}

/// Reads an address as proxies write it: alone, in brackets, with a port.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address: IpAddr = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(address.to_canonical())
}
