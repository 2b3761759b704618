//! Methods of the compatible endpoints, looked at before credentials, as their clients know it: a wrong method is 405 for everybody,
//! and `OPTIONS` says which are right.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError as _};

use super::error::ApiError;
use super::upgrades::is_upgrade;

/// What may be done at a path.
struct Allowed {
    list: &'static str,
    with_options: &'static str,
}

const POST: Allowed = Allowed { list: "POST", with_options: "POST, OPTIONS" };
const READ: Allowed = Allowed { list: "GET, HEAD", with_options: "GET, HEAD, OPTIONS" };

fn allowed(path: &str) -> Option<Allowed> {
    match path {
        "/v1/chat/completions" | "/v1/responses" | "/tools/invoke" => Some(POST),
        "/v1/models" => Some(READ),
        _ if path.strip_prefix("/v1/models/").is_some_and(|model| !model.is_empty() && !model.contains('/')) => Some(READ),
        _ => None,
    }
}

/// Lets a request through whose method its path knows, or answers in the place of what comes behind.
///
/// # Errors
/// Those of what comes behind.
pub(super) async fn methods<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    // A socket may be opened on every path.
    let Some(allowed) = allowed(request.path()).filter(|_| !is_upgrade(request.request())) else {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    };
    let method = request.method();
    if method == Method::OPTIONS {
        let answer = HttpResponse::NoContent().insert_header((header::ALLOW, allowed.with_options)).finish();
        return Ok(request.into_response(answer).map_into_right_body());
    }
    if allowed.list.split(", ").any(|known| known == method.as_str()) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    Ok(request.into_response(ApiError::method(allowed.list).error_response()).map_into_right_body())
}
