//! What sessions, channels and clients may ask of the registry, without knowing it.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{
    AccountKey, Activation, Ask, Draft, EventBody, Floor, InboxId, LinkStatus, Listener, Outbound, OutboxId, PieceRules, Route,
    RunId, Runs, SessionKey, Speech, TraceId,
};

/// Why a turn could not be handed to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskError {
    /// The registry's or the session's mailbox is full.
    Overloaded,
    /// The gateway is draining, or the registry is being restarted.
    Unavailable,
}

/// An account's rules for outgoing text.
pub trait Shaper: Send + Sync {
    /// Cuts an answer into payloads that the platform takes in one piece each, in the order of sending; none when there is nothing
    /// to send.
    fn shape(&self, outbound: Outbound) -> Vec<Outbound>;

    /// Cuts what follows on the beginning of an answer.
    fn shape_rest(&self, outbound: Outbound) -> Vec<Outbound> {
        self.shape(outbound)
    }

    /// Returns how answers leave while their turns run.
    fn speech(&self) -> Speech {
        Speech::default()
    }

    /// Returns how many bytes at the beginning of a text that still grows are whole paragraphs: up to a blank line outside of code
    /// fences, no more than `chars_max` characters where one ends before. A paragraph that is longer than `piece_max` counts up to
    /// the best place before it, and one that may be cut before up to there. None where the platform's answers leave whole.
    fn whole_part(&self, text: &str, rules: PieceRules) -> usize {
        let _ = (text, rules);
        0
    }

    /// Shows what a turn has so far, at best effort: the next draft of the same message, or the message itself, takes its place.
    fn show(&self, draft: Draft) {
        drop(draft);
    }

    /// Says whether the turn that answers a message speaks.
    fn floor(&self, trace: TraceId, floor: Floor) {
        let _ = (trace, floor);
    }

    /// Says that inbox rows are answered once a payload is sent; without one, all of their answer has left already. At best effort, and
    /// said again where the turn is.
    fn answered(&self, rows: &[InboxId], last: Option<OutboxId>) {
        let _ = (rows, last);
    }
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

    /// Returns the rules of an account; `None` for one that is not known.
    fn shaper(&self, account: &AccountKey) -> Option<Arc<dyn Shaper>> {
        let _ = account;
        None
    }

    /// Makes an account's rules for outgoing text known, and that it is running.
    fn channel_up(&self, account: &AccountKey, shaper: Arc<dyn Shaper>);

    /// Records where an account's link stands; read by health and the admin lists.
    fn link_changed(&self, account: &AccountKey, status: LinkStatus);

    /// Says that a session has nothing to do; the registry alone decides whether it leaves memory.
    fn session_idle(&self, session: &SessionKey);

    /// Tells everybody who listens. Dropped for a listener whose backlog is full.
    fn publish(&self, body: EventBody);

    /// Answers when everybody who listens has been told of all that was published before; the dropped sender says that nobody
    /// knows.
    fn heard(&self, done: oneshot::Sender<()>) {
        drop(done);
    }

    /// Ends the turn that runs in a session, whichever or only the one named, and says why; the dropped sender says that none runs.
    /// A turn that is named, ordered in that session and not yet begun is called off.
    fn abort(&self, session: &SessionKey, run: Option<RunId>, why: &'static str, done: oneshot::Sender<Option<RunId>>);

    /// Says that somebody changed what the store has of a session: its settings, its transcript. It reads anew.
    fn session_changed(&self, session: &SessionKey);

    /// Returns when a session answers in a group, by its own word; `None` where it has none, or nobody keeps such words.
    fn activation(&self, session: &SessionKey) -> Option<Activation> {
        let _ = session;
        None
    }

    /// Says what a session's own word on that is from now on. Whoever changed it in the store says so.
    fn set_activation(&self, session: &SessionKey, activation: Option<Activation>) {
        let _ = (session, activation);
    }

    /// Returns the book of the turns that control clients ordered.
    fn runs(&self) -> &Runs;

    /// Has a listener hear everything that happens from now on.
    fn listen(&self, listener: Arc<dyn Listener>);

    /// Returns whether anybody listens, so that events for nobody are not made.
    fn has_listeners(&self) -> bool;
}
