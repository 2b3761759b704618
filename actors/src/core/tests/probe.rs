//! An actor that does what a test tells it to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::core::{
    ActorId, ActorKind, ActorRef, ActorSpec, Backoff, Behaviour, BuildError, CallError, Intensity, Reply, Scope,
};

use super::stage::PATIENCE;

type Call = Arc<dyn Fn(u32, &mut Scope<'_, Probe>) + Send + Sync>;
type Built = Arc<dyn Fn(u32) -> Result<(), BuildError> + Send + Sync>;
type Dropped = Arc<dyn Fn(u32) + Send + Sync>;

/// What a probe does besides its messages; each hook is told the number of the incarnation, from 1.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) built: Arc<AtomicU32>,
    build: Built,
    started: Call,
    stopping: Call,
    woken: Call,
    dropped: Dropped,
}

impl Plan {
    pub(super) fn new() -> Self {
        let nothing: Call = Arc::new(|_, _| {});
        Self {
            built: Arc::default(),
            build: Arc::new(|_| Ok(())),
            started: nothing.clone(),
            stopping: nothing.clone(),
            woken: nothing,
            dropped: Arc::new(|_| {}),
        }
    }

    pub(super) fn build(mut self, hook: impl Fn(u32) -> Result<(), BuildError> + Send + Sync + 'static) -> Self {
        self.build = Arc::new(hook);
        self
    }

    pub(super) fn started(mut self, hook: impl Fn(u32, &mut Scope<'_, Probe>) + Send + Sync + 'static) -> Self {
        self.started = Arc::new(hook);
        self
    }

    pub(super) fn stopping(mut self, hook: impl Fn(u32, &mut Scope<'_, Probe>) + Send + Sync + 'static) -> Self {
        self.stopping = Arc::new(hook);
        self
    }

    pub(super) fn woken(mut self, hook: impl Fn(u32, &mut Scope<'_, Probe>) + Send + Sync + 'static) -> Self {
        self.woken = Arc::new(hook);
        self
    }

    pub(super) fn dropped(mut self, hook: impl Fn(u32) + Send + Sync + 'static) -> Self {
        self.dropped = Arc::new(hook);
        self
    }

    /// Returns a spec that restarts at once and does not give up early.
    pub(super) fn spec(&self, id: &str) -> ActorSpec<Probe> {
        let plan = self.clone();
        let build = move || {
            let number = plan.built.fetch_add(1, SeqCst) + 1;
            (plan.build)(number)?;
            Ok(Probe { number, plan: plan.clone() })
        };
        ActorSpec::new(ActorId::new(id.to_owned()), ActorKind::Channel, build)
            .backoff(quick(), Duration::from_secs(30))
            .intensity(Intensity { restarts_max: 10_000, window: Duration::from_secs(300) })
    }
}

/// A back-off of no time.
pub(super) fn quick() -> Backoff {
    Backoff { base: Duration::ZERO, max: Duration::ZERO, jitter: 0.0 }
}

pub(super) struct Probe {
    /// Which incarnation, from 1.
    pub(super) number: u32,
    plan: Plan,
}

impl Drop for Probe {
    fn drop(&mut self) {
        (self.plan.dropped)(self.number);
    }
}

type Code = Box<dyn FnOnce(&mut Probe, &mut Scope<'_, Probe>) + Send>;

/// A message: code to run in the actor.
pub(super) struct Do(Code);

pub(super) fn act(code: impl FnOnce(&mut Probe, &mut Scope<'_, Probe>) + Send + 'static) -> Do {
    Do(Box::new(code))
}

impl Behaviour for Probe {
    type Message = Do;

    fn started(&mut self, scope: &mut Scope<'_, Self>) {
        (self.plan.clone().started)(self.number, scope);
    }

    fn receive(&mut self, message: Do, scope: &mut Scope<'_, Self>) {
        (message.0)(self, scope);
    }

    fn woken(&mut self, scope: &mut Scope<'_, Self>) {
        (self.plan.clone().woken)(self.number, scope);
    }

    fn stopping(&mut self, scope: &mut Scope<'_, Self>) {
        (self.plan.clone().stopping)(self.number, scope);
    }
}

/// Asks which incarnation answers.
pub(super) async fn number(probe: &ActorRef<Do>) -> Result<u32, CallError> {
    probe.ask(|reply: Reply<u32>| act(move |probe, _| reply.send(probe.number)), PATIENCE).await
}

pub(super) fn tell(probe: &ActorRef<Do>, code: impl FnOnce(&mut Probe, &mut Scope<'_, Probe>) + Send + 'static) {
    probe.tell(act(code)).expect("the mailbox takes it");
}

/// Puts the question which incarnation answers into the mailbox, now.
pub(super) fn question(probe: &ActorRef<Do>) -> tokio::sync::oneshot::Receiver<u32> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    tell(probe, move |probe, _| {
        let _ = sender.send(probe.number);
    });
    receiver
}

/// Holds the actor's thread in its handler until what is returned is dropped, for a minute at the most. It is held already when
/// this returns.
pub(super) fn block(probe: &ActorRef<Do>) -> Sender<()> {
    let (open, gate) = channel();
    let (enter, entered) = channel();
    tell(probe, move |_, _| hold_thread(&enter, &gate));
    entered.recv().expect("the handler is reached");
    open
}

/// Says that it holds the thread, and does so until the gate opens.
pub(super) fn hold_thread(enter: &Sender<()>, gate: &Receiver<()>) {
    enter.send(()).expect("somebody waits for it");
    let _ = gate.recv_timeout(Duration::from_secs(60));
}
