//! The future that keeps one actor alive on one thread.
//!
//! actix's own supervisor does not see panics, restarts at once and without limit, and keeps the old value. This one polls
//! actix's context inside a guard: on a panic the context is not dropped, so the mailbox lives on; its tasks are cancelled, the
//! behaviour is dropped, and after a wait a new one is built in its place.
//!
//! Whatever others can see is changed by [`Post::act`] only: a chain of incarnations whose thread was given up changes nothing.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use actix::dev::ContextFut;
use actix::dev::channel::{AddressReceiver, AddressSender, channel};
use actix::{Addr, Context, Recipient};
use futures_util::future::LocalBoxFuture;
use uuid::Uuid;

use super::behaviour::Behaviour;
use super::error::TellError;
use super::event::What;
use super::guard::guarded;
use super::letter::Letter;
use super::life::{BuildFailure, Life, Phase};
use super::post::{Command, Post};
use super::shell::Shell;
use super::spec::Restart;
use super::vitals::{Exit, Rebirth, State};

type Body<B> = ContextFut<Shell<B>, Context<Shell<B>>>;

/// The reading end of a mailbox.
pub(super) type Inlet<B> = AddressReceiver<Shell<B>>;

/// How a chain of incarnations begins.
pub(super) struct Begin<B: Behaviour> {
    pub(super) generation: u64,
    /// The mailbox to begin with, after a wait; without one the actor stays down until a hand starts it.
    pub(super) mailbox: Option<(Inlet<B>, Duration)>,
    pub(super) rebirth: Rebirth,
    /// The row that the chain before this one had in hand when it blocked its thread.
    pub(super) row_at_crash: Option<Uuid>,
}

enum Stage<B: Behaviour> {
    /// The context is polled.
    Alive(Body<B>),
    /// The context waits for its next start, its mailbox with it.
    Waiting { body: Body<B>, wait: LocalBoxFuture<'static, ()> },
    /// There is no context.
    Down,
    /// The actor is over and forgotten, or another chain of incarnations has taken it.
    Over,
}

pub(super) struct Supervised<B: Behaviour> {
    post: Arc<Post<B>>,
    life: Rc<Life>,
    forget: Box<dyn Fn()>,
    stage: Stage<B>,
    rebirth: Rebirth,
    /// What is told once `started` has returned.
    news: What,
}

/// Makes a mailbox. actix's own bound plays no part: every message takes its place in the seat first.
pub(super) fn mailbox<B: Behaviour>() -> (Recipient<Letter<B::Message>>, Inlet<B>) {
    let (sender, inlet): (AddressSender<Shell<B>>, _) = channel(0);
    (Addr::new(sender).recipient(), inlet)
}

impl<B: Behaviour> Supervised<B> {
    /// Returns a chain of incarnations; `forget` takes the actor off the directory.
    pub(super) fn new(post: Arc<Post<B>>, begin: Begin<B>, forget: Box<dyn Fn()>) -> Self {
        let Begin { generation, mailbox, rebirth, row_at_crash } = begin;
        let life = Rc::new(Life::new(generation, row_at_crash));
        let news = if rebirth == Rebirth::First { What::Started } else { What::Restarted };
        let mut this = Self { post, life, forget, stage: Stage::Down, rebirth, news };
        if let Some((inlet, wait)) = mailbox {
            let body = this.body(inlet);
            this.wait(body, wait);
        }
        this
    }

    fn body(&self, inlet: Inlet<B>) -> Body<B> {
        Context::with_receiver(inlet).into_future(Shell::new(Arc::clone(&self.post), Rc::clone(&self.life)))
    }

    /// Waits for the next start, and in any case until the children of the last incarnation are gone.
    fn wait(&mut self, body: Body<B>, wait: Duration) {
        let sleep = (!wait.is_zero()).then(|| self.post.seat.clock.sleep(wait));
        let life = Rc::clone(&self.life);
        let wait = Box::pin(async move {
            if let Some(sleep) = sleep {
                sleep.await;
            }
            life.orphans_gone().await;
        });
        self.stage = Stage::Waiting { body, wait };
    }

    /// Opens a mailbox and has a behaviour built behind it.
    fn open(&mut self) {
        let (sender, inlet) = mailbox();
        self.act(|post| {
            post.seat.open(sender);
            post.set_state(State::Starting);
        });
        let body = self.body(inlet);
        self.wait(body, Duration::ZERO);
    }

