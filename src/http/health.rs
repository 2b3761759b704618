//! Whether the process answers, and whether it is of use.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Access;
use super::doctor::{Look, Reason};
use super::error::ApiError;
use super::gateway::Gateway;
use super::query::Params;

/// Where the process says that it answers.
pub(super) const ALIVE_PATH: &str = "/healthz";
/// Where the process says whether it is of use.
pub(super) const READY_PATH: &str = "/readyz";

/// The answer of `/healthz`.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(super) struct Alive {
    /// Always true: who can say so is alive.
    ok: bool,
}

/// The answer of `/readyz`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ReadyReport {
    /// Whether there is nothing to complain about.
    ready: bool,
    /// What there is to complain about.
    reasons: Vec<Reason>,
}

/// Says that the process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Alive)), security(()))]
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(Alive { ok: true })
}

/// Says whether the gateway is of use: 503 with the reasons otherwise. `scope=gateway` leaves the channels out.
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    params(("scope" = Option<String>, Query, description = "`gateway` leaves the channels out")),
    responses((status = 200, body = ReadyReport), (status = 503, body = ReadyReport)), security(())
)]
pub(super) async fn ready(
    gateway: Data<Gateway>,
    access: Option<ReqData<Access>>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let channels = match Params::of(&request)?.text("scope") {
        None | Some("all") => Look::Everywhere,
        Some("gateway") => Look::Gateway,
        Some(_) => return Err(ApiError::field("scope", "`scope` must be `all` or `gateway`")),
    };
    let mut reasons = gateway.doctor.reasons(channels);
    if !access.is_some_and(|access| *access == Access::Granted) {
        reasons.iter_mut().for_each(Reason::hide);
    }
    let report = ReadyReport { ready: reasons.is_empty(), reasons };
    let mut answer = if report.ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    Ok(answer.json(report))
}
