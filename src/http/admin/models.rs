//! `/admin/models`: how LLM backends stand.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::gateway::Gateway;
use crate::providers::ProviderStanding;

/// How the backends stand.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ModelsStanding {
    /// Each provider, by name.
    providers: Vec<ProviderStanding>,
}

/// Lists the providers with the keys and models that are left alone after a failure.
#[utoipa::path(get, path = "/admin/models", tag = "admin", responses((status = 200, body = ModelsStanding)))]
pub(in crate::http) async fn list(gateway: Data<Gateway>) -> HttpResponse {
    HttpResponse::Ok().json(ModelsStanding { providers: gateway.standing.get().to_vec() })
}
