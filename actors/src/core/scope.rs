//! What a behaviour may do while it has the floor.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{ActorContext as _, AsyncContext as _, Context};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::actor_ref::ActorRef;
use super::behaviour::Behaviour;
use super::clock::Clock;
use super::guard::guarded;
use super::ids::ActorId;
use super::life::{Hold, Life};
use super::post::Post;
use super::progress::{Progress, Registration};
use super::shell::Shell;
use super::tasks::{Held, Step, Tasks};
use super::vitals::Exit;

/// Names a timer or a task of this incarnation, for cancelling it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskHandle(u64);

/// The floor: timers, child tasks and the actor's own name, for the length of one call.
///
/// Everything begun here belongs to the incarnation: a restart cancels it, and a panic in it is a panic of the actor.
pub struct Scope<'a, B: Behaviour> {
    pub(super) ctx: &'a mut Context<Shell<B>>,
    pub(super) post: &'a Arc<Post<B>>,
    pub(super) life: &'a Rc<Life>,
    pub(super) tasks: &'a mut Option<Box<Tasks<B>>>,
}

impl<B: Behaviour> Scope<'_, B> {
    /// Returns the actor's name.
    #[must_use]
    pub fn id(&self) -> &ActorId {
        &self.post.seat.id
    }

    /// Returns the actor's own ref.
    #[must_use]
    pub fn myself(&self) -> ActorRef<B::Message> {
        ActorRef(Arc::clone(&self.post.seat))
    }

    /// Returns the clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.post.seat.clock
    }

    /// Returns how the incarnation before this one ended.
    #[must_use]
    pub fn last_exit(&self) -> Option<Exit> {
        self.post.seat.vitals.last_exit()
    }

    /// Returns the row that the incarnation before this one had in hand when it crashed; `None` after an end in good order, or
    /// when its thread was lost through somebody else's fault.
    #[must_use]
    pub fn row_at_crash(&self) -> Option<Uuid> {
        self.life.row_at_crash.get()
    }

    /// Records the row that is being worked on, so that a crash can be counted against it; `None` when it is done.
    pub fn in_hand(&mut self, row: Option<Uuid>) {
        self.post.act(self.life.generation, |_| self.post.seat.vitals.set_row_in_hand(row));
    }

    /// Does something after a while.
    pub fn after(&mut self, wait: Duration, then: impl FnOnce(&mut B, &mut Scope<'_, B>) + 'static) -> TaskHandle {
        let sleep = self.clock().sleep(wait);
        self.spawn_local(step(sleep, |behaviour, (), scope| then(behaviour, scope)))
    }

    /// Waits for a future beside the mailbox, at most until the limit; `None` when the limit was reached first.
    pub fn run<T: 'static>(
        &mut self,
        limit: Duration,
        future: impl Future<Output = T> + 'static,
        then: impl FnOnce(&mut B, Option<T>, &mut Scope<'_, B>) + 'static,
    ) -> TaskHandle {
        let clock = self.clock().clone();
        self.spawn_local(step(async move { clock.within(limit, future).await }, then))
    }

    /// Waits for a future in front of everything: until it is over, at most until the limit, no message is handled, no timer
    /// fires and no child is heard. Orders by hand still come through.
    pub fn hold<T: 'static>(
        &mut self,
        limit: Duration,
        future: impl Future<Output = T> + 'static,
        then: impl FnOnce(&mut B, Option<T>, &mut Scope<'_, B>) + 'static,
    ) {
        let clock = self.clock().clone();
        let work = step(async move { clock.within(limit, future).await }, then);
        self.ctx.wait(Held::new(work, Hold::new(self.life)));
    }

    /// Starts a task of its own for talk with the outside, on the actor's thread. It must stamp its [`Progress`] within
    /// `patience`, else the actor is stuck; when the actor restarts it is cut, and is gone with all it holds before the next
    /// incarnation is built; when it panics the actor has panicked.
    pub fn child<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &mut self,
        name: &'static str,
        patience: Duration,
        task: impl FnOnce(Progress) -> F,
        then: impl FnOnce(&mut B, T, &mut Scope<'_, B>) + 'static,
    ) -> TaskHandle {
        let progress = self.post.board.register(self.life.generation, name, patience, self.clock());
        let registration = progress.registration();
        let task = tokio::spawn(watched(Arc::clone(self.post), task(progress)));
        let owned = Owned { task, life: Rc::clone(self.life), _registration: registration };
        self.spawn_local(step(owned.join(), |behaviour, output, scope| match output {
            Some(output) => then(behaviour, output, scope),
            // Only the end of its thread cuts a task whose actor is still there.
            None => scope.stop(),
        }))
    }

    /// Cancels a timer or a task; over already, nothing happens.
    pub fn cancel(&mut self, handle: TaskHandle) {
        if let Some(tasks) = self.tasks {
            tasks.cancel(handle.0);
        }
    }

    /// Ends this incarnation after the current call. A permanent actor is built again, which counts as a failure.
    pub fn stop(&mut self) {
        self.ctx.stop();
    }

    fn spawn_local(&mut self, work: LocalBoxFuture<'static, Step<B>>) -> TaskHandle {
        let tasks = self.tasks.get_or_insert_with(|| Box::new(Tasks::new(self.ctx)));
        TaskHandle(tasks.add(work))
    }
}

/// Returns a future that ends with what the behaviour is to do next.
fn step<B: Behaviour, T: 'static>(
    future: impl Future<Output = T> + 'static,
    then: impl FnOnce(&mut B, T, &mut Scope<'_, B>) + 'static,
) -> LocalBoxFuture<'static, Step<B>> {
    let step = |output| -> Step<B> { Box::new(move |behaviour, scope| then(behaviour, output, scope)) };
    future.map(step).boxed_local()
}

/// Runs a child task: its time counts as the actor's, and its panic is kept with the place in the source.
async fn watched<B: Behaviour, T>(post: Arc<Post<B>>, task: impl Future<Output = T> + Send) -> Result<T, String> {
    let mut task = pin!(task);
    poll_fn(|cx| {
        let _busy = post.seat.vitals.busy(&post.seat.clock);
        match guarded(|| task.as_mut().poll(cx)) {
            Ok(polled) => polled.map(Ok),
            Err(text) => std::task::Poll::Ready(Err(text)),
        }
    })
    .await
}

/// A child task that ends with its owner.
struct Owned<T> {
    task: JoinHandle<Result<T, String>>,
    life: Rc<Life>,
    /// A child that is over can miss no deadline, whoever still has its [`Progress`].
    _registration: Registration,
}

impl<T> Owned<T> {
    /// Waits for the task; its panic goes on here, in its actor. `None` when it was cut.
    async fn join(mut self) -> Option<T> {
        match (&mut self.task).await {
            Ok(Ok(output)) => Some(output),
            Ok(Err(text)) => std::panic::resume_unwind(Box::new(text)),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => None,
        }
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if !self.task.is_finished() {
            self.task.abort();
            self.life.orphan(self.task.abort_handle());
        }
    }
}
