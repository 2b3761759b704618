//! What an answer says of the way on, and why there was none.

use std::error::Error;

use reqwest::Response;
use reqwest::header::LOCATION;
use url::Url;

use super::address::Blocked;

/// Where an answer leads.
#[derive(Debug)]
pub(crate) enum Hop {
    /// It is the last one.
    Here,
    /// To another address, which is to be looked at like the first.
    On(Url),
    /// Elsewhere, and it does not say where.
    Nowhere,
}

/// Returns where an answer leads.
pub(crate) fn hop(url: &Url, response: &Response) -> Hop {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Hop::Here;
    }
    let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
    to.and_then(|to| url.join(to).ok()).map_or(Hop::Nowhere, Hop::On)
}

/// Why a request had no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HopFault {
    /// The address is none that is asked.
    Blocked(Blocked),
    /// Nobody answered, in the client's words without the address, which may hold a secret.
    Unreachable(String),
}

/// Returns what is at the root of a failed request.
pub(crate) fn root_cause(error: reqwest::Error) -> HopFault {
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    loop {
        if let Some(blocked) = cause.downcast_ref::<Blocked>() {
            return HopFault::Blocked(blocked.clone());
        }
        match cause.source() {
            Some(source) => cause = source,
            None => return HopFault::Unreachable(cause.to_string()),
        }
    }
}
