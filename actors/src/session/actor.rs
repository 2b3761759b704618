//! The actor of one conversation: one turn at a time, in the order of arrival, each answered once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::closing::Began;
use super::gate::TurnPass;
use super::lanes::LanePass;
use super::memory::Memory;
use super::parts::SessionParts;
use super::queue::Standing;
use super::seed::Seed;
use super::settings::SessionSettings;
use crate::core::{ActorId, ActorKind, ActorSpec, Behaviour, Exit, Restart, Scope, TaskHandle};
use crate::message::{Ask, Code, Delta, Retired, SessionKey, SessionMessage, Tenure, TurnFailure};
use crate::ports::CrashCount;

/// How many clients may wait for one session; above, a client hears "overloaded".
pub const ASKS_MAX: usize = 32;

/// How long the store may take for one request before the session looks anew at its rows.
pub(super) const STORE_WAIT: Duration = Duration::from_secs(30);

/// How soon a request that the store could not serve is made again.
pub(super) const STORE_AGAIN: Duration = Duration::from_secs(1);

/// One conversation with an agent.
pub struct SessionActor {
    pub(super) key: SessionKey,
    pub(super) tenure: Tenure,
    pub(super) parts: Arc<SessionParts>,
    pub(super) work: Work,
    /// Clients that wait, at most [`ASKS_MAX`].
    pub(super) asks: VecDeque<Ask>,
    pub(super) rows: Rows,
    /// Who goes next when both wait, so that neither keeps the other out.
    pub(super) favoured: Favoured,
    pub(super) memory: Memory,
    /// Whether turns may have been lost with the incarnation before this one.
    pub(super) past: Past,
    last_work: Duration,
    /// Held from the moment that something is taken in hand until it is written down.
    pub(super) pass: Option<TurnPass>,
    /// Held while a turn runs.
    pub(super) lane: Option<LanePass>,
    pub(super) queue: Standing,
}

/// Whether inbox rows may be waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    None,
    Waiting,
}

/// Whether there was an incarnation before this one whose turns nobody has asked after yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Past {
    None,
    Unsettled,
}

/// Whose turn it is between clients that wait and rows that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Favoured {
    Asks,
    Rows,
}

pub(super) enum Work {
    /// Nothing is in hand.
    Idle,
    /// The store was asked for something.
    Storing,
    /// What a turn needs is being read, or a failed one waits for its next try.
    Preparing { seed: Seed, task: TaskHandle },
    /// A turn runs; once told to stop it has no more to be told.
    Turning { seed: Seed, began: Began, stop: Option<oneshot::Sender<&'static str>> },
}

impl SessionActor {
    /// Returns how the actor is made; its id is `session:<key>`.
    #[must_use]
    pub fn spec(key: &SessionKey, tenure: Tenure, parts: Arc<SessionParts>) -> ActorSpec<Self> {
        let id = ActorId::new(format!("session:{key}"));
        let key = key.clone();
        let restart = match tenure {
            Tenure::Once => Restart::Temporary,
            Tenure::Kept => Restart::Transient,
        };
        ActorSpec::new(id, ActorKind::Session, move || Ok(Self::new(key.clone(), tenure, Arc::clone(&parts)))).restart(restart)
    }

    fn new(key: SessionKey, tenure: Tenure, parts: Arc<SessionParts>) -> Self {
        Self {
            key,
            tenure,
            parts,
            work: Work::Idle,
            asks: VecDeque::new(),
            rows: Rows::None,
            favoured: Favoured::Asks,
            memory: Memory::new(tenure),
            past: Past::None,
            last_work: Duration::ZERO,
            pass: None,
            lane: None,
            queue: Standing::default(),
        }
    }

    pub(super) fn settings(&self) -> Arc<SessionSettings> {
        self.parts.settings.get()
    }

    /// Begins whatever is to be done next.
    pub(super) fn next(&mut self, scope: &mut Scope<'_, Self>) {
        if !matches!(self.work, Work::Idle) {
            return;
        }
        (self.pass, self.lane) = (None, None);
        self.look_away(scope);
        self.last_work = scope.clock().elapsed();
        self.forget_lost_asks();
        if self.asks.is_empty() && self.rows == Rows::None {
            self.rest(scope);
            return;
        }
        self.pass = self.parts.gate.enter();
        if self.pass.is_none() {
            self.queue.granted = None;
            self.turn_away(scope);
        } else if let Some(ask) = self.next_ask() {
            self.begin(Seed::ask(ask), scope);
        } else if self.finds_room(scope) {
            self.fetch(scope);
        } else if !self.asks.is_empty() {
            // The rows wait for room now, and keep no client out.
            self.next(scope);
        }
    }

