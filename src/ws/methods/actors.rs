//! `actors.*`: what operators see and do with actors, as under `/admin/actors`.

use callboard_actors::client::{Refusal, Scope};
use callboard_actors::core::ActorId;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::http::admin::actors::{ActorList, ActorView};
use crate::http::admin::order::{self, ChangeView, Order};
use crate::ws::table::{Cx, Method, SHORT, method};

pub(super) const METHODS: &[Method] = &[
    method!("actors.list", Scope::Read, SHORT, "Lists the actors, in the order of their ids.", ListParams => ActorList, list),
    method!("actors.get", Scope::Read, SHORT, "Shows one actor.", OneActor => ActorView, get),
    method!("actors.restart", Scope::Admin, SHORT, "Restarts an actor; answered when it is done.", OneActor => ChangeView, restart),
    method!("actors.stop", Scope::Admin, SHORT, "Stops an actor; answered when it is done.", OneActor => ChangeView, stop),
    method!("actors.start", Scope::Admin, SHORT, "Starts an actor that was stopped or has given up; answered when it is done.", OneActor => ChangeView, start),
];

/// Which actors.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ListParams {
    /// Only actors of this kind.
    #[serde(default)]
    #[schemars(length(max = 64))]
    kind: Option<String>,
    /// How many; all without.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000))]
    limit: Option<usize>,
    /// The `next` of the page before.
    #[serde(default)]
    #[schemars(length(max = 1_024))]
    after: Option<String>,
}

/// One actor.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct OneActor {
    /// Its id: `registry`, `channel:<channel>:<account>`, `session:<key>`, …
    #[schemars(length(min = 1, max = 1_024))]
    id: String,
}

async fn list(cx: Cx, ListParams { kind, limit, after }: ListParams) -> Result<ActorList, Refusal> {
    let (control, limit) = (&cx.control, limit.unwrap_or(usize::MAX));
    Ok(ActorList::page(&control.supervisor, &*control.channels, kind.as_deref(), after.as_deref(), limit))
}

async fn get(cx: Cx, OneActor { id }: OneActor) -> Result<ActorView, Refusal> {
    Ok(ActorView::find(&cx.control.supervisor, &*cx.control.channels, &ActorId::new(id))?)
}

async fn restart(cx: Cx, OneActor { id }: OneActor) -> Result<ChangeView, Refusal> {
    give(&cx, &ActorId::new(id), Order::Restart).await
}

async fn stop(cx: Cx, OneActor { id }: OneActor) -> Result<ChangeView, Refusal> {
    give(&cx, &ActorId::new(id), Order::Stop).await
}

async fn start(cx: Cx, OneActor { id }: OneActor) -> Result<ChangeView, Refusal> {
    give(&cx, &ActorId::new(id), Order::Start).await
}

/// Gives an order to an actor.
///
/// # Errors
/// The actor is unknown, cannot do that, or has not done it in time.
pub(super) async fn give(cx: &Cx, id: &ActorId, order: Order) -> Result<ChangeView, Refusal> {
    Ok(order::told(&cx.control.supervisor, &*cx.control.channels, id, order).await?)
}
