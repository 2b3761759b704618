//! The actor that routes: it starts sessions when rows wait for them, passes wake-ups on, and lets idle sessions go.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::board::{Board, Found};
use super::casting::{Casting, NoSession, Reconciled};
use crate::core::{
    ActorId, ActorKind, ActorRef, ActorSpec, Behaviour, ControlError, Mailbox, Overflow, Place, Scope, State, TaskHandle,
};
use crate::message::{Ask, Code, Delta, Retired, SessionKey, SessionMessage, Tenure, TurnFailure};
use crate::ports::Store;

/// The actor's id.
pub const REGISTRY: &str = "registry";

/// How many questions wait; above, whoever asks hears "overloaded".
const QUESTIONS_MAX: u32 = 4096;

/// How many questions wait for sessions that are just leaving memory; above, whoever asks hears "unavailable".
const HELD_MAX: usize = 256;

/// How long a session may take to say whether it leaves.
const RETIRE_WAIT: Duration = Duration::from_secs(5);

/// How long the store may take to tell which sessions have open rows.
const RECOVER_WAIT: Duration = Duration::from_secs(60);

/// How soon a session that is just leaving is looked for again.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// How soon what needs others to make room or to mend something is tried again.
const AGAIN_LATER: Duration = Duration::from_secs(1);

/// What the registry can be told.
#[derive(Debug)]
pub enum RegistryMessage {
    /// Hand a turn to its session.
    Ask(Box<Ask>),
    /// A session has had nothing to do for long.
    Idle(SessionKey),
    /// Bring the running channels in step with the settings.
    Reconcile,
}

/// What became of an attempt to reach sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Passed {
    All,
    /// Some have to wait until there is room.
    Crowded,
    /// Some are just leaving memory.
    NotYet,
}

/// The registry.
pub struct RegistryActor {
    board: Arc<Board>,
    casting: Arc<dyn Casting>,
    store: Arc<dyn Store>,
    /// Questions for sessions that are just leaving, in the order they came; at most [`HELD_MAX`].
    held: VecDeque<Ask>,
    /// The one timer for what has to wait, however much it is.
    again: Option<TaskHandle>,
}

impl RegistryActor {
    /// Returns how the actor is made.
    #[must_use]
    pub fn spec(board: &Arc<Board>, casting: &Arc<dyn Casting>, store: &Arc<dyn Store>) -> ActorSpec<Self> {
        let (board, casting, store) = (Arc::clone(board), Arc::clone(casting), Arc::clone(store));
        ActorSpec::new(ActorId::new(REGISTRY), ActorKind::Registry, move || {
            let (board, casting, store) = (Arc::clone(&board), Arc::clone(&casting), Arc::clone(&store));
            Ok(Self { board, casting, store, held: VecDeque::new(), again: None })
        })
        .mailbox(Mailbox { capacity: QUESTIONS_MAX, overflow: Overflow::Reject })
        .place(Place::Routing)
    }

    /// Finds the sessions whose rows were left open by an earlier life of the process or of this actor.
    fn recover(&mut self, scope: &mut Scope<'_, Self>) {
        let rows = self.store.sessions_with_open_rows();
        scope.run(RECOVER_WAIT, rows, |registry, answer, scope| match answer {
            Some(Ok(sessions)) => {
                registry.board.defer_sessions(sessions);
                registry.serve(scope);
            }
            Some(Err(_)) | None => {
                scope.after(AGAIN_LATER, Self::recover);
            }
        });
    }

    fn reconcile(&mut self, scope: &mut Scope<'_, Self>) {
        if self.casting.reconcile(&self.board) == Reconciled::NotYet {
            scope.after(AGAIN_LATER, Self::reconcile);
        }
        // Those that go on take over what needs no new link.
        self.board.ring_channels();
    }

    /// Passes on what waits, and looks again later for what has to wait.
    fn serve(&mut self, scope: &mut Scope<'_, Self>) {
        let passed = self.pass_wakes().max(self.pass_held());
        let wait = match passed {
            Passed::All => return,
            Passed::Crowded => AGAIN_LATER,
            Passed::NotYet => AGAIN_AFTER,
        };
        if self.again.is_none() {
            self.again = Some(scope.after(wait, |registry, scope| {
                registry.again = None;
                registry.serve(scope);
            }));
        }
    }

    /// Wakes the sessions whose rows wait, and starts those that are not in memory: they look for their rows when they start.
    fn pass_wakes(&self) -> Passed {
        let mut passed = Passed::All;
        let mut deferred = Vec::new();
        for session in self.board.take_woken_sessions() {
            // Once one has found no room, there is none for the others: there may be very many.
            let crowded = passed == Passed::Crowded && matches!(self.board.find(&session), Found::Nowhere);
            let failed = match if crowded { Err(Passed::Crowded) } else { self.wake(&session) } {
                Ok(()) => continue,
                Err(failed) => failed,
            };
            passed = passed.max(failed);
            deferred.push(session);
        }
        self.board.defer_sessions(deferred);
        passed
    }

