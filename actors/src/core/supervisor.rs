//! The one who starts actors, keeps the list of them, and takes orders by hand.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::actor_ref::ActorRef;
use super::behaviour::Behaviour;
use super::clock::Clock;
use super::directory::Directory;
use super::entry::Posted;
use super::error::ControlError;
use super::event::{EventSink, SupervisionEvent};
use super::fault::Fault;
use super::ids::{ActorId, ActorKind};
use super::lanes::Lanes;
use super::limits::BLOCK_DRILL_FACTOR;
use super::post::{Command, Post};
use super::report::ActorReport;
use super::seat::Seat;
use super::spec::ActorSpec;
use super::vitals::State;
use super::watchdog::Watchdog;

/// The settings of supervision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervision {
    /// How many threads channels, sessions and clients share; at least 1.
    pub threads: usize,
    /// How long a thread may be blocked before it is given up; also how long a drill hangs before it is noticed.
    pub stuck_after: Duration,
}

impl Default for Supervision {
    /// One thread less than the machine has cores; 10 s.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { threads: cores.saturating_sub(1).max(1), stuck_after: Duration::from_secs(10) }
    }
}

/// Starts, lists and restarts actors. Cheap to clone; the threads end with [`Supervisor::shut_down`].
#[derive(Clone)]
pub struct Supervisor(Arc<Inner>);

struct Inner {
    directory: Arc<Directory>,
    settings: Supervision,
    clock: Clock,
    events: EventSink,
    watchdog: Watchdog,
}

impl Supervisor {
    /// Starts the threads and the watchdog. Must be called inside an actix system.
    #[must_use]
    pub fn new(settings: Supervision, clock: Clock) -> Self {
        let directory = Arc::new(Directory::new(Lanes::new(settings.threads)));
        let watchdog = Watchdog::start(Arc::clone(&directory), clock.clone(), settings.stuck_after);
        Self(Arc::new(Inner { directory, settings, clock, events: EventSink::default(), watchdog }))
    }

    /// Returns the clock that all actors go by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Has acts of supervision told to one listener, beside the log. Only the first call counts.
    pub fn listen(&self, listener: impl Fn(&SupervisionEvent) + Send + Sync + 'static) {
        self.0.events.listen(Arc::new(listener));
    }

    /// Starts an actor and does not wait for it: what is told to it meanwhile waits in its mailbox.
    ///
    /// # Errors
    /// An actor of that id is there already, or the threads have ended.
    pub fn start<B: Behaviour>(&self, spec: ActorSpec<B>) -> Result<ActorRef<B::Message>, ControlError> {
        let directory = &self.0.directory;
        let seat = Arc::new(Seat::new(spec.id.clone(), spec.mailbox, self.0.clock.clone()));
        let lane = directory.lanes.choose(spec.place, &spec.id);
        let post = Arc::new(Post::new(spec, Arc::clone(&seat), self.0.events.clone()));
        directory.launch(Arc::new(Posted::new(post, lane, Arc::downgrade(directory))))?;
        Ok(ActorRef(seat))
    }

    /// Restarts an actor in good order, out of any state, and waits until its `started` has returned.
    ///
    /// # Errors
    /// It is unknown, or has not come up within the deadline.
    pub async fn restart(&self, id: &ActorId, deadline: Duration) -> Result<Change, ControlError> {
        // An incarnation that is just coming up is not the one that was asked for.
        self.change(id, Command::Restart, deadline, |since, state| {
            since.restarted && matches!(state, State::Running | State::Blocked | State::Failed)
        })
        .await
    }

    /// Starts an actor that is stopped, blocked or failed; one that runs is left alone.
    ///
    /// # Errors
    /// It is unknown, or has not come up within the deadline.
    pub async fn start_again(&self, id: &ActorId, deadline: Duration) -> Result<Change, ControlError> {
        self.change(id, Command::Start, deadline, |since, state| {
            state == State::Running || since.settled && matches!(state, State::Blocked | State::Failed)
        })
        .await
    }

    /// Stops an actor in good order; it stays listed and can be started again.
    ///
    /// # Errors
    /// It is unknown, is one that everything needs, or has not stopped within the deadline.
    pub async fn stop(&self, id: &ActorId, deadline: Duration) -> Result<Change, ControlError> {
        let entry = self.0.directory.find(id)?;
        if matches!(entry.kind(), ActorKind::Registry | ActorKind::Store | ActorKind::Fanout) {
            return Err(ControlError::Impossible(format!("`{id}` cannot be stopped, everything needs it: restart it instead")));
        }
        self.change(id, Command::Stop, deadline, |_, state| state == State::Stopped).await
    }

    /// Stops an actor in good order and takes it off the list; one that is unknown is off it already.
    pub fn retire(&self, id: &ActorId) {
        if let Ok(entry) = self.0.directory.find(id) {
            entry.order(Command::Retire);
        }
    }

