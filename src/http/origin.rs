//! Pages are not to reach the gateway behind the back of who sits before them: the `Host` and the `Origin` of a request.

use actix_web::HttpRequest;
use actix_web::http::{Method, header};
use callboard_actors::message::Code;

use super::error::ApiError;
use super::settings::{Exposure, HttpSettings};

/// The names of this machine.
const LOOPBACK: &[&str] = &["localhost", "127.0.0.1", "[::1]"];

/// Looks at where a request says it goes to and comes from.
///
/// # Errors
/// The host is not ours (a name made to point at the loopback), or a foreign page wants to change something.
pub(super) fn check(settings: &HttpSettings, request: &HttpRequest) -> Result<(), ApiError> {
    let host = text(request, header::HOST)?;
    if let Some(host) = host {
        check_host(settings, host)?;
    }
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    match text(request, header::ORIGIN)? {
        Some(origin) if !safe => check_origin(settings, host, origin),
        _ => Ok(()),
    }
}

fn text(request: &HttpRequest, name: header::HeaderName) -> Result<Option<&str>, ApiError> {
    let Some(value) = request.headers().get(&name) else { return Ok(None) };
    value.to_str().map(Some).map_err(|_| forbidden(name.as_str(), "is not readable"))
}

fn check_host(settings: &HttpSettings, host: &str) -> Result<(), ApiError> {
    if settings.exposure == Exposure::Network && settings.hosts.is_empty() {
        return Ok(());
    }
    let name = host_name(host).to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    if LOOPBACK.contains(&name) || settings.hosts.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    Err(forbidden("Host", "is not a name of this gateway: add it to `gateway.http.hosts` if it should be"))
}

fn check_origin(settings: &HttpSettings, host: Option<&str>, origin: &str) -> Result<(), ApiError> {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    let ours = authority.is_some_and(|authority| host.is_some_and(|host| host.eq_ignore_ascii_case(authority)));
    if ours || settings.origins.iter().any(|known| known.eq_ignore_ascii_case(origin)) {
        return Ok(());
    }
    Err(forbidden("Origin", "is a foreign page: add it to `gateway.controlUi.allowedOrigins` if it may change things"))
}

/// Cuts the port off, which an IPv6 address in brackets also may have.
fn host_name(host: &str) -> &str {
    if let Some(end) = host.find(']') {
        return host.get(..=end).unwrap_or(host);
    }
    host.split_once(':').map_or(host, |(name, _)| name)
}

fn forbidden(name: &str, what: &str) -> ApiError {
    ApiError::new(Code::Forbidden, format!("the `{name}` header {what}")).about(name)
}
