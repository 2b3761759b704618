//! The list of actors, and orders to them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use callboard_actors::core::{ActorId, ActorReport, AgeReport, ControlError, Drill, MailboxReport, Supervisor};
use callboard_actors::message::{AccountKey, Code, LinkState};
use schemars::JsonSchema;
use serde::Serialize;
use utoipa::ToSchema;

use super::order::{self, ChangeView, Order};
use crate::http::body::Body;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::fields::Fields;
use crate::http::gateway::Gateway;
use crate::http::query::Params;
use crate::outgoing::ChannelsView;

/// One actor.
#[derive(Clone, Debug, Serialize, ToSchema, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActorView {
    /// Its id: `registry`, `channel:<channel>:<account>`, `session:<key>`, …
    id: String,
    /// Its kind.
    kind: &'static str,
    /// Where it stands: starting, running, backoff, blocked, stuck, stopped or failed.
    state: &'static str,
    /// Where its link stands, for channels: connecting, up, down or blocked.
    #[schema(value_type = Option<String>)]
    #[schemars(with = "Option<String>")]
    link: Option<LinkState>,
    /// Start of this incarnation, RFC 3339.
    since: String,
    /// Rebuilds since the process started, those by hand included.
    restarts: u32,
    /// How the last incarnation ended: stopped, failed, panicked, stuck or killed.
    last_exit: Option<&'static str>,
    /// What the last failure said.
    last_error: Option<String>,
    /// Its mailbox.
    mailbox: MailboxView,
}

/// One mailbox.
#[derive(Clone, Copy, Debug, Serialize, ToSchema, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MailboxView {
    /// How many messages wait.
    depth: u32,
    /// The most that ever waited.
    high_water: u32,
    /// How many may wait.
    capacity: u32,
    /// How many were handled.
    handled: u64,
    /// How many found no room.
    rejected: u64,
    /// How long the handled ones had waited, milliseconds.
    age_ms: AgeView,
}

/// How long messages waited, milliseconds.
#[derive(Clone, Copy, Debug, Serialize, ToSchema, JsonSchema)]
pub(crate) struct AgeView {
    /// Half of them at the most.
    p50: f64,
    /// 99 of 100 at the most.
    p99: f64,
}

/// A page of actors.
#[derive(Clone, Debug, Serialize, ToSchema, JsonSchema)]
pub(crate) struct ActorList {
    /// The actors, in the order of their ids.
    actors: Vec<ActorView>,
    /// What `after` has to be for the next page; null on the last, and without `limit`.
    next: Option<String>,
}

impl ActorView {
    pub(super) fn of(report: ActorReport, link: Option<LinkState>) -> Self {
        let ActorReport { id, kind, state, since, restarts, last_exit, last_error, mailbox } = report;
        Self {
            id: id.to_string(),
            kind: kind.as_str(),
            state: state.as_str(),
            link,
            since: jiff::Timestamp::from_millisecond(since).unwrap_or_default().to_string(),
            restarts,
            last_exit: last_exit.map(|exit| exit.as_str()),
            last_error,
            mailbox: MailboxView::of(&mailbox),
        }
    }

    /// Returns where the link of a channel actor stands.
    pub(super) fn link(channels: &dyn ChannelsView, id: &ActorId) -> Option<LinkState> {
        let (channel, account) = id.as_str().strip_prefix("channel:")?.split_once(':')?;
        Some(channels.link(&AccountKey::new(channel, account)).state)
    }

    fn now(channels: &dyn ChannelsView, report: ActorReport) -> Self {
        let link = Self::link(channels, &report.id);
        Self::of(report, link)
    }

    /// Looks at one actor.
    ///
    /// # Errors
    /// There is none of that id.
    pub(crate) fn find(supervisor: &Supervisor, channels: &dyn ChannelsView, id: &ActorId) -> Result<Self, ControlError> {
        supervisor.report(id).map(|report| Self::now(channels, report))
    }
}

impl MailboxView {
    fn of(report: &MailboxReport) -> Self {
        let MailboxReport { depth, high_water, capacity, handled, rejected, age_ms: AgeReport { p50, p99 }, .. } = *report;
        Self { depth, high_water, capacity, handled, rejected, age_ms: AgeView { p50, p99 } }
    }
}

