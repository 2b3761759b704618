//! What stands before every handler.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::{Data, Payload};
use actix_web::{Error, HttpMessage as _, ResponseError as _};
use callboard_actors::message::Code;

use super::auth::{self, Access, Door};
use super::error::ApiError;
use super::gateway::Gateway;
use super::health;
use super::observe::gateway_of;
use super::upgrades::{Upgrades, is_upgrade};
use crate::access::{Caller, Errand, Misdirected};

/// Where a request goes.
enum Way {
    /// To the handler of its path.
    Handler,
    /// To whoever takes sockets, whatever its path.
    Socket(Caller),
}

/// Lets a request through to its handler with what it may see attached, or answers in the handler's place. A request for a socket
/// never reaches a handler, since it has shown no credential yet: it does so in the socket's first frame.
///
/// # Errors
/// Those of the handler.
pub(super) async fn guard<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let way = match admit(&request) {
        Ok(way) => way,
        Err(error) => return Ok(request.into_response(error.error_response()).map_into_right_body()),
    };
    match way {
        Way::Handler => next.call(request).await.map(ServiceResponse::map_into_left_body),
        Way::Socket(caller) => {
            let gateway = gateway_of(&request)?;
            let payload = request.extract::<Payload>().await?;
            let answer = open(&gateway, &request, payload, caller).unwrap_or_else(|error| error.error_response());
            Ok(request.into_response(answer).map_into_right_body())
        }
    }
}

fn open(
    gateway: &Gateway,
    request: &ServiceRequest,
    payload: Payload,
    caller: Caller,
) -> Result<actix_web::HttpResponse, Error> {
    let upgrades: &dyn Upgrades = gateway
        .upgrades
        .as_deref()
        .ok_or_else(|| ApiError::new(Code::NotFound, "no socket is served here: GET /openapi.json lists what is"))?;
    upgrades.open(request.request(), payload, caller)
}

fn admit(request: &ServiceRequest) -> Result<Way, ApiError> {
    let gateway: Data<Gateway> = gateway_of(request)?;
    let settings = gateway.porter.settings();
    let caller = Caller::of(request.request(), &settings)?;
    let upgrade = is_upgrade(request.request());
    let errand = match *request.method() {
        _ if upgrade => Errand::Socket,
        Method::GET | Method::HEAD => Errand::Look,
        _ => Errand::Change,
    };
    caller.check(errand, &settings)?;
    if upgrade {
        return Ok(Way::Socket(caller));
    }
    let access = auth::admit(&gateway, &settings, &caller, request.request(), door(request.path()))?;
    request.extensions_mut().insert::<Access>(access);
    Ok(Way::Handler)
}

impl From<Misdirected> for ApiError {
    fn from(error: Misdirected) -> Self {
        Self::new(Code::Forbidden, error.to_string()).about(error.header)
    }
}

/// Only these two paths, spelled exactly so, answer without a credential.
fn door(path: &str) -> Door {
    match path {
        health::ALIVE_PATH | health::READY_PATH => Door::Open,
        _ => Door::Locked,
    }
}
