//! Pages of other origins that may read answers: those of `gateway.controlUi.allowedOrigins`, which may change things too. Without
//! any, no page of another origin reads anything.

use std::time::Duration;

use actix_cors::Cors;
use actix_web::http::{Method, header};
use actix_web::web::Data;

use super::gateway::Gateway;
use super::observe::TRACE_HEADER;

/// How long a browser may keep the answer to its question.
const KEPT: Duration = Duration::from_secs(600);

/// Returns the middleware; the list is read at each request. Credentials of the browser's own are never asked for: clients send theirs
/// in a header.
pub(super) fn cors(gateway: Data<Gateway>) -> Cors {
    Cors::default()
        .allowed_origin_fn(move |origin, _| {
            let settings = gateway.porter.settings();
            settings.origins.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(origin.as_bytes()))
        })
        .allowed_methods([Method::GET, Method::HEAD, Method::POST, Method::DELETE])
        .allow_any_header()
        .expose_headers([header::RETRY_AFTER, TRACE_HEADER])
        .max_age(usize::try_from(KEPT.as_secs()).ok())
}