    /// Has an actor restarted in good order and does not wait for it; one that is unknown is left alone.
    pub fn restart_soon(&self, id: &ActorId) {
        if let Ok(entry) = self.0.directory.find(id) {
            entry.order(Command::Restart);
        }
    }

    /// Returns how many actors there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.directory.count()
    }

    /// Makes an actor fail on purpose; one that is not running keeps its state.
    ///
    /// # Errors
    /// It is unknown, or too many orders wait for it already.
    pub fn fault(&self, id: &ActorId, drill: Drill) -> Result<(), ControlError> {
        let stuck_after = self.0.settings.stuck_after;
        let fault = match drill {
            Drill::Panic => Fault::Panic,
            Drill::Stop => Fault::Stop,
            Drill::Hang => Fault::Hang(stuck_after),
            Drill::Block => Fault::Block(stuck_after * BLOCK_DRILL_FACTOR),
        };
        let entry = self.0.directory.find(id)?;
        if entry.order(Command::Fault(fault)) { Ok(()) } else { Err(too_many_orders(id)) }
    }

    /// Returns how one actor is.
    ///
    /// # Errors
    /// It is unknown.
    pub fn report(&self, id: &ActorId) -> Result<ActorReport, ControlError> {
        self.0.directory.find(id).map(|entry| ActorReport::of(entry.as_ref()))
    }

    /// Returns how all actors are, in the order of their ids.
    #[must_use]
    pub fn reports(&self) -> Vec<ActorReport> {
        self.0.directory.all().iter().map(|entry| ActorReport::of(entry.as_ref())).collect()
    }

    /// Looks at deadlines and threads now, instead of waiting for the watchdog's next round; with a manual clock these are the
    /// only rounds. A thread is given up when it owes an answer at two of them in a row.
    pub fn sweep(&self) {
        self.0.watchdog.sweep();
    }

    /// Returns how many threads have not answered the watchdog's last round yet.
    #[cfg(test)]
    pub(super) fn owing(&self) -> usize {
        self.0.directory.lanes.owing()
    }

    /// Stops every actor of a kind in good order and waits for them, at most until the deadline.
    pub async fn stop_kind(&self, kind: ActorKind, deadline: Duration) {
        let entries: Vec<_> = self.0.directory.all().into_iter().filter(|entry| entry.kind() == kind).collect();
        for entry in &entries {
            entry.order(Command::Stop);
        }
        let down = || entries.iter().all(|entry| entry.state() == State::Stopped);
        let _ = self.0.clock.within(deadline, self.0.events.until(down)).await;
    }

    /// Ends the watchdog and the threads with everything on them.
    pub fn shut_down(&self) {
        self.0.watchdog.stop();
        self.0.directory.lanes.stop();
    }

    /// Lets go of what actors are made of and of who is told of them, which may hold each other and this. For a process that goes
    /// on after a shutdown with other actors; nothing is listed any more.
    pub fn let_go(&self) {
        self.0.events.forget();
        self.0.directory.clear();
    }

    /// Gives an order and waits until it is done: `done` is told what has happened since, and the state.
    async fn change(
        &self,
        id: &ActorId,
        command: Command,
        deadline: Duration,
        done: impl Fn(Since, State) -> bool,
    ) -> Result<Change, ControlError> {
        let entry = self.0.directory.find(id)?;
        let old = ActorReport::of(entry.as_ref());
        let (settled, restarted) = (entry.settled(), entry.restarted());
        if !entry.order(command) {
            return Err(too_many_orders(id));
        }
        let done = || {
            // In this order: a state from before would be taken for one from after.
            let since = Since { settled: entry.settled() != settled, restarted: entry.restarted() != restarted };
            done(since, entry.state())
        };
        match self.0.clock.within(deadline, self.0.events.until(done)).await {
            Some(()) => Ok(Change { old, new: ActorReport::of(entry.as_ref()) }),
            None => Err(ControlError::Timeout(id.to_string(), deadline.as_secs())),
        }
    }
}

/// What has happened to an actor since an order.
#[derive(Clone, Copy)]
struct Since {
    /// It has come to rest.
    settled: bool,
    /// It has obeyed a restart.
    restarted: bool,
}

fn too_many_orders(id: &ActorId) -> ControlError {
    ControlError::Impossible(format!("too many orders wait for `{id}` already: try again when its thread answers"))
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervisor").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

/// An actor before and after an order by hand.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Change {
    /// Before.
    pub old: ActorReport,
    /// After.
    pub new: ActorReport,
}

/// A failure to practise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Drill {
    /// A panic in the handler.
    Panic,
    /// A wait that never ends.
    Hang,
    /// A blocked thread.
    Block,
    /// An end by itself.
    Stop,
}
