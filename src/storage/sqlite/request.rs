//! One thing asked of the writer.

use callboard_actors::ports::StoreError;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::tx::{Fault, Outcome, Tx};

/// A request in the writer's queue. It may be run more than once: again after a rollback that was not its fault.
pub(super) trait Request: Send {
    /// Does the work, keeping a refusal for the answer.
    ///
    /// # Errors
    /// Only what ends the whole transaction.
    fn run(&mut self, tx: &mut Tx<'_>) -> rusqlite::Result<()>;

    /// Answers whoever waits, after the commit or instead of it.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);

    /// Returns whether nobody waits for it: it is then tried again until it is done.
    fn is_note(&self) -> bool;
}

/// A request whose caller waits.
pub(super) struct Call<T, W> {
    work: W,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
    /// The place in the queue, free again after the answer.
    _room: OwnedSemaphorePermit,
}

impl<T, W> Call<T, W> {
    /// Returns a request and where its answer will be.
    pub(super) fn new(work: W, room: OwnedSemaphorePermit) -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (reply, answer) = oneshot::channel();
        (Self { work, outcome: None, reply, _room: room }, answer)
    }
}

impl<T, W> Request for Call<T, W>
where
    T: Send,
    W: FnMut(&mut Tx<'_>) -> Outcome<T> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> rusqlite::Result<()> {
        self.outcome = Some(match (self.work)(tx) {
            Ok(value) => Ok(value),
            Err(Fault::Refused(error)) => Err(error),
            Err(Fault::Sql(error)) => return Err(error),
        });
        Ok(())
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let outcome = match (commit, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(StoreError::Unavailable { reason: "the request was not run".into() }),
            (Err(error), _) => Err(error),
        };
        // A caller that went away has nothing to hear.
        let _ = self.reply.send(outcome);
    }

    fn is_note(&self) -> bool {
        false
    }
}

/// A request that nobody waits for.
pub(super) struct Note<W> {
    what: &'static str,
    work: W,
}

impl<W> Note<W> {
    /// Returns a request that is done sooner or later; `what` names it in the log.
    pub(super) const fn new(what: &'static str, work: W) -> Self {
        Self { what, work }
    }
}

impl<W> Request for Note<W>
where
    W: FnMut(&mut Tx<'_>) -> Outcome<()> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> rusqlite::Result<()> {
        match (self.work)(tx) {
            Ok(()) => Ok(()),
            Err(Fault::Refused(error)) => {
                tracing::warn!(event = "store.refused", what = self.what, %error, "the store refused a write that nobody waits for");
                Ok(())
            }
            Err(Fault::Sql(error)) => Err(error),
        }
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        if let Err(error) = commit {
            tracing::error!(event = "store.dropped", what = self.what, %error, "a write that nobody waits for was given up");
        }
    }

    fn is_note(&self) -> bool {
        true
    }
}
