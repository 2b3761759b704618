//! The description of all paths, generated from the handlers and their types.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::admin::{actors, channels, deadletters, messages, pairing};
use super::openai::ChatChunk;
use super::{health, metrics, openai, tools};

#[derive(OpenApi)]
#[openapi(
    info(title = "Callboard", description = "Admin, health, metrics, chat completions, responses and tools of a Callboard gateway."),
    paths(
        health::alive,
        health::ready,
        metrics::metrics,
        actors::list,
        actors::show,
        actors::command,
        actors::fault,
        channels::list,
        channels::command,
        channels::probe,
        deadletters::list,
        deadletters::retry,
        deadletters::discard,
        pairing::list,
        pairing::approve,
        pairing::reject,
        messages::send,
        openai::complete,
        openai::create_response,
        openai::list_models,
        openai::show_model,
        tools::invoke,
        show
    ),
    components(schemas(ChatChunk)),
    modifiers(&Bearer, &Complete),
    security(("bearer" = []))
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        openapi.components.get_or_insert_default().add_security_scheme("bearer", scheme);
    }
}

/// Fills in what the format asks for and the handlers need not repeat: ids that are unique, and a text for each answer.
struct Complete;

impl Modify for Complete {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for item in openapi.paths.paths.values_mut() {
            let operations = [&mut item.get, &mut item.post, &mut item.delete];
            operations.into_iter().flatten().for_each(complete);
        }
    }
}

fn complete(operation: &mut Operation) {
    let tag = operation.tags.as_ref().and_then(|tags| tags.first());
    if let (Some(tag), Some(id)) = (tag, &operation.operation_id) {
        operation.operation_id = Some(format!("{tag}.{id}"));
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let status = status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok());
            response.description = status.and_then(|status| status.canonical_reason()).unwrap_or("an answer").to_owned();
        }
    }
}

/// Returns the description.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// Shows this description.
#[utoipa::path(get, path = "/openapi.json", tag = "openapi", responses((status = 200, body = Object)))]
pub(super) async fn show() -> HttpResponse {
    HttpResponse::Ok().json(document())
}
