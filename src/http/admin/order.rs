//! Orders by hand to one actor.

use std::time::Duration;

use callboard_actors::core::{ActorId, ControlError, Supervisor};
use callboard_actors::message::Code;
use schemars::JsonSchema;
use serde::Serialize;
use utoipa::ToSchema;

use super::actors::ActorView;
use crate::http::error::ApiError;
use crate::http::gateway::Gateway;
use crate::outgoing::ChannelsView;

/// How long an order may take before it is answered with 504; it goes on all the same.
const ORDER_WAIT_MAX: Duration = Duration::from_secs(5);

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Restart,
    Stop,
    Start,
}

impl std::str::FromStr for Order {
    type Err = ApiError;

    fn from_str(verb: &str) -> Result<Self, ApiError> {
        match verb {
            "restart" => Ok(Self::Restart),
            "stop" => Ok(Self::Stop),
            "start" => Ok(Self::Start),
            _ => Err(ApiError::new(Code::NotFound, "an actor can be told to `restart`, `stop` or `start`")),
        }
    }
}

/// An actor before and after an order.
#[derive(Clone, Debug, Serialize, ToSchema, JsonSchema)]
pub(crate) struct ChangeView {
    /// Before.
    old: ActorView,
    /// After.
    new: ActorView,
}

/// Gives an order that came over HTTP.
///
/// # Errors
/// As [`told`], with the field.
pub(in crate::http) async fn give(gateway: &Gateway, id: &ActorId, order: Order) -> Result<ChangeView, ApiError> {
    let change = told(&gateway.supervisor, &*gateway.channels, id, order).await;
    change.map_err(|error| ApiError::from(error).about("id"))
}

/// Gives an order and waits until it is done.
///
/// # Errors
/// The actor is unknown, cannot do that, or has not done it in time.
pub(crate) async fn told(
    supervisor: &Supervisor,
    channels: &dyn ChannelsView,
    id: &ActorId,
    order: Order,
) -> Result<ChangeView, ControlError> {
    let old_link = ActorView::link(channels, id);
    let change = match order {
        Order::Restart => supervisor.restart(id, ORDER_WAIT_MAX).await,
        Order::Stop => supervisor.stop(id, ORDER_WAIT_MAX).await,
        Order::Start => supervisor.start_again(id, ORDER_WAIT_MAX).await,
    }?;
    tracing::info!(event = "admin.order", actor = %id, order = ?order, "told by hand");
    Ok(ChangeView { old: ActorView::of(change.old, old_link), new: ActorView::of(change.new, ActorView::link(channels, id)) })
}
