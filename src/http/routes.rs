//! Every path there is.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource, guard};
use callboard_actors::message::Code;

use super::admin::{actors, channels, deadletters, messages, pairing};
use super::error::ApiError;
use super::{health, metrics, openai, openapi, tools};

/// Puts the handlers in their places.
pub(super) fn configure(config: &mut ServiceConfig) {
    // Paths are tried in this order, and those with a part of their own by a regular expression: the busiest goes first.
    config.service(only("POST", "/v1/chat/completions").route(web::post().to(openai::complete)));
    config.service(only("GET, HEAD", health::ALIVE_PATH).route(readable().to(health::alive)));
    config.service(only("GET, HEAD", health::READY_PATH).route(readable().to(health::ready)));
    config.service(only("GET", "/metrics").route(web::get().to(metrics::metrics)));
    config.service(only("GET", "/openapi.json").route(web::get().to(openapi::show)));
    config.service(only("POST", "/v1/responses").route(web::post().to(openai::create_response)));
    admin(config);
    config.service(only("POST", "/tools/invoke").route(web::post().to(tools::invoke)));
    config.service(only("GET, HEAD", "/v1/models").route(readable().to(openai::list_models)));
    config.service(only("GET, HEAD", "/v1/models/{model}").route(readable().to(openai::show_model)));
}

fn admin(config: &mut ServiceConfig) {
    config.service(only("GET", "/admin/actors").route(web::get().to(actors::list)));
    config.service(only("GET", "/admin/actors/{id}").route(web::get().to(actors::show)));
    config.service(only("POST", "/admin/actors/{id}/fault").route(web::post().to(actors::fault)));
    config.service(only("POST", "/admin/actors/{id}/{verb}").route(web::post().to(actors::command)));
    config.service(only("GET", "/admin/channels").route(web::get().to(channels::list)));
    config.service(only("POST", "/admin/channels/{channel}/{account}/probe").route(web::post().to(channels::probe)));
    config.service(only("POST", "/admin/channels/{channel}/{account}/{verb}").route(web::post().to(channels::command)));
    config.service(only("GET", "/admin/deadletters").route(web::get().to(deadletters::list)));
    config.service(only("DELETE", "/admin/deadletters/{id}").route(web::delete().to(deadletters::discard)));
    config.service(only("POST", "/admin/deadletters/{id}/retry").route(web::post().to(deadletters::retry)));
    config.service(only("GET", "/admin/pairing").route(web::get().to(pairing::list)));
    config.service(only("POST", "/admin/pairing/{channel}/{code}/approve").route(web::post().to(pairing::approve)));
    config.service(only("POST", "/admin/pairing/{channel}/{code}/reject").route(web::post().to(pairing::reject)));
    config.service(only("POST", "/admin/messages").route(web::post().to(messages::send)));
}

/// Answers for a path that is not there.
pub(super) async fn not_found() -> Result<HttpResponse, ApiError> {
    Err(ApiError::new(Code::NotFound, "no such path: GET /openapi.json lists them"))
}

/// Returns a path that answers every other method with 405.
fn only(allow: &'static str, path: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || async move { Err::<HttpResponse, _>(ApiError::method(allow)) }))
}

/// Matches what is asked for with its content or without.
fn readable() -> actix_web::Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
