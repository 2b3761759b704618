//! Whether the process answers, and whether it is of use.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use callboard_actors::channel::Account;
use callboard_actors::core::{ActorId, State};
use callboard_actors::message::{Code, LinkState};
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Access;
use super::error::ApiError;
use super::gateway::Gateway;
use super::query::Params;
use super::readiness::Phase;

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

/// One part that is not ready.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Reason {
    /// `gateway`, `store` or the actor's id.
    id: String,
    /// Where it stands.
    state: &'static str,
    /// Where its link stands, for channels.
    #[schema(value_type = Option<String>)]
    link: Option<LinkState>,
    /// The stable code.
    code: &'static str,
    /// The reason for people; only with the credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
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
        None | Some("all") => true,
        Some("gateway") => false,
        Some(_) => return Err(ApiError::field("scope", "`scope` must be `all` or `gateway`")),
    };
    let mut reasons: Vec<_> = gateway_reason(&gateway).into_iter().chain(store_reason(&gateway)).collect();
    if channels {
        reasons.extend(gateway.channels.accounts().iter().filter_map(|account| channel_reason(&gateway, account)));
    }
    if !access.is_some_and(|access| *access == Access::Granted) {
        reasons.iter_mut().for_each(|reason| reason.text = None);
    }
    let report = ReadyReport { ready: reasons.is_empty(), reasons };
    let mut answer = if report.ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    Ok(answer.json(report))
}

fn gateway_reason(gateway: &Gateway) -> Option<Reason> {
    let state = match gateway.readiness.phase() {
        Phase::Ready => return None,
        Phase::Starting => "starting",
        Phase::Draining => "draining",
    };
    Some(Reason { id: "gateway".into(), state, link: None, code: Code::Unavailable.as_str(), text: None })
}

fn store_reason(gateway: &Gateway) -> Option<Reason> {
    let (code, text) = gateway.store.health().trouble?;
    let state = actor_state(gateway, "store").map_or("running", State::as_str);
    Some(Reason { id: "store".into(), state, link: None, code: code.as_str(), text: Some(text) })
}

fn channel_reason(gateway: &Gateway, account: &Account) -> Option<Reason> {
    if !account.enabled {
        return None;
    }
    let id = format!("channel:{}", account.key);
    let link = gateway.channels.link(&account.key);
    let state = actor_state(gateway, &id).unwrap_or(State::Stopped);
    // A link that was up when its actor crashed is up no longer, whatever was last said of it.
    let up = link.state == LinkState::Up && state == State::Running;
    if up {
        return None;
    }
    let code = match state {
        State::Failed => Code::ActorFailed,
        State::Blocked => link.code.unwrap_or(Code::Misconfigured),
        _ => link.code.unwrap_or(Code::LinkDown),
    };
    Some(Reason { id, state: state.as_str(), link: Some(link.state), code: code.as_str(), text: link.text })
}

fn actor_state(gateway: &Gateway, id: &str) -> Option<State> {
    gateway.supervisor.report(&ActorId::new(id.to_owned())).ok().map(|report| report.state)
}
