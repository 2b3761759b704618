//! Orders by hand to one actor.

use std::time::Duration;

use callboard_actors::core::{ActorId, ControlError};
use callboard_actors::message::Code;
use serde::Serialize;
use utoipa::ToSchema;

use super::actors::ActorView;
use crate::http::error::ApiError;
use crate::http::gateway::Gateway;

/// How long an order may take before it is answered with 504; it goes on all the same.
const ORDER_WAIT_MAX: Duration = Duration::from_secs(5);

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Order {
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
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct ChangeView {
    /// Before.
    old: ActorView,
    /// After.
    new: ActorView,
}

/// Gives an order and waits until it is done.
///
/// # Errors
/// The actor is unknown, cannot do that, or has not done it in time.
pub(in crate::http) async fn give(gateway: &Gateway, id: &ActorId, order: Order) -> Result<ChangeView, ApiError> {
    let supervisor = &gateway.supervisor;
    let old_link = ActorView::link(gateway, id);
    let change = match order {
        Order::Restart => supervisor.restart(id, ORDER_WAIT_MAX).await,
        Order::Stop => supervisor.stop(id, ORDER_WAIT_MAX).await,
        Order::Start => supervisor.start_again(id, ORDER_WAIT_MAX).await,
    };
    let change = change.map_err(|error: ControlError| ApiError::from(error).about("id"))?;
    tracing::info!(event = "admin.order", actor = %id, order = ?order, "told by hand");
    Ok(ChangeView { old: ActorView::of(change.old, old_link), new: ActorView::of(change.new, ActorView::link(gateway, id)) })
}