    fn wake(&self, session: &SessionKey) -> Result<(), Passed> {
        match self.kept(session) {
            Ok(actor) => {
                actor.wake();
                Ok(())
            }
            Err(error) => {
                tracing::debug!(event = "session.deferred", actor = %session, "{error}");
                Err(if matches!(error, NoSession::Crowded { .. }) { Passed::Crowded } else { Passed::NotYet })
            }
        }
    }

    /// Hands the questions over whose sessions have left by now.
    fn pass_held(&mut self) -> Passed {
        for ask in std::mem::take(&mut self.held) {
            self.ask(ask);
        }
        if self.held.is_empty() { Passed::All } else { Passed::NotYet }
    }

    fn ask(&mut self, ask: Ask) {
        if ask.deltas.is_closed() {
            return;
        }
        let actor = match ask.tenure {
            Tenure::Once => self.casting.session(&ask.session, Tenure::Once),
            // Whoever came first is answered first.
            Tenure::Kept if self.held.iter().any(|held| held.session == ask.session) => Err(leaving(&ask.session)),
            Tenure::Kept => self.kept(&ask.session),
        };
        match actor {
            Ok(actor) => {
                let deltas = ask.deltas.clone();
                if let Err(error) = actor.tell(SessionMessage::Ask(Box::new(ask))) {
                    refuse(&deltas, error.code(), error.to_string());
                }
            }
            Err(NoSession::Leaving(_)) if self.held.len() < HELD_MAX => self.held.push_back(ask),
            Err(error @ NoSession::Leaving(_)) => refuse(&ask.deltas, Code::Unavailable, error.to_string()),
            Err(error @ NoSession::Crowded { .. }) => refuse(&ask.deltas, Code::Overloaded, error.to_string()),
        }
    }

    /// Returns a session's actor, started when it is not in memory.
    fn kept(&self, session: &SessionKey) -> Result<ActorRef<SessionMessage>, NoSession> {
        match self.board.find(session) {
            Found::Here(actor) => Ok(actor),
            Found::Leaving => Err(leaving(session)),
            Found::Nowhere => {
                let actor = self.casting.session(session, Tenure::Kept)?;
                self.board.add_session(session.clone(), actor.clone());
                if actor.vitals().state() == State::Stopped {
                    // It ended before it was on the board: whoever said so found nothing there.
                    self.board.session_ended(session);
                }
                Ok(actor)
            }
        }
    }

    /// Closes the way to a session, asks whether it leaves, and opens the way again, or a new one, for what came meanwhile.
    fn retire(&self, session: SessionKey, scope: &mut Scope<'_, Self>) {
        let Some(actor) = self.board.close_way(&session) else { return };
        let (sender, leaves) = oneshot::channel();
        if let Err(error) = actor.tell(SessionMessage::Retire(sender)) {
            tracing::debug!(event = "session.unheard", actor = %session, "it was not asked to leave: {error}");
        }
        scope.run(RETIRE_WAIT, leaves, move |registry, answer, scope| {
            match answer.and_then(Result::ok) {
                Some(Retired::Leaving) => registry.board.remove_session(&session),
                Some(Retired::Busy) | None => registry.board.open_way(&session),
            }
            registry.serve(scope);
        });
    }
}

fn leaving(session: &SessionKey) -> NoSession {
    NoSession::Leaving(ControlError::Impossible(format!("`session:{session}` has not answered yet")))
}

fn refuse(deltas: &mpsc::Sender<Delta>, code: Code, message: String) {
    // Nobody has begun to answer, so the sender has room; a client that is gone needs no answer.
    let _ = deltas.try_send(Delta::Failed(TurnFailure { code, message }));
}

impl Behaviour for RegistryActor {
    type Message = RegistryMessage;

    fn started(&mut self, scope: &mut Scope<'_, Self>) {
        // Nobody waits any more for what was asked before a crash.
        self.board.open_ways();
        self.reconcile(scope);
        self.recover(scope);
        self.woken(scope);
    }

    fn receive(&mut self, message: RegistryMessage, scope: &mut Scope<'_, Self>) {
        match message {
            RegistryMessage::Ask(ask) => {
                self.ask(*ask);
                if !self.held.is_empty() {
                    self.serve(scope);
                }
            }
            RegistryMessage::Idle(session) => self.retire(session, scope),
            RegistryMessage::Reconcile => self.reconcile(scope),
        }
    }

    fn woken(&mut self, scope: &mut Scope<'_, Self>) {
        for account in self.board.take_woken_channels() {
            self.board.ring_channel(&account);
        }
        self.serve(scope);
    }
}
