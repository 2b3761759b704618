//! The one actix actor type there is. It holds a behaviour and gives it the floor.

use std::rc::Rc;
use std::sync::Arc;
use std::task;
use std::time::Duration;

use actix::fut::wrap_future;
use actix::{Actor, ActorContext as _, ActorState, AsyncContext as _, Context, Handler, Running, Supervised};

use super::behaviour::Behaviour;
use super::fault::Fault;
use super::guard::guarded;
use super::letter::Letter;
use super::life::{BuildFailure, Life, Phase};
use super::limits::BURST_CALLS_MAX;
use super::post::Post;
use super::scope::Scope;
use super::tasks::Tasks;
use super::vitals::State;

pub(super) struct Shell<B: Behaviour> {
    behaviour: Option<B>,
    post: Arc<Post<B>>,
    life: Rc<Life>,
    /// Made with the first timer or task of an incarnation; most idle actors have none.
    tasks: Option<Box<Tasks<B>>>,
    /// Messages since the neighbours last had their turn.
    burst: u32,
    presence: Presence,
}

/// Whether a behaviour has to be told when it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    NotStarted,
    Started,
}

impl<B: Behaviour> Shell<B> {
    /// Returns a shell without a behaviour.
    pub(super) fn new(post: Arc<Post<B>>, life: Rc<Life>) -> Self {
        Self { behaviour: None, post, life, tasks: None, burst: 0, presence: Presence::NotStarted }
    }

    /// Gives the behaviour the floor; nothing happens while there is none, or when its thread was given up.
    pub(super) fn with(&mut self, ctx: &mut Context<Self>, act: impl FnOnce(&mut B, &mut Scope<'_, B>)) {
        if let Some(behaviour) = &mut self.behaviour
            && self.post.is_current(self.life.generation)
        {
            act(behaviour, &mut Scope { ctx, post: &self.post, life: &self.life, tasks: &mut self.tasks });
        }
    }

    /// Takes the steps that are due, a burst of them at the most, and none while something goes in front of the mailbox.
    pub(super) fn take_steps(&mut self, ctx: &mut Context<Self>, cx: &mut task::Context<'_>) {
        for _ in 0..BURST_CALLS_MAX {
            // Not `ctx.waiting()`: that is so after each burst of messages, and a flood would keep the timers from firing.
            if self.life.is_held() || ctx.state() != ActorState::Running {
                return;
            }
            let Some(step) = self.tasks.as_mut().and_then(|tasks| tasks.poll_step(cx)) else { return };
            self.with(ctx, step);
        }
        cx.waker().wake_by_ref();
    }

    /// Builds a behaviour; what goes wrong is left for the supervised future.
    fn build(&mut self) {
        let failure = match guarded(|| (self.post.spec.build)()) {
            Ok(Ok(behaviour)) => {
                self.behaviour = Some(behaviour);
                return;
            }
            Ok(Err(error)) => BuildFailure::Blocked(error),
            Err(text) => BuildFailure::Panicked(text),
        };
        *self.life.build_failure.borrow_mut() = Some(failure);
    }

    /// Lets a behaviour that did not crash say goodbye, then drops its tasks and it; a panic on the way is only told.
    fn clear(&mut self, ctx: &mut Context<Self>) {
        if self.presence == Presence::Started && !self.life.crashed.get() {
            let goodbye = guarded(|| self.with(ctx, |behaviour, scope| behaviour.stopping(scope)));
            self.told(goodbye);
        }
        self.presence = Presence::NotStarted;
        self.empty();
    }

    fn empty(&mut self) {
        self.post.board.clear(self.life.generation);
        let tasks = self.tasks.take();
        self.told(guarded(|| drop(tasks)));
        let behaviour = self.behaviour.take();
        self.told(guarded(|| drop(behaviour)));
    }

    fn told(&self, ended: Result<(), String>) {
        if let Err(text) = ended {
            self.post.act(self.life.generation, |_| self.post.seat.vitals.set_error(&text));
            tracing::warn!(event = "actor.panicked", actor = %self.post.seat.id, "while it ended: {text}");
        }
    }

    /// Lets the neighbours on the thread have their turn after a burst: actix drains a mailbox without end otherwise.
    fn count_burst(&mut self, ctx: &mut Context<Self>) {
        self.burst += 1;
        if self.burst >= BURST_CALLS_MAX {
            self.burst = 0;
            ctx.wait(wrap_future(tokio::task::yield_now()));
        }
    }

    fn fail(&self, fault: Fault, ctx: &mut Context<Self>) {
        match fault {
            Fault::Panic => panic_on_purpose(),
            Fault::Stop => ctx.stop(),
            Fault::Hang(patience) => {
                let progress = self.post.board.register(self.life.generation, "drill", patience, &self.post.seat.clock);
                ctx.wait(wrap_future(async move {
                    std::future::pending::<()>().await;
                    drop(progress);
                }));
            }
            Fault::Block(time) => block_thread(time),
        }
    }
}

impl<B: Behaviour> Drop for Shell<B> {
    fn drop(&mut self) {
        self.empty();
    }
}

impl<B: Behaviour> Actor for Shell<B> {
    type Context = Context<Self>;

    /// actix calls this also when a context is dropped that never started; then there is no behaviour.
    fn started(&mut self, ctx: &mut Context<Self>) {
        if self.behaviour.is_none() {
            return;
        }
        self.presence = Presence::Started;
        self.with(ctx, |behaviour, scope| behaviour.started(scope));
        self.post.act(self.life.generation, |_| self.post.set_state(State::Running));
    }

    fn stopping(&mut self, ctx: &mut Context<Self>) -> Running {
        self.clear(ctx);
        Running::Stop
    }
}

impl<B: Behaviour> Supervised for Shell<B> {
    fn restarting(&mut self, ctx: &mut Context<Self>) {
        match self.life.phase.get() {
            Phase::Clear => self.clear(ctx),
            Phase::Build => self.build(),
        }
    }
}

impl<B: Behaviour> Handler<Letter<B::Message>> for Shell<B> {
    type Result = ();

    fn handle(&mut self, letter: Letter<B::Message>, ctx: &mut Context<Self>) {
        self.count_burst(ctx);
        match letter {
            Letter::Told(tracked) => {
                if let Some(message) = tracked.take() {
                    self.with(ctx, |behaviour, scope| behaviour.receive(message, scope));
                }
            }
            Letter::Ring => {
                self.post.seat.answer_bell();
                self.with(ctx, |behaviour, scope| behaviour.woken(scope));
            }
            Letter::Fault(fault) => self.fail(fault, ctx),
        }
    }
}

#[expect(clippy::panic, reason = "this is what was asked for")]
fn panic_on_purpose() {
    panic!("a drill asked for this panic");
}

/// Blocks the thread as faulty code would, for a bounded time.
fn block_thread(time: Duration) {
    std::thread::sleep(time);
}
