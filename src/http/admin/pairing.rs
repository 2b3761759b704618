//! Strangers who ask to be let in.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use callboard_actors::message::{AccountKey, Code};
use callboard_actors::ports::Pairing;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::{ApiError, ErrorBody};
use crate::http::gateway::Gateway;
use crate::http::query::Params;

/// What the peer hears when the operator lets it in.
const APPROVED_NOTICE: &str = "You have been approved to chat with this assistant.";

/// One open request.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct PairingView {
    /// The integration.
    channel: String,
    /// The account.
    account: String,
    /// The code.
    code: String,
    /// Who asks: the immutable id.
    peer: String,
    /// Who asks: the name, which anybody can take.
    name: String,
    /// When it was opened, RFC 3339.
    created_at: String,
    /// When it is void, RFC 3339.
    expires_at: String,
}

impl From<Pairing> for PairingView {
    fn from(pairing: Pairing) -> Self {
        let Pairing { channel, account, code, peer, name, created_at, expires_at } = pairing;
        Self { channel, account, code, peer, name, created_at, expires_at }
    }
}

/// All open requests.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct PairingList {
    /// The requests.
    pairing: Vec<PairingView>,
}

/// One request that was decided.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct PairingAnswer {
    /// The request as it was.
    pairing: PairingView,
}

/// Lists the open requests.
#[utoipa::path(
    get, path = "/admin/pairing", tag = "pairing",
    params(("channel" = Option<String>, Query, description = "only those of this integration")),
    responses((status = 200, body = PairingList), (status = 503, body = ErrorBody))
)]
pub(in crate::http) async fn list(gateway: Data<Gateway>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let params = Params::of(&request)?;
    let channel = params.text("channel");
    let open = gateway.store.pairings(gateway.clock.now_ms()).await?;
    let wanted = open.into_iter().filter(|pairing| channel.is_none_or(|channel| pairing.channel == channel));
    Ok(HttpResponse::Ok().json(PairingList { pairing: wanted.map(PairingView::from).collect() }))
}

/// Lets a stranger in, and has it told so.
#[utoipa::path(
    post, path = "/admin/pairing/{channel}/{code}/approve", tag = "pairing",
    params(("channel" = String, Path, description = "the integration"), ("code" = String, Path, description = "the code")),
    responses((status = 200, body = PairingAnswer), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody))
)]
pub(in crate::http) async fn approve(gateway: Data<Gateway>, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (channel, code) = normal(path.into_inner());
    let notice = APPROVED_NOTICE.to_owned();
    let found = gateway.store.approve_pairing(channel, code, notice, gateway.clock.now_ms()).await?.ok_or_else(unknown)?;
    let account = AccountKey::new(&found.channel, &found.account);
    gateway.channels.allowed_changed(&account);
    gateway.switchboard.wake_channel(&account);
    tracing::info!(event = "pairing.approved", account = %account, peer = found.peer, "let in by hand");
    Ok(HttpResponse::Ok().json(PairingAnswer { pairing: found.into() }))
}

/// Turns a stranger away; it is not told.
#[utoipa::path(
    post, path = "/admin/pairing/{channel}/{code}/reject", tag = "pairing",
    params(("channel" = String, Path, description = "the integration"), ("code" = String, Path, description = "the code")),
    responses((status = 200, body = PairingAnswer), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody))
)]
pub(in crate::http) async fn reject(gateway: Data<Gateway>, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (channel, code) = normal(path.into_inner());
    let found = gateway.store.reject_pairing(channel, code, gateway.clock.now_ms()).await?.ok_or_else(unknown)?;
    tracing::info!(event = "pairing.rejected", channel = found.channel, peer = found.peer, "turned away by hand");
    Ok(HttpResponse::Ok().json(PairingAnswer { pairing: found.into() }))
}

/// Codes are read out and typed in, so their case does not matter.
fn normal((channel, code): (String, String)) -> (String, String) {
    (channel.to_lowercase(), code.trim().to_uppercase())
}

fn unknown() -> ApiError {
    ApiError::new(Code::NotFound, "no open request of this channel has that code: codes are void after an hour").about("code")
}
