//! Socket.IO during a connection's life: opened, lost, opened again, while messages come by calls.

use std::time::Duration;

use super::Pump;
use super::jobs::Done;
use crate::channel::mochat::ladder::Ladder;
use crate::channel::mochat::places::Told;
use crate::channel::mochat::shared::Way;
use crate::socketio::{CloseReason, Emitter, Event, OpenError, Session, Steps, Transport};

/// How long the server has to hear a goodbye.
const GOODBYE_WAIT: Duration = Duration::from_millis(500);

/// Where Socket.IO stands.
#[derive(Debug)]
pub(super) enum State {
    /// It is opened at a moment of the clock.
    Off { again: Duration },
    /// It is being opened.
    Opening,
    /// It stands, and the server is being asked to tell of the places.
    Joining(Session),
    /// It stands, and the server tells.
    Live(Session),
}

/// Socket.IO with what is remembered of it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) state: State,
    ladder: Ladder,
    steps: Steps,
    /// How many sessions were opened.
    pub(super) opened: u64,
    /// How frames travel, while there is a session.
    transport: Transport,
    /// Since when the server tells, on the clock.
    live_since: Option<Duration>,
    /// Whether the server is being asked to tell of more places.
    pub(super) asking: Asking,
    /// How many events of a session it is asked for at once: fewer where answers are too long.
    pub(super) limit: u32,
}

/// Whether a request for places is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    No,
    Yes,
}

impl Line {
    /// Returns one that is opened at once.
    pub(super) fn new(limit: u32) -> Self {
        Self {
            state: State::Off { again: Duration::ZERO },
            ladder: Ladder::default(),
            steps: Steps::default(),
            opened: 0,
            transport: Transport::WebSocket,
            live_since: None,
            asking: Asking::No,
            limit,
        }
    }

    /// Returns what speaks to the server, where there is a session.
    pub(super) fn emitter(&self) -> Option<Emitter> {
        match &self.state {
            State::Joining(session) | State::Live(session) => Some(session.emitter()),
            State::Off { .. } | State::Opening => None,
        }
    }

    /// Takes over that the answer to a request for places may have been too long.
    pub(super) fn ask_for_fewer(&mut self) {
        self.limit = (self.limit / 2).max(1);
    }

    /// Returns whether the server tells of the places that it was asked for.
    pub(super) const fn is_live(&self) -> bool {
        matches!(self.state, State::Live(_))
    }

    /// Returns when it is opened again, on the clock, where it is not open.
    pub(super) const fn again(&self) -> Option<Duration> {
        match &self.state {
            State::Off { again } => Some(*again),
            _ => None,
        }
    }

    /// Returns whether there is a session to listen to.
    pub(super) const fn stands(&self) -> bool {
        matches!(self.state, State::Joining(_) | State::Live(_))
    }

    /// Waits for what the session says; for ever where there is none.
    pub(super) async fn next(&mut self) -> Event {
        match &mut self.state {
            State::Joining(session) | State::Live(session) => session.next().await,
            State::Off { .. } | State::Opening => std::future::pending().await,
        }
    }

    /// Says goodbye.
    pub(super) async fn close(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Off { again: Duration::MAX });
        if let State::Joining(session) | State::Live(session) = state {
            session.close(GOODBYE_WAIT).await;
        }
    }
}

impl Pump {
    /// Opens what is due, and has the server tell of places that are new.
    pub(super) fn keep_line(&mut self) {
        match &self.line.state {
            State::Off { again } if *again <= self.clock.elapsed() => {
                self.line.state = State::Opening;
                let (settings, token) = (self.bounds.socket.clone(), self.sender.token.clone());
                let (start, clock) = (self.line.steps.start(), self.clock.clone());
                self.job(async move { Done::Opened(Box::new(settings.open(token, start, clock).await)) });
            }
            State::Live(_) if self.line.asking == Asking::No => self.join(),
            _ => {}
        }
    }

