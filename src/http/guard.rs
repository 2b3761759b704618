//! What stands before every handler.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, ResponseError as _};

use super::auth::{self, Access, Door};
use super::error::ApiError;
use super::observe::gateway_of;
use super::{health, origin};

/// Lets a request through to its handler with what it may see attached, or answers in the handler's place.
///
/// # Errors
/// Those of the handler.
pub(super) async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match admit(&request) {
        Ok(access) => {
            request.extensions_mut().insert(access);
            next.call(request).await.map(ServiceResponse::map_into_left_body)
        }
        Err(error) => Ok(request.into_response(error.error_response()).map_into_right_body()),
    }
}

fn admit(request: &ServiceRequest) -> Result<Access, ApiError> {
    let gateway = gateway_of(request)?;
    origin::check(&gateway.settings.get(), request.request())?;
    auth::admit(&gateway, request.request(), door(request.path()))
}

/// Only these two paths, spelled exactly so, answer without a credential.
fn door(path: &str) -> Door {
    match path {
        health::ALIVE_PATH | health::READY_PATH => Door::Open,
        _ => Door::Locked,
    }
}