    /// Builds a behaviour in a context that has waited, its mailbox full of what came meanwhile.
    fn build(&mut self, mut body: Body<B>) {
        self.act(|post| post.set_state(State::Starting));
        self.life.phase.set(Phase::Build);
        restart(&mut body);
        self.life.crashed.set(false);
        let now = self.post.seat.clock.elapsed();
        self.post.act(self.life.generation, |record| record.born(now));
        let failure = self.life.build_failure.borrow_mut().take();
        match failure {
            None => {
                let rebirth = std::mem::replace(&mut self.rebirth, Rebirth::Again);
                self.act(|post| post.seat.vitals.born(post.seat.clock.now_ms(), rebirth));
                self.stage = Stage::Alive(body);
            }
            Some(BuildFailure::Blocked(error)) => {
                self.act(|post| {
                    post.seat.vitals.set_error(&error.text);
                    post.seat.vitals.ended(Exit::Failed);
                });
                if self.close(body, State::Blocked, TellError::Blocked) {
                    self.post.tell(What::Blocked, error.text);
                }
            }
            Some(BuildFailure::Panicked(text)) => self.crashed(body, Exit::Panicked, &text),
        }
    }

    /// Ends a context and answers every waiting question with "interrupted"; `false` when the actor is somebody else's by now.
    fn close(&mut self, mut body: Body<B>, state: State, why: TellError) -> bool {
        // In this order: actix restarts no context whose mailbox nobody holds, and whoever finds the mailbox closed looks again.
        self.clear(&mut body);
        self.act(|post| post.seat.close(why));
        drop_guarded(body);
        self.stage = Stage::Down;
        self.act(|post| post.set_state(state)).is_some()
    }

    /// Cancels everything and drops the behaviour; the mailbox stays.
    fn clear(&self, body: &mut Body<B>) {
        self.life.phase.set(Phase::Clear);
        restart(body);
        self.act(|post| post.seat.vitals.set_row_in_hand(None));
    }

    /// Deals with a panic, a hang or an unexpected end: cancels everything, then waits for the next start, gives up, or is over.
    fn crashed(&mut self, mut body: Body<B>, exit: Exit, text: &str) {
        let row = self.post.seat.vitals.row_in_hand().filter(|_| exit != Exit::Stopped);
        self.life.row_at_crash.set(row);
        self.life.crashed.set(exit != Exit::Stopped);
        let noted = self.act(|post| {
            post.seat.vitals.ended(exit);
            post.seat.vitals.set_error(text);
            if exit == Exit::Stuck {
                post.set_state(State::Stuck);
            }
        });
        if noted.is_some() {
            match exit {
                Exit::Stuck => self.post.tell(What::Stuck, text),
                Exit::Panicked => self.post.tell(What::Panicked, text),
                _ => {}
            }
        }
        self.clear(&mut body);
        if self.post.spec.restart == Restart::Temporary {
            return self.over(body, text);
        }
        let post = &self.post;
        let now = post.seat.clock.elapsed();
        match post.act(self.life.generation, |record| record.failed(&post.spec, now)) {
            Some(Some(wait)) => {
                self.wait(body, wait);
                self.news = What::Restarted;
                self.act(|post| post.set_state(State::Backoff));
            }
            Some(None) => {
                self.news = What::Restarted;
                if self.close(body, State::Failed, TellError::Failed) {
                    self.post.tell_gave_up(text);
                }
            }
            None => drop_guarded(body),
        }
    }

    /// Deals with an actor that ended by itself.
    fn ended(&mut self, body: Body<B>) {
        match self.post.spec.restart {
            Restart::Permanent => self.crashed(body, Exit::Stopped, "it ended by itself"),
            Restart::Transient | Restart::Temporary => {
                self.act(|post| post.seat.vitals.ended(Exit::Stopped));
                self.over(body, "it ended by itself");
            }
        }
    }

    /// Ends the actor for good.
    fn over(&mut self, body: Body<B>, why: &str) {
        if self.close(body, State::Stopped, TellError::Stopped) {
            self.leave_directory(why);
        }
    }

    fn leave_directory(&mut self, why: &str) {
        self.stage = Stage::Over;
        // In this order: whoever hears that it stopped may start it anew.
        (self.forget)();
        self.post.tell(What::Stopped, why);
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Start => self.start_by_hand(),
            Command::Restart => self.restart_by_hand(),
            Command::Stop => self.stop_by_hand(),
            Command::Retire => self.retire(),
            Command::Cut => self.cut(),
            Command::Fault(fault) if matches!(self.stage, Stage::Alive(_)) => self.post.seat.drill(fault),
            Command::Fault(_) => {}
        }
    }

    /// Looks again whether a child is late: the one that was may have ended, or been cut, since the order was given.
    fn cut(&mut self) {
        let Some(child) = self.post.board.overdue(self.life.generation, self.post.seat.clock.elapsed()) else { return };
        if let Some(body) = self.take_alive() {
            self.crashed(body, Exit::Stuck, &format!("its child `{child}` has shown no progress in time"));
        }
    }

    fn start_by_hand(&mut self) {
        match self.take_stage() {
            Stage::Down => {
                self.post.forgive(self.life.generation);
                self.open();
            }
            Stage::Waiting { body, .. } => self.wait(body, Duration::ZERO),
            stage @ (Stage::Alive(_) | Stage::Over) => self.stage = stage,
        }
    }

