//! The names under which agents can be asked.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use callboard_actors::message::Code;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::{ApiError, ErrorBody};
use crate::http::gateway::Gateway;
use crate::http::settings::HttpSettings;

/// One name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct Model {
    /// `callboard` for the default agent, `callboard:<agent>` for any.
    id: String,
    /// Always `model`.
    object: &'static str,
    /// Always 0: agents have no date.
    created: i64,
    /// Always `callboard`.
    owned_by: &'static str,
}

/// All names.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct ModelList {
    /// Always `list`.
    object: &'static str,
    /// The names.
    data: Vec<Model>,
}

fn models(settings: &HttpSettings) -> impl Iterator<Item = Model> {
    let agents = settings.agents.iter().map(|agent| format!("callboard:{agent}"));
    let ids = std::iter::once("callboard".to_owned()).chain(agents);
    ids.map(|id| Model { id, object: "model", created: 0, owned_by: "callboard" })
}

fn enabled(gateway: &Gateway) -> Result<Arc<HttpSettings>, ApiError> {
    let settings = gateway.settings.get();
    if settings.models_enabled {
        return Ok(settings);
    }
    Err(ApiError::new(Code::NotFound, "the list of models is off: set `gateway.http.endpoints.models.enabled`"))
}

/// Lists the names under which agents can be asked.
#[utoipa::path(
    get, path = "/v1/models", tag = "openai",
    responses((status = 200, body = ModelList), (status = 404, body = ErrorBody, description = "it is off"))
)]
pub(in crate::http) async fn list(gateway: Data<Gateway>) -> Result<HttpResponse, ApiError> {
    let settings = enabled(&gateway)?;
    Ok(HttpResponse::Ok().json(ModelList { object: "list", data: models(&settings).collect() }))
}

/// Shows one name.
#[utoipa::path(
    get, path = "/v1/models/{model}", tag = "openai", params(("model" = String, Path, description = "the name")),
    responses((status = 200, body = Model), (status = 404, body = ErrorBody))
)]
pub(in crate::http) async fn show(gateway: Data<Gateway>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let settings = enabled(&gateway)?;
    let found = models(&settings).find(|model| model.id == *id);
    let found =
        found.ok_or_else(|| ApiError::new(Code::NotFound, "no such model: GET /v1/models lists them").about("model"))?;
    Ok(HttpResponse::Ok().json(found))
}
