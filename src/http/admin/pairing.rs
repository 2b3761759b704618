//! Strangers who ask to be let in.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use callboard_actors::message::{AccountKey, Code, Switchboard};
use callboard_actors::ports::{Pairing, Store, StoreError};
use schemars::JsonSchema;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::{ApiError, ErrorBody};
use crate::http::gateway::Gateway;
use crate::http::query::Params;
use crate::outgoing::ChannelsView;

/// What the peer hears when the operator lets it in.
const APPROVED_NOTICE: &str = "You have been approved to chat with this assistant.";

/// What is said of a code that leads nowhere.
pub(crate) const UNKNOWN: &str = "no open request of this channel has that code: codes are void after an hour";

/// One open request.
#[derive(Clone, Debug, Serialize, ToSchema, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PairingView {
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
#[derive(Clone, Debug, Serialize, ToSchema, JsonSchema)]
pub(crate) struct PairingList {
    /// The requests.
    pairing: Vec<PairingView>,
}

/// One request that was decided.
#[derive(Clone, Debug, Serialize, ToSchema, JsonSchema)]
pub(crate) struct PairingAnswer {
    /// The request as it was.
    pairing: PairingView,
}

impl PairingList {
    /// Returns the requests that are open, of one channel or of all.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn open(store: &dyn Store, channel: Option<&str>, now_ms: i64) -> Result<Self, StoreError> {
        let (open, channel) = (store.pairings(now_ms).await?, channel.map(str::to_lowercase));
        let wanted = open.into_iter().filter(|pairing| channel.as_ref().is_none_or(|channel| pairing.channel == *channel));
        Ok(Self { pairing: wanted.map(PairingView::from).collect() })
    }
}

/// Where requests are decided.
pub(crate) struct PairingDesk<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) channels: &'a dyn ChannelsView,
    pub(crate) switchboard: &'a dyn Switchboard,
    pub(crate) now_ms: i64,
}

impl PairingDesk<'_> {
    /// Lets a stranger in, and has it told so; `None` when no open request has that code.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn approve(&self, channel: &str, code: &str) -> Result<Option<PairingAnswer>, StoreError> {
        let (channel, code) = normal(channel, code);
        let found = self.store.approve_pairing(channel, code, APPROVED_NOTICE.to_owned(), self.now_ms).await?;
        Ok(found.map(|found| {
            let account = AccountKey::new(&found.channel, &found.account);
            self.channels.allowed_changed(&account);
            self.switchboard.wake_channel(&account);
            tracing::info!(event = "pairing.approved", account = %account, peer = found.peer, "let in by hand");
            PairingAnswer { pairing: found.into() }
        }))
    }

    /// Turns a stranger away, which is not told; `None` when no open request has that code.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn reject(&self, channel: &str, code: &str) -> Result<Option<PairingAnswer>, StoreError> {
        let (channel, code) = normal(channel, code);
        let found = self.store.reject_pairing(channel, code, self.now_ms).await?;
        Ok(found.map(|found| {
            tracing::info!(event = "pairing.rejected", channel = found.channel, peer = found.peer, "turned away by hand");
            PairingAnswer { pairing: found.into() }
        }))
    }
}

/// Lists the open requests.
#[utoipa::path(
    get, path = "/admin/pairing", tag = "pairing",
    params(("channel" = Option<String>, Query, description = "only those of this integration")),
    responses((status = 200, body = PairingList), (status = 503, body = ErrorBody))
)]
pub(in crate::http) async fn list(gateway: Data<Gateway>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let params = Params::of(&request)?;
    let open = PairingList::open(&*gateway.store, params.text("channel"), gateway.clock.now_ms()).await?;
    Ok(HttpResponse::Ok().json(open))
}

/// Lets a stranger in, and has it told so.
#[utoipa::path(
    post, path = "/admin/pairing/{channel}/{code}/approve", tag = "pairing",
    params(("channel" = String, Path, description = "the integration"), ("code" = String, Path, description = "the code")),
    responses((status = 200, body = PairingAnswer), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody))
)]
pub(in crate::http) async fn approve(gateway: Data<Gateway>, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (channel, code) = path.into_inner();
    Ok(HttpResponse::Ok().json(desk(&gateway).approve(&channel, &code).await?.ok_or_else(unknown)?))
}

/// Turns a stranger away; it is not told.
#[utoipa::path(
    post, path = "/admin/pairing/{channel}/{code}/reject", tag = "pairing",
    params(("channel" = String, Path, description = "the integration"), ("code" = String, Path, description = "the code")),
    responses((status = 200, body = PairingAnswer), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody))
)]
pub(in crate::http) async fn reject(gateway: Data<Gateway>, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (channel, code) = path.into_inner();
    Ok(HttpResponse::Ok().json(desk(&gateway).reject(&channel, &code).await?.ok_or_else(unknown)?))
}

fn desk(gateway: &Gateway) -> PairingDesk<'_> {
    PairingDesk {
        store: &*gateway.store,
        channels: &*gateway.channels,
        switchboard: &*gateway.switchboard,
        now_ms: gateway.clock.now_ms(),
    }
}

/// Codes are read out and typed in, so their case does not matter.
fn normal(channel: &str, code: &str) -> (String, String) {
    (channel.to_lowercase(), code.trim().to_uppercase())
}

fn unknown() -> ApiError {
    ApiError::new(Code::NotFound, UNKNOWN).about("code")
}
