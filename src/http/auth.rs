//! Who may ask: a bearer credential. Only the secret that operators share is one here; a device's token is good for nothing
//! without the device's signature, for which HTTP has no place, and what the tailnet's proxy says of a page is said of every page.

use actix_web::HttpRequest;
use actix_web::http::header;
use callboard_actors::message::Code;

use super::error::ApiError;
use super::gateway::Gateway;
use crate::access::{AccessSettings, Auth, Caller, same};

/// What a request may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// It brought the credential.
    Granted,
    /// It brought none, on a path that asks for none.
    Anonymous,
}

/// Whether a path asks for a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// It answers everybody, and says more to whom it knows.
    Open,
    /// It answers only to whom it knows.
    Locked,
}

/// Looks at a request's credential. A wrong one is refused at every door, or else the open ones would tell a guesser what is
/// right without being counted.
///
/// # Errors
/// The credential is missing or wrong: 401, or 429 for an address that was wrong too often.
pub(super) fn admit(
    gateway: &Gateway,
    settings: &AccessSettings,
    caller: &Caller,
    request: &HttpRequest,
    door: Door,
) -> Result<Access, ApiError> {
    let secret = match &settings.auth {
        Auth::Open => return Ok(Access::Granted),
        Auth::Token(secret) | Auth::Password(secret) => secret,
    };
    let offered = request.headers().get(header::AUTHORIZATION);
    let limited =
        |secs| ApiError::new(Code::Overloaded, "too many requests with missing or wrong credentials").retry_after(secs);
    if offered.is_none() && door == Door::Open {
        return Ok(Access::Anonymous);
    }
    gateway.porter.listens(caller).map_err(limited).inspect_err(|_| gateway.http.auth_failures.inc())?;
    if offered.and_then(|value| bearer(value.as_bytes())).is_some_and(|offer| same(offer, secret)) {
        return Ok(Access::Granted);
    }
    gateway.http.auth_failures.inc();
    gateway.porter.failed(caller.address()).map_err(limited)?;
    Err(ApiError::new(Code::Unauthorized, "send the gateway's token or password as `Authorization: Bearer …`"))
}

/// Returns the credential of an `Authorization` header: RFC 6750 §2.1, with a scheme in any case (RFC 9110 §11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, credential) = value.split_at_checked(b"bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| credential.trim_ascii())
}