impl ActorList {
    /// Returns the actors of a kind behind an id, so many at the most.
    pub(crate) fn page(
        supervisor: &Supervisor,
        channels: &dyn ChannelsView,
        kind: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Self {
        let mut reports = supervisor.reports();
        reports.retain(|report| kind.is_none_or(|kind| report.kind.as_str() == kind));
        reports.retain(|report| after.is_none_or(|after| report.id.as_str() > after));
        let more = reports.len() > limit;
        reports.truncate(limit);
        let actors: Vec<_> = reports.into_iter().map(|report| ActorView::now(channels, report)).collect();
        let next = actors.last().filter(|_| more).map(|actor| actor.id.clone());
        Self { actors, next }
    }
}

/// Lists the actors.
#[utoipa::path(
    get, path = "/admin/actors", tag = "actors",
    params(
        ("kind" = Option<String>, Query, description = "only actors of this kind"),
        ("limit" = Option<u32>, Query, description = "how many, 1 to 1000; all without"),
        ("after" = Option<String>, Query, description = "the `next` of the page before")
    ),
    responses((status = 200, body = ActorList), (status = 400, body = ErrorBody))
)]
pub(in crate::http) async fn list(gateway: Data<Gateway>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let params = Params::of(&request)?;
    let limit = params.limit()?.unwrap_or(usize::MAX);
    let (kind, after) = (params.text("kind"), params.text("after"));
    Ok(HttpResponse::Ok().json(ActorList::page(&gateway.supervisor, &*gateway.channels, kind, after, limit)))
}

/// Shows one actor.
#[utoipa::path(
    get, path = "/admin/actors/{id}", tag = "actors",
    params(("id" = String, Path, description = "the id as one percent-encoded segment")),
    responses((status = 200, body = ActorView), (status = 404, body = ErrorBody))
)]
pub(in crate::http) async fn show(gateway: Data<Gateway>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let found = ActorView::find(&gateway.supervisor, &*gateway.channels, &ActorId::new(id.into_inner()));
    Ok(HttpResponse::Ok().json(found.map_err(|error| ApiError::from(error).about("id"))?))
}

/// Restarts, stops or starts one actor; answered when it is done.
#[utoipa::path(
    post, path = "/admin/actors/{id}/{verb}", tag = "actors",
    params(
        ("id" = String, Path, description = "the id as one percent-encoded segment"),
        ("verb" = String, Path, description = "`restart`, `stop` or `start`")
    ),
    responses(
        (status = 200, body = ChangeView), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "this actor cannot be stopped"),
        (status = 504, body = ErrorBody, description = "not done within 5 seconds; it goes on trying")
    )
)]
pub(in crate::http) async fn command(gateway: Data<Gateway>, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (id, verb) = path.into_inner();
    let order: Order = verb.parse()?;
    Ok(HttpResponse::Ok().json(order::give(&gateway, &ActorId::new(id), order).await?))
}

/// A failure to practise.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body of a request that is read field by field")]
pub(in crate::http) struct FaultRequest {
    /// `panic`, `hang`, `block` or `stop`.
    kind: String,
}

/// A drill that was ordered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct FaultView {
    /// The actor.
    id: String,
    /// What it was told to do.
    fault: String,
}

/// Makes an actor fail on purpose; 404 unless `gateway.faults.enabled` is true.
#[utoipa::path(
    post, path = "/admin/actors/{id}/fault", tag = "actors",
    params(("id" = String, Path, description = "the id as one percent-encoded segment")), request_body = FaultRequest,
    responses((status = 202, body = FaultView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(in crate::http) async fn fault(gateway: Data<Gateway>, id: Path<String>, body: Body) -> Result<HttpResponse, ApiError> {
    if !gateway.settings.get().faults_enabled {
        return Err(ApiError::new(Code::NotFound, "drills are off: set `gateway.faults.enabled`"));
    }
    let mut fields = Fields::parse(&body.bytes)?;
    let kind = fields.required("kind")?;
    fields.done("`kind`")?;
    let drill = match kind.as_str() {
        "panic" => Drill::Panic,
        "hang" => Drill::Hang,
        "block" => Drill::Block,
        "stop" => Drill::Stop,
        _ => return Err(ApiError::field("kind", "`kind` must be `panic`, `hang`, `block` or `stop`")),
    };
    let id = ActorId::new(id.into_inner());
    gateway.supervisor.fault(&id, drill).map_err(|error| ApiError::from(error).about("id"))?;
    tracing::warn!(event = "admin.fault", actor = %id, fault = kind, "told to fail");
    Ok(HttpResponse::Accepted().json(FaultView { id: id.to_string(), fault: kind }))
}