    pub(super) fn opened(&mut self, opened: Result<Session, OpenError>) {
        match opened {
            Ok(session) => {
                let how = session.opened();
                for attempt in &how.tried {
                    tracing::info!(event = "mochat.socket", actor = %self.account, transport = attempt.transport.name(), parser = attempt.parser.name(), "not this way: {}", attempt.fault);
                }
                tracing::info!(event = "mochat.socket", actor = %self.account, transport = how.transport.name(), parser = how.parser.name(), "open");
                self.line.transport = how.transport;
                self.line.opened += 1;
                self.line.state = State::Joining(session);
                // A new session is asked for everything: what was refused before may be all that it tells of.
                self.places.all_mut().for_each(|spot| spot.told = Told::No);
                self.join();
                if self.line.asking == Asking::No {
                    self.is_live();
                }
            }
            Err(error) => {
                // Also where it names the token: calls go on, and say so if it counts no more.
                self.off(format!("{}: {error}", self.bounds.socket.base));
            }
        }
    }

    pub(super) fn is_live(&mut self) {
        let state = std::mem::replace(&mut self.line.state, State::Opening);
        let (State::Joining(session) | State::Live(session)) = state else { return self.line.state = state };
        if self.shared.way() == Way::Rest {
            self.go_over(Way::of(self.line.transport));
        }
        self.line.live_since.get_or_insert(self.clock.elapsed());
        self.line.state = State::Live(session);
        self.shared.set_trouble(None);
    }

    /// Takes in what the session says.
    pub(super) fn said(&mut self, event: Event) {
        match event {
            Event::Message(incoming) => self.incoming(incoming),
            Event::Alive => {}
            Event::TransportChanged(transport) => {
                self.line.transport = transport;
                if self.line.is_live() {
                    self.go_over(Way::of(transport));
                }
            }
            Event::ProbeFailed { fault, again_in } => {
                tracing::info!(event = "mochat.socket", actor = %self.account, again_ms = again_in.as_millis(), "no WebSocket yet: {fault}");
            }
            Event::Unreadable(reason) => {
                tracing::warn!(event = "mochat.socket", actor = %self.account, "something could not be read, and everything is asked for again: {reason}");
                if self.line.asking == Asking::Yes {
                    self.line.ask_for_fewer();
                }
                self.tell_again();
            }
            Event::Closed(closed) => {
                self.line.steps.note(&closed);
                // The answer to a request for places may have been longer than is read.
                if self.line.asking == Asking::Yes && matches!(closed.reason, CloseReason::Unreadable(_)) {
                    self.line.ask_for_fewer();
                }
                self.lost(format!("{}: {}", closed.transport.name(), closed.reason));
            }
        }
    }

    /// Has the server asked anew for every place that it told of.
    fn tell_again(&mut self) {
        for spot in self.places.all_mut().filter(|spot| spot.told == Told::Yes) {
            spot.told = Told::No;
        }
    }

    /// Goes on by calls, and opens Socket.IO again after a while.
    pub(super) fn lost(&mut self, why: String) {
        self.go_over(Way::Rest);
        self.tell_again();
        self.places.all_mut().for_each(|spot| spot.due = Duration::ZERO);
        self.off(why);
    }

    fn off(&mut self, why: String) {
        let now = self.clock.elapsed();
        match self.line.live_since.take() {
            Some(since) => self.line.ladder.lived(now.saturating_sub(since)),
            None => self.line.ladder.failed(),
        }
        let wait = self.line.ladder.wait(&self.bounds.socket);
        tracing::warn!(event = "mochat.socket", actor = %self.account, again_ms = wait.as_millis(), "{why}");
        self.shared.set_trouble(Some(why));
        self.line.asking = Asking::No;
        // The session's task ends with it.
        self.line.state = State::Off { again: now + wait };
        self.count_by_calls();
    }
}
