//! What holders keep of an actor: a name that outlives every restart.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::error::{CallError, TellError};
use super::ids::ActorId;
use super::seat::Seat;
use super::vitals::Vitals;

/// A way to tell an actor things. It stays good over restarts: what is told during a back-off waits in the mailbox. Cheap to clone.
pub struct ActorRef<M: Send + 'static>(pub(super) Arc<Seat<M>>);

impl<M: Send + 'static> ActorRef<M> {
    /// Returns the actor's name.
    #[must_use]
    pub fn id(&self) -> &ActorId {
        &self.0.id
    }

    /// Returns the actor's counters.
    #[must_use]
    pub fn vitals(&self) -> &Arc<Vitals> {
        &self.0.vitals
    }

    /// Puts a message into the mailbox and does not wait. It waits there over crashes and restarts, but not over a stop, a
    /// give-up or the loss of a blocked thread: whatever must not be lost has to be in a row first.
    ///
    /// # Errors
    /// The mailbox is full and its rule is to reject, or nobody reads it.
    pub fn tell(&self, message: M) -> Result<(), TellError> {
        self.0.tell(message)
    }

    /// Asks for an answer and waits for it, at most until the deadline.
    ///
    /// # Errors
    /// The question was not taken, was in hand at a crash, or was not answered in time.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(Reply<T>) -> M,
        deadline: Duration,
    ) -> Result<T, CallError> {
        let (sender, receiver) = oneshot::channel();
        self.tell(question(Reply(sender)))?;
        match self.0.clock.within(deadline, receiver).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(_)) => Err(CallError::Interrupted),
            None => Err(CallError::Timeout),
        }
    }

    /// Says "something waits for you". However often it is said before the actor looks, the actor looks once; takes no place
    /// in the mailbox. After each call a [`super::Behaviour::woken`] or a [`super::Behaviour::started`] begins: an actor that is
    /// not running has to look when it starts.
    pub fn wake(&self) {
        self.0.wake();
    }

    /// Returns a way to wake the actor for whoever has nothing else to tell it.
    #[must_use]
    pub fn bell(&self) -> Bell {
        let seat = Arc::clone(&self.0);
        Bell(Arc::new(move || seat.wake()))
    }
}

/// A way to wake one actor, whatever it can be told otherwise. Cheap to clone.
#[derive(Clone)]
pub struct Bell(Arc<dyn Fn() + Send + Sync>);

impl Bell {
    /// Says "something waits for you", as [`ActorRef::wake`] does.
    pub fn ring(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bell")
    }
}

impl<M: Send + 'static> Clone for ActorRef<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M: Send + 'static> fmt::Debug for ActorRef<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorRef({})", self.0.id)
    }
}

/// Where an answer goes. Dropped without an answer, it tells whoever asked that the actor was interrupted.
#[derive(Debug)]
pub struct Reply<T>(oneshot::Sender<T>);

impl<T> Reply<T> {
    /// Answers. Whoever asked may have stopped waiting; then the answer is dropped.
    pub fn send(self, answer: T) {
        let _ = self.0.send(answer);
    }
}
