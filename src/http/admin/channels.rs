//! The configured accounts, and orders to them.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use callboard_actors::channel::{Account, Facts, Probe};
use callboard_actors::core::{ActorId, State};
use callboard_actors::message::{AccountKey, Code, LinkState, LinkStatus};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::order::{self, ChangeView, Order};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::gateway::Gateway;
use crate::outgoing;

/// How long a probe may take.
const PROBE_WAIT_MAX: Duration = Duration::from_secs(15);

/// One configured account.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct ChannelView {
    /// The integration.
    channel: String,
    /// The account.
    account: String,
    /// Its name for people.
    label: String,
    /// Whether it is to run.
    enabled: bool,
    /// The id of its actor.
    actor: String,
    /// Where the actor stands; null when there is none.
    state: Option<&'static str>,
    /// Where the link stands: connecting, up, down or blocked.
    #[schema(value_type = String)]
    link: LinkState,
    /// Why the link is not up.
    code: Option<&'static str>,
    /// The reason for people.
    reason: Option<String>,
    /// What is known of the link so far.
    #[serde(flatten)]
    history: LinkHistory,
    /// What the integration shows of the settings; no secret.
    #[schema(value_type = Object)]
    status: Map<String, Value>,
}

/// What is known of an account's link. Times are RFC 3339, null for what never happened since the process started.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct LinkHistory {
    /// Whether its actor runs.
    running: bool,
    /// Whether messages flow.
    connected: bool,
    /// Failed tries since the link last stood.
    reconnect_attempts: u32,
    /// When its actor was last started.
    last_start_at: Option<String>,
    /// When it was last stopped.
    last_stop_at: Option<String>,
    /// When the link last came up.
    last_connected_at: Option<String>,
    /// When the link last dropped.
    last_disconnect: Option<String>,
    /// When a message last came in.
    last_inbound_at: Option<String>,
    /// When the platform last confirmed one.
    last_outbound_at: Option<String>,
    /// When any of these last happened.
    last_event_at: Option<String>,
    /// What the last failure said.
    last_error: Option<String>,
    /// How many messages went no further, by reason.
    dropped: BTreeMap<&'static str, u64>,
}

impl LinkHistory {
    fn of(facts: Facts, state: Option<State>) -> Self {
        let last = [facts.last_connected_ms, facts.last_disconnect_ms, facts.last_inbound_ms, facts.last_outbound_ms];
        Self {
            running: state == Some(State::Running),
            connected: facts.status.state == LinkState::Up,
            reconnect_attempts: facts.reconnect_attempts,
            last_start_at: time(facts.last_start_ms),
            last_stop_at: time(facts.last_stop_ms),
            last_connected_at: time(facts.last_connected_ms),
            last_disconnect: time(facts.last_disconnect_ms),
            last_inbound_at: time(facts.last_inbound_ms),
            last_outbound_at: time(facts.last_outbound_ms),
            last_event_at: time(last.into_iter().flatten().max()),
            last_error: facts.last_error,
            dropped: facts.dropped,
        }
    }
}

fn time(at_ms: Option<i64>) -> Option<String> {
    jiff::Timestamp::from_millisecond(at_ms?).ok().map(|at| at.to_string())
}

/// All configured accounts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct ChannelList {
    /// The accounts, grouped by integration.
    channels: Vec<ChannelView>,
}

/// What a probe found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct ProbeView {
    /// The integration.
    channel: String,
    /// The account.
    account: String,
    /// Whether it could be used now, why not, and what the platform told.
    #[schema(value_type = Object)]
    probe: Probe,
}

impl ChannelView {
    fn of(gateway: &Gateway, account: &Account) -> Self {
        let key = &account.key;
        let actor = format!("channel:{key}");
        let facts = gateway.channels.facts(key);
        let LinkStatus { state: link, code, text } = facts.status.clone();
        let state = gateway.supervisor.report(&ActorId::new(actor.clone())).ok().map(|report| report.state);
        let mut status = account.platform.status();
        if let Some(way) = facts.way {
            status.insert("transport".to_owned(), way.into());
        }
        Self {
            channel: key.channel().to_owned(),
            account: key.account().to_owned(),
            label: account.label.clone(),
            enabled: account.enabled,
            state: state.map(State::as_str),
            actor,
            link,
            code: code.map(Code::as_str),
            reason: text,
            history: LinkHistory::of(facts, state),
            status,
        }
    }
}

/// Lists the configured accounts.
#[utoipa::path(get, path = "/admin/channels", tag = "channels", responses((status = 200, body = ChannelList)))]
pub(in crate::http) async fn list(gateway: Data<Gateway>) -> HttpResponse {
    let accounts = gateway.channels.accounts();
    HttpResponse::Ok()
        .json(ChannelList { channels: accounts.iter().map(|account| ChannelView::of(&gateway, account)).collect() })
}

/// Restarts, stops or starts the actor of one account; answered when it is done.
#[utoipa::path(
    post, path = "/admin/channels/{channel}/{account}/{verb}", tag = "channels",
    params(
        ("channel" = String, Path, description = "the integration"), ("account" = String, Path, description = "the account"),
        ("verb" = String, Path, description = "`restart`, `stop` or `start`")
    ),
    responses(
        (status = 200, body = ChangeView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 504, body = ErrorBody, description = "not done within 5 seconds; it goes on trying")
    )
)]
pub(in crate::http) async fn command(
    gateway: Data<Gateway>,
    path: Path<(String, String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (channel, account, verb) = path.into_inner();
    let order: Order = verb.parse()?;
    let id = ActorId::new(format!("channel:{}", AccountKey::new(&channel, &account)));
    Ok(HttpResponse::Ok().json(order::give(&gateway, &id, order).await?))
}

/// Asks the platform whether the account could be used, beside its live link.
#[utoipa::path(
    post, path = "/admin/channels/{channel}/{account}/probe", tag = "channels",
    params(("channel" = String, Path, description = "the integration"), ("account" = String, Path, description = "the account")),
    responses((status = 200, body = ProbeView), (status = 404, body = ErrorBody), (status = 504, body = ErrorBody))
)]
pub(in crate::http) async fn probe(gateway: Data<Gateway>, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (channel, account) = path.into_inner();
    let known = find(&gateway, &AccountKey::new(&channel, &account))?;
    let probe = gateway.clock.within(PROBE_WAIT_MAX, known.platform.probe()).await;
    let probe = probe.ok_or_else(|| ApiError::new(Code::Timeout, "the platform did not answer within 15 seconds"))?;
    let (channel, account) = (known.key.channel().to_owned(), known.key.account().to_owned());
    Ok(HttpResponse::Ok().json(ProbeView { channel, account, probe }))
}

/// Finds an account.
///
/// # Errors
/// Names the part of the key that is not known.
pub(super) fn find(gateway: &Gateway, key: &AccountKey) -> Result<Account, ApiError> {
    Ok(outgoing::find(gateway.channels.as_ref(), key)?)
}
