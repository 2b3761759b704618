//! Requests that want to become a socket.

use actix_web::http::{Method, header};
use actix_web::web::Payload;
use actix_web::{Error, HttpRequest, HttpResponse};

use crate::access::Caller;

/// Takes requests that want to become a socket, on every path. Their host and origin are looked at by then; their credential is
/// not.
pub trait Upgrades: Send + Sync {
    /// Answers the request: with 101 and a socket, or with a refusal.
    ///
    /// # Errors
    /// The request is no proper handshake of a socket.
    fn open(&self, request: &HttpRequest, payload: Payload, caller: Caller) -> Result<HttpResponse, Error>;
}

/// Returns whether a request wants to become a WebSocket (RFC 6455 §4.2.1): a GET with `Upgrade: websocket`. Whether the rest of
/// the handshake is in order, whoever takes it looks at.
pub(super) fn is_upgrade(request: &HttpRequest) -> bool {
    let wanted = request.headers().get_all(header::UPGRADE).filter_map(|value| value.to_str().ok());
    let websocket = wanted.flat_map(|line| line.split(',')).any(|name| name.trim().eq_ignore_ascii_case("websocket"));
    *request.method() == Method::GET && websocket
}