    fn next_ask(&mut self) -> Option<Ask> {
        let rows_first = self.queue.stop_waits || (self.rows == Rows::Waiting && self.favoured == Favoured::Rows);
        // Rows that wait for room in their lane keep no client out.
        if rows_first && self.queue.room.is_none() {
            return None;
        }
        self.favoured = Favoured::Rows;
        self.asks.pop_front()
    }

    /// Drops clients that went away while they waited: nobody would hear their turns.
    fn forget_lost_asks(&mut self) {
        self.asks.retain(|ask| !ask.deltas.is_closed());
    }

    fn rest(&mut self, scope: &mut Scope<'_, Self>) {
        if self.queue.quiet.is_none() {
            self.queue.engaged = false;
        }
        if self.tenure == Tenure::Once {
            scope.stop();
        }
    }

    /// The gateway is going down: rows wait for its next start, clients are told.
    fn turn_away(&mut self, scope: &mut Scope<'_, Self>) {
        let message = "the gateway is going down: ask again when it is back";
        self.asks.drain(..).for_each(|ask| refuse(&ask, Code::Unavailable, message));
        if self.tenure == Tenure::Once {
            scope.stop();
        }
    }

    fn enqueue(&mut self, ask: Ask, scope: &mut Scope<'_, Self>) {
        self.forget_lost_asks();
        if self.asks.len() >= ASKS_MAX {
            let message = format!("{ASKS_MAX} clients wait for this session already: ask again later");
            refuse(&ask, Code::Overloaded, &message);
            return;
        }
        self.asks.push_back(ask);
        self.next(scope);
    }

    fn retire(&self, leaves: oneshot::Sender<Retired>, scope: &mut Scope<'_, Self>) {
        let idle =
            matches!(self.work, Work::Idle) && self.asks.is_empty() && self.rows == Rows::None && self.queue.quiet.is_none();
        let answer = if idle { Retired::Leaving } else { Retired::Busy };
        if leaves.send(answer).is_ok() && idle {
            scope.stop();
        }
    }

    /// Tells the registry when nothing was done for long; looks again as long as it is there.
    fn watch_idleness(&mut self, scope: &mut Scope<'_, Self>) {
        let limit = self.settings().passivate_after;
        let idle_for = scope.clock().elapsed().saturating_sub(self.last_work);
        let idle = matches!(self.work, Work::Idle) && idle_for >= limit;
        if idle {
            // The last lines of a client's turn are written behind its answer, so that they are kept until now.
            self.memory.lines = None;
            self.parts.switchboard.session_idle(&self.key);
        }
        let rest = if idle { limit } else { limit.saturating_sub(idle_for) };
        scope.after(rest.max(STORE_AGAIN), Self::watch_idleness);
    }
}

fn refuse(ask: &Ask, code: Code, message: &str) {
    // Nothing was sent before, so there is room; a client that is gone needs no answer.
    let _ = ask.deltas.try_send(Delta::Failed(TurnFailure { code, message: message.to_owned() }));
}

impl Behaviour for SessionActor {
    type Message = SessionMessage;

    fn started(&mut self, scope: &mut Scope<'_, Self>) {
        if self.tenure == Tenure::Once {
            return;
        }
        self.last_work = scope.clock().elapsed();
        if scope.last_exit().is_some() {
            self.past = Past::Unsettled;
        }
        let crashed = matches!(scope.last_exit(), Some(Exit::Panicked | Exit::Stuck));
        let max = self.settings().crashes_max;
        self.recover(if crashed { CrashCount::Counted { max } } else { CrashCount::Uncounted }, scope);
        self.watch_idleness(scope);
    }

    fn receive(&mut self, message: SessionMessage, scope: &mut Scope<'_, Self>) {
        match message {
            SessionMessage::Ask(ask) => self.enqueue(*ask, scope),
            SessionMessage::Abort { run, why, done } => {
                // Whoever asked may have stopped waiting.
                let _ = done.send(self.stop_turn(run.as_ref(), why, scope));
            }
            // A session for one turn has read nothing.
            SessionMessage::Changed if self.tenure == Tenure::Once => {}
            SessionMessage::Changed => self.memory.changed(),
            SessionMessage::Retire(leaves) => self.retire(leaves, scope),
        }
    }

    fn woken(&mut self, scope: &mut Scope<'_, Self>) {
        self.rows = Rows::Waiting;
        self.note_arrival(scope);
        if matches!(self.work, Work::Turning { .. } | Work::Preparing { .. }) {
            self.look_soon(scope);
        }
        self.next(scope);
    }
}
