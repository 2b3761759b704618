//! What sessions, channels and clients may ask of the registry, without knowing it.

use std::sync::Arc;

use super::{AccountKey, Ask, EventBody, LinkStatus, Outbound, Route, SessionKey};

/// Why a turn could not be handed to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskError {
    /// The registry's or the session's mailbox is full.
    Overloaded,
    /// The gateway is draining, or the registry is being restarted.
    Unavailable,
}

/// Cuts an answer into payloads that a platform takes in one piece each.
pub trait Shaper: Send + Sync {
    /// Returns the payloads in the order of sending; none when there is nothing to send.
    fn shape(&self, outbound: Outbound) -> Vec<Outbound>;
}

/// The way from one actor to another: wake-ups, routes and events. The registry implements it; tests put a double in its place.
///
/// A wake-up says "rows wait for you" and carries nothing, so it coalesces and never overflows.
pub trait Switchboard: Send + Sync {
    /// Returns the session that a message belongs to, by the current table of routes.
    fn resolve(&self, route: &Route) -> SessionKey;

    /// Says that inbox rows wait for a session; starts it when it is not running.
    fn wake_session(&self, session: &SessionKey);

    /// Says that outbox rows wait for an account; ignored while it is not running, since it looks at its rows when it starts.
    fn wake_channel(&self, account: &AccountKey);

    /// Hands a turn to its session; the answer comes through the sender in it.
    ///
    /// # Errors
    /// Gives back why not; nothing was begun then.
    fn ask(&self, ask: Ask) -> Result<(), AskError>;

    /// Cuts an answer by the rules of the account that will send it; one payload as it is for an unknown account.
    fn shape(&self, outbound: Outbound) -> Vec<Outbound>;

    /// Makes an account's rules for outgoing text known, and that it is running.
    fn channel_up(&self, account: &AccountKey, shaper: Arc<dyn Shaper>);

    /// Records where an account's link stands; read by health and the admin lists.
    fn link_changed(&self, account: &AccountKey, status: LinkStatus);

    /// Says that a session has nothing to do; the registry alone decides whether it leaves memory.
    fn session_idle(&self, session: &SessionKey);

    /// Tells everybody who listens. Dropped for a listener whose backlog is full.
    fn publish(&self, body: EventBody);

    /// Returns whether anybody listens, so that events for nobody are not made.
    fn has_listeners(&self) -> bool;
}