    fn restart_by_hand(&mut self) {
        self.post.forgive(self.life.generation);
        match self.take_stage() {
            Stage::Alive(mut body) => {
                self.news = What::Restarted;
                self.life.row_at_crash.set(None);
                self.act(|post| {
                    post.seat.vitals.ended(Exit::Stopped);
                    post.set_state(State::Starting);
                });
                self.clear(&mut body);
                self.wait(body, Duration::ZERO);
            }
            Stage::Waiting { body, .. } => self.wait(body, Duration::ZERO),
            Stage::Down => self.open(),
            Stage::Over => self.stage = Stage::Over,
        }
        self.act(|post| post.count_restart());
    }

    fn stop_by_hand(&mut self) {
        if self.put_down() {
            self.post.tell(What::Stopped, "by hand");
        }
    }

    fn retire(&mut self) {
        self.put_down();
        self.leave_directory("for good");
    }

    /// Ends whatever there is; answers whether the actor was not stopped before.
    fn put_down(&mut self) -> bool {
        self.news = What::Started;
        self.life.row_at_crash.set(None);
        match self.take_stage() {
            Stage::Alive(body) | Stage::Waiting { body, .. } => {
                self.act(|post| post.seat.vitals.ended(Exit::Stopped));
                self.close(body, State::Stopped, TellError::Stopped)
            }
            Stage::Down => {
                let was = self.post.state();
                self.act(|post| {
                    post.seat.close(TellError::Stopped);
                    post.set_state(State::Stopped);
                });
                was != State::Stopped
            }
            Stage::Over => {
                self.stage = Stage::Over;
                false
            }
        }
    }

    /// Polls the context once; ready when there is something new to look at.
    fn poll_alive(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        let Stage::Alive(body) = &mut self.stage else { return Poll::Pending };
        let settled = self.post.settled();
        let busy = self.post.seat.vitals.busy(&self.post.seat.clock);
        let polled = guarded(|| Pin::new(body).poll(cx));
        drop(busy);
        if self.post.settled() != settled && self.act(|_| ()).is_some() {
            self.post.tell(self.news, "");
        }
        if matches!(polled, Ok(Poll::Pending)) {
            return Poll::Pending;
        }
        if let Some(body) = self.take_alive() {
            match polled {
                Ok(_) => self.ended(body),
                Err(text) => self.crashed(body, Exit::Panicked, &text),
            }
        }
        Poll::Ready(())
    }

    /// Changes what others can see, unless another chain of incarnations has taken the actor over.
    fn act<T>(&self, act: impl FnOnce(&Post<B>) -> T) -> Option<T> {
        self.post.act(self.life.generation, |_| act(&self.post))
    }

    fn take_stage(&mut self) -> Stage<B> {
        std::mem::replace(&mut self.stage, Stage::Down)
    }

    fn take_alive(&mut self) -> Option<Body<B>> {
        match self.take_stage() {
            Stage::Alive(body) => Some(body),
            stage => {
                self.stage = stage;
                None
            }
        }
    }
}

impl<B: Behaviour> Future for Supervised<B> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            if !this.post.is_current(this.life.generation) || matches!(this.stage, Stage::Over) {
                return Poll::Ready(());
            }
            if let Poll::Ready(command) = this.post.poll_order(this.life.generation, cx) {
                this.obey(command);
                continue;
            }
            match &mut this.stage {
                Stage::Alive(_) => task::ready!(this.poll_alive(cx)),
                Stage::Waiting { wait, .. } => {
                    task::ready!(wait.as_mut().poll(cx));
                    if let Stage::Waiting { body, .. } = this.take_stage() {
                        this.build(body);
                    }
                }
                Stage::Down => return Poll::Pending,
                Stage::Over => return Poll::Ready(()),
            }
        }
    }
}

/// The thread ends, or was given up and is free again. In the first case the behaviour may still say goodbye.
impl<B: Behaviour> Drop for Supervised<B> {
    fn drop(&mut self) {
        let mine = self.post.is_current(self.life.generation);
        match self.take_stage() {
            Stage::Alive(body) | Stage::Waiting { body, .. } if mine => {
                self.act(|post| post.seat.vitals.ended(Exit::Killed));
                self.close(body, State::Stopped, TellError::Stopped);
            }
            Stage::Alive(body) | Stage::Waiting { body, .. } => {
                self.life.crashed.set(true);
                drop_guarded(body);
            }
            Stage::Down | Stage::Over => {}
        }
    }
}

/// Cancels a context's tasks and calls the shell's `restarting`.
fn restart<B: Behaviour>(body: &mut Body<B>) {
    if let Err(text) = guarded(|| body.restart()) {
        tracing::warn!(event = "actor.panicked", "while its tasks were cancelled: {text}");
    }
}

fn drop_guarded<B: Behaviour>(body: Body<B>) {
    if let Err(text) = guarded(|| drop(body)) {
        tracing::warn!(event = "actor.panicked", "while its context was dropped: {text}");
    }
}
