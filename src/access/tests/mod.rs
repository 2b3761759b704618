//! Tables of who is who.

mod hosts;
mod places;
mod tailnet;

use std::net::IpAddr;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use super::{AccessSettings, Caller, Misdirected};

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn read(peer: &str, lines: &[(&str, &str)], settings: &AccessSettings) -> Result<Caller, Misdirected> {
    Caller::read(Some(peer.parse::<IpAddr>().unwrap()), &headers(lines), settings)
}

fn caller(peer: &str, lines: &[(&str, &str)], settings: &AccessSettings) -> Caller {
    read(peer, lines, settings).unwrap()
}

/// Settings with these proxies trusted.
fn behind(proxies: &[&str]) -> AccessSettings {
    let trusted_proxies = proxies.iter().map(|net| net.parse().unwrap()).collect();
    AccessSettings { trusted_proxies, ..AccessSettings::default() }
}
