//! What an actor does, apart from how it is kept alive.

use super::scope::Scope;

/// An actor's own code. Its shell gives it messages one at a time; a panic anywhere in it costs this value and nothing else:
/// the next one is built from the spec and the settings of that moment, and what waits in the mailbox waits on.
pub trait Behaviour: Sized + Unpin + 'static {
    /// What it can be told.
    type Message: Send + 'static;

    /// Begins an incarnation. Rows left open by the one before are to be looked for here, and whatever somebody may have
    /// [woken](super::ActorRef::wake) the actor for while it was down.
    fn started(&mut self, scope: &mut Scope<'_, Self>) {
        let _ = scope;
    }

    /// Handles one message.
    fn receive(&mut self, message: Self::Message, scope: &mut Scope<'_, Self>);

    /// Looks for what waits: somebody called [`super::ActorRef::wake`], once or more.
    fn woken(&mut self, scope: &mut Scope<'_, Self>) {
        let _ = scope;
    }

    /// Ends an incarnation that has started and did not crash; what it begins here is cancelled right after. A panic here, or
    /// in `Drop`, is logged and changes nothing; but two panics in one drop end the process, as everywhere in Rust.
    fn stopping(&mut self, scope: &mut Scope<'_, Self>) {
        let _ = scope;
    }
}
