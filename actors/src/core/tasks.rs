//! The timers and futures of one incarnation.
//!
//! actix keeps such futures itself, but polls all of them at each message, passes some over for as long as a mailbox is never
//! empty, and lets a cancelled handle of one incarnation hit a future of the next. So its context holds a single item, the
//! [`Driver`], and the futures are kept here.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{self, Poll};

use actix::fut::ActorFuture;
use actix::{AsyncContext as _, Context};
use futures_util::StreamExt as _;
use futures_util::future::{AbortHandle, Abortable, LocalBoxFuture};
use futures_util::stream::FuturesUnordered;

use super::behaviour::Behaviour;
use super::guard::guarded;
use super::life::Hold;
use super::scope::Scope;
use super::shell::Shell;

/// What a behaviour does when a future is over.
pub(super) type Step<B> = Box<dyn FnOnce(&mut B, &mut Scope<'_, B>)>;

pub(super) struct Tasks<B: Behaviour> {
    running: FuturesUnordered<Abortable<Errand<B>>>,
    handles: HashMap<u64, AbortHandle>,
    newest: u64,
}

impl<B: Behaviour> Tasks<B> {
    /// Returns an empty set that the context drives from now on.
    pub(super) fn new(ctx: &mut Context<Shell<B>>) -> Self {
        ctx.spawn(Driver);
        Self { running: FuturesUnordered::new(), handles: HashMap::new(), newest: 0 }
    }

    /// Adds a future; returns its number, which never comes again in this incarnation.
    pub(super) fn add(&mut self, work: LocalBoxFuture<'static, Step<B>>) -> u64 {
        self.newest += 1;
        let (handle, registration) = AbortHandle::new_pair();
        self.handles.insert(self.newest, handle);
        self.running.push(Abortable::new(Errand { number: self.newest, work: Some(work) }, registration));
        self.newest
    }

    /// Has a future dropped before the actor waits again.
    pub(super) fn cancel(&mut self, number: u64) {
        if let Some(handle) = self.handles.remove(&number) {
            handle.abort();
        }
    }

    /// Returns the next step that is due.
    pub(super) fn poll_step(&mut self, cx: &mut task::Context<'_>) -> Option<Step<B>> {
        while let Poll::Ready(Some(over)) = self.running.poll_next_unpin(cx) {
            // One that was cancelled when it was over already takes no step either.
            if let Ok((number, step)) = over
                && self.handles.remove(&number).is_some()
            {
                return Some(step);
            }
        }
        None
    }
}

/// A future with its number. Its drop never panics, so that one bad drop does not become two at once, which ends the process.
pub(super) struct Errand<B: Behaviour> {
    number: u64,
    work: Option<LocalBoxFuture<'static, Step<B>>>,
}

impl<B: Behaviour> Future for Errand<B> {
    type Output = (u64, Step<B>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let number = self.number;
        match &mut self.work {
            Some(work) => work.as_mut().poll(cx).map(|step| (number, step)),
            None => Poll::Pending,
        }
    }
}

impl<B: Behaviour> Drop for Errand<B> {
    fn drop(&mut self) {
        let work = self.work.take();
        if let Err(text) = guarded(|| drop(work)) {
            tracing::warn!(event = "actor.panicked", "while a task was dropped: {text}");
        }
    }
}

/// The one item of an actix context: gives the behaviour the floor for each step that is due.
struct Driver;

impl<B: Behaviour> ActorFuture<Shell<B>> for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, shell: &mut Shell<B>, ctx: &mut Context<Shell<B>>, cx: &mut task::Context<'_>) -> Poll<()> {
        shell.take_steps(ctx, cx);
        Poll::Pending
    }
}

/// A future in front of the mailbox: actix handles nothing else until it is over.
pub(super) struct Held<B: Behaviour> {
    errand: Errand<B>,
    _hold: Hold,
}

impl<B: Behaviour> Held<B> {
    pub(super) fn new(work: LocalBoxFuture<'static, Step<B>>, hold: Hold) -> Self {
        Self { errand: Errand { number: 0, work: Some(work) }, _hold: hold }
    }
}

impl<B: Behaviour> ActorFuture<Shell<B>> for Held<B> {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        shell: &mut Shell<B>,
        ctx: &mut Context<Shell<B>>,
        cx: &mut task::Context<'_>,
    ) -> Poll<()> {
        let (_, step) = task::ready!(Pin::new(&mut self.errand).poll(cx));
        shell.with(ctx, step);
        Poll::Ready(())
    }
}
