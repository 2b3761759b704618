//! What all incarnations of one actor share.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{self, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;

use super::behaviour::Behaviour;
use super::event::{EventSink, SupervisionEvent, What};
use super::fault::Fault;
use super::limits::ORDERS_MAX;
use super::progress::Board;
use super::seat::Seat;
use super::spec::ActorSpec;
use super::vitals::State;

/// What a hand or the watchdog asks of an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// End in good order and be built anew; also out of any other state.
    Restart,
    /// End in good order and stay so.
    Stop,
    /// Be built if you are not running.
    Start,
    /// Look whether a child has missed its deadline.
    Cut,
    /// Fail on purpose.
    Fault(Fault),
    /// End in good order and be forgotten.
    Retire,
}

/// The lasting part of an actor: its spec, its seat, its record.
pub(super) struct Post<B: Behaviour> {
    pub(super) spec: ActorSpec<B>,
    pub(super) seat: Arc<Seat<B::Message>>,
    pub(super) board: Board,
    events: EventSink,
    record: Mutex<Record>,
    /// The record's generation, to be read without its lock.
    generation: AtomicU64,
    /// Counts how often the actor came to rest: running, blocked or failed.
    settled: AtomicU64,
    /// Counts how often a restart by hand was obeyed.
    restarted: AtomicU64,
    waker: AtomicWaker,
}

/// What only the chain of incarnations that is the actor's at this moment may change.
#[derive(Default)]
pub(super) struct Record {
    generation: u64,
    failures_in_a_row: u32,
    /// When it failed lately; bounded by its intensity, since one more than that is emptied by hand only.
    failed_at: VecDeque<Duration>,
    /// When this incarnation was built.
    born_at: Duration,
    /// They outlive the chain that did not come to obey them.
    orders: VecDeque<Command>,
}

impl<B: Behaviour> Post<B> {
    pub(super) fn new(spec: ActorSpec<B>, seat: Arc<Seat<B::Message>>, events: EventSink) -> Self {
        Self {
            spec,
            seat,
            board: Board::default(),
            events,
            record: Mutex::default(),
            generation: AtomicU64::new(0),
            settled: AtomicU64::new(0),
            restarted: AtomicU64::new(0),
            waker: AtomicWaker::new(),
        }
    }

    /// Begins a new chain of incarnations: the one before it can change nothing any more. Returns what `act` does at that moment.
    pub(super) fn supersede<T>(&self, act: impl FnOnce(u64, &mut Record) -> T) -> T {
        let mut record = self.lock();
        record.generation += 1;
        let generation = record.generation;
        self.generation.store(generation, Ordering::Release);
        act(generation, &mut record)
    }

    /// Changes something as a chain of incarnations; `None` when another one has taken over.
    pub(super) fn act<T>(&self, generation: u64, act: impl FnOnce(&mut Record) -> T) -> Option<T> {
        let mut record = self.lock();
        (record.generation == generation).then(|| act(&mut record))
    }

    /// Tells whether a chain of incarnations is still the actor's.
    pub(super) fn is_current(&self, generation: u64) -> bool {
        self.generation() == generation
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Changes the state. Called with the record in hand.
    pub(super) fn set_state(&self, state: State) {
        self.seat.vitals.set_state(state);
        if matches!(state, State::Running | State::Blocked | State::Failed) {
            self.settled.fetch_add(1, Ordering::Release);
        }
        self.events.stir();
    }

    pub(super) fn state(&self) -> State {
        self.seat.vitals.state()
    }

    pub(super) fn settled(&self) -> u64 {
        self.settled.load(Ordering::Acquire)
    }

    /// Counts a restart by hand. Called when the state is that of the next incarnation: one that has seen the count takes the
    /// state of the one before for nothing.
    pub(super) fn count_restart(&self) {
        self.restarted.fetch_add(1, Ordering::Release);
    }

    pub(super) fn restarted(&self) -> u64 {
        self.restarted.load(Ordering::Acquire)
    }

    pub(super) fn tell(&self, what: What, detail: impl Into<String>) {
        let event = SupervisionEvent { id: self.seat.id.clone(), kind: self.spec.kind, what, detail: detail.into() };
        self.events.tell(event);
    }

    /// Tells that a failure was one too many.
    pub(super) fn tell_gave_up(&self, last: &str) {
        let (most, window_s) = (self.spec.intensity.restarts_max, self.spec.intensity.window.as_secs());
        let detail = format!("more than {most} failures within {window_s} s, the last: {last}; restart it by hand");
        self.tell(What::GaveUp, detail);
    }

    /// Gives an order; the same one twice in a row is one. `false` when too many wait, behind a blocked thread surely.
    pub(super) fn order(&self, command: Command) -> bool {
        {
            let orders = &mut self.lock().orders;
            if orders.len() >= ORDERS_MAX {
                return false;
            }
            if orders.back() != Some(&command) {
                orders.push_back(command);
            }
        }
        self.waker.wake();
        true
    }

    /// Returns the next order for a chain of incarnations.
    pub(super) fn poll_order(&self, generation: u64, cx: &mut task::Context<'_>) -> Poll<Command> {
        let next = self.act(generation, |record| {
            let next = record.orders.pop_front();
            if next.is_none() {
                self.waker.register(cx.waker());
            }
            next
        });
        next.flatten().map_or(Poll::Pending, Poll::Ready)
    }

    /// Forgets all failures: a hand took over.
    pub(super) fn forgive(&self, generation: u64) {
        self.act(generation, Record::forgive);
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    pub(super) fn born(&mut self, now: Duration) {
        self.born_at = now;
    }

    /// Counts a failure; returns the wait before the next start, `None` when it was one failure too many.
    pub(super) fn failed<B: Behaviour>(&mut self, spec: &ActorSpec<B>, now: Duration) -> Option<Duration> {
        if now.saturating_sub(self.born_at) >= spec.stable_after {
            self.failures_in_a_row = 0;
        }
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        self.born_at = now;
        while self.failed_at.front().is_some_and(|&at| now.saturating_sub(at) > spec.intensity.window) {
            self.failed_at.pop_front();
        }
        self.failed_at.push_back(now);
        let restarts_max = usize::try_from(spec.intensity.restarts_max).unwrap_or(usize::MAX);
        (self.failed_at.len() <= restarts_max).then(|| spec.backoff.wait(self.failures_in_a_row))
    }

    fn forgive(&mut self) {
        self.failures_in_a_row = 0;
        self.failed_at = VecDeque::new();
    }
}
