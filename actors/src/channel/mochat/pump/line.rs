//! Socket.IO during a connection's life: opened, lost, opened again, while messages come by calls.

use std::time::Duration;

use serde_json::Value;

use super::hear::Came;
use super::jobs::Done;
use super::{End, Pump};
use crate::channel::mochat::message::{Message, text_at};
use crate::channel::mochat::payload::Payload;
use crate::channel::mochat::places::{Busy, Held, Phase, Spot, Told};
use crate::channel::mochat::shared::Way;
use crate::channel::mochat::socket::{Join, JoinError};
use crate::socketio::{Event, Fault, Incoming, OpenError, Session, Steps, Transport};

/// How long the server has to hear a goodbye.
const GOODBYE_WAIT: Duration = Duration::from_millis(500);
/// Words of a refusal that is the token's fault, in lower case.
const TOKEN_WORDS: [&str; 4] = ["token", "unauthorized", "auth", "forbidden"];

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
    failures: u32,
    steps: Steps,
    /// How frames travel, while there is a session.
    transport: Transport,
    /// Whether the server is being asked to tell of more places.
    asking: Asking,
}

/// Whether a request for places is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    No,
    Yes,
}

impl Line {
    /// Returns one that is opened at once.
    pub(super) fn new() -> Self {
        Self {
            state: State::Off { again: Duration::ZERO },
            failures: 0,
            steps: Steps::default(),
            transport: Transport::WebSocket,
            asking: Asking::No,
        }
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
                self.line.state = State::Joining(session);
                self.join();
                if self.line.asking == Asking::No {
                    self.is_live();
                }
            }
            Err(error) => {
                let url = &self.bounds.socket.base;
                if let Fault::Refused { message, .. } = &error.fault
                    && TOKEN_WORDS.iter().any(|word| message.to_lowercase().contains(word))
                {
                    let text = format!(
                        "{url}: unauthorized: clawToken is wrong or has expired ({message}). Set the agent's current token"
                    );
                    self.end = Some(End::BadToken(text));
                    return;
                }
                tracing::warn!(event = "mochat.socket", actor = %self.account, "{url}: {error}");
                self.off();
            }
        }
    }

    /// Asks the server to tell of the places that it was not asked for.
    fn join(&mut self) {
        let (State::Joining(session) | State::Live(session)) = &self.line.state else { return };
        let mut join = Join { limit: self.bounds.limit, ..Join::default() };
        for spot in self.places.all().filter(|spot| spot.told == Told::No) {
            if spot.place.is_session() {
                join.sessions.insert(spot.place.id.clone(), spot.heard);
            } else {
                join.panels.push(spot.place.id.clone());
            }
        }
        if join.sessions.is_empty() && join.panels.is_empty() {
            return;
        }
        join.panels.sort();
        self.line.asking = Asking::Yes;
        let (emitter, timeout) = (session.emitter(), self.bounds.socket.timeout);
        self.job(async move {
            let answer = join.run(&emitter, timeout).await;
            Done::Joined { join, answer }
        });
    }

    pub(super) fn joined(&mut self, join: Join, answer: Result<Vec<Result<Payload, String>>, JoinError>) {
        self.line.asking = Asking::No;
        if !self.line.stands() {
            return;
        }
        let payloads = match answer {
            Ok(payloads) => payloads,
            Err(error) => {
                tracing::warn!(event = "mochat.socket", actor = %self.account, "the server does not tell of the places: {error}");
                return self.lost();
            }
        };
        for id in join.sessions.keys().chain(&join.panels) {
            let Some(spot) = self.places.get_mut(id) else { continue };
            spot.told = Told::Yes;
            // What a panel missed before is nowhere but in its list of messages, and a list that is being read may be too old.
            if !spot.place.is_session() {
                if matches!(spot.phase, Phase::Live) {
                    spot.phase = Phase::behind();
                }
                if spot.busy == Busy::Yes {
                    spot.busy = Busy::Overtaken;
                }
            }
            spot.due = Duration::ZERO;
        }
        for payload in payloads {
            match payload {
                Ok(payload) => {
                    let from = join.sessions.get(&payload.place).copied().flatten().unwrap_or(0);
                    let full = payload.events.as_ref().is_some_and(|events| events.len() >= join.limit as usize);
                    let id = payload.place.clone();
                    self.session_events(payload, Came::Asked { from });
                    let went_on = |spot: &&mut Spot| spot.heard > Some(from) && matches!(spot.phase, Phase::Live);
                    if let Some(spot) = self.places.get_mut(&id).filter(|spot| full && went_on(spot)) {
                        // There is more, which nobody would tell.
                        spot.told = Told::No;
                    }
                }
                Err(reason) => tracing::warn!(event = "mochat.socket", actor = %self.account, "{reason}"),
            }
        }
        self.is_live();
    }

    fn is_live(&mut self) {
        let state = std::mem::replace(&mut self.line.state, State::Opening);
        let (State::Joining(session) | State::Live(session)) = state else { return self.line.state = state };
        if self.shared.way() == Way::Rest {
            self.go_over(Way::of(self.line.transport));
        }
        self.line.failures = 0;
        self.line.state = State::Live(session);
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
                self.tell_again();
            }
            Event::Closed(closed) => {
                tracing::warn!(event = "mochat.socket", actor = %self.account, transport = closed.transport.name(), "{}", closed.reason);
                self.line.steps.note(&closed);
                self.lost();
            }
        }
    }

    /// Has the server asked anew for every place.
    fn tell_again(&mut self) {
        self.places.all_mut().for_each(|spot| spot.told = Told::No);
    }

    /// Goes on by calls, and opens Socket.IO again after a while.
    fn lost(&mut self) {
        self.go_over(Way::Rest);
        self.tell_again();
        self.places.all_mut().for_each(|spot| spot.due = Duration::ZERO);
        self.off();
    }

    fn off(&mut self) {
        self.line.failures = self.line.failures.saturating_add(1);
        let wait = self.bounds.socket.wait(self.line.failures);
        self.line.asking = Asking::No;
        // The session's task ends with it.
        self.line.state = State::Off { again: self.clock.elapsed() + wait };
    }

    fn incoming(&mut self, incoming: Incoming) {
        let Incoming { name, args, ack } = incoming;
        if let (Some(ack), State::Joining(session) | State::Live(session)) = (ack, &self.line.state) {
            let emitter = session.emitter();
            self.job(async move {
                // Whether the server hears it changes nothing.
                let _ = emitter.answer(ack, Vec::new()).await;
                Done::Answered
            });
        }
        let about = args.first().unwrap_or(&Value::Null);
        let read = match name.as_str() {
            "claw.session.events" => Payload::read(about).map(|payload| self.session_events(payload, Came::Pushed)),
            "claw.panel.events" => Payload::read(about).map(|payload| self.panel_events(payload)),
            "notify:chat.message.add" => self.panel_note(about),
            "notify:chat.inbox.append" => self.inbox_note(about),
            _ => {
                tracing::debug!(event = "mochat.socket", actor = %self.account, "an event of no concern");
                Ok(())
            }
        };
        if let Err(reason) = read {
            tracing::warn!(event = "mochat.socket", actor = %self.account, "{reason}");
        }
    }

    fn panel_events(&mut self, payload: Payload) {
        for event in payload.events.unwrap_or_default() {
            match event.message {
                Some(Ok(message)) => self.arrive(&payload.place, message),
                Some(Err(unreadable)) => self.bad(&payload.place, unreadable, None),
                None => {}
            }
        }
    }

    /// A message of a panel, told to everybody in its group.
    fn panel_note(&mut self, about: &Value) -> Result<(), String> {
        let panel = text_at(about, "converseId").or_else(|| text_at(about, "panelId"));
        let Some(panel) = panel.filter(|panel| self.places.get(panel).is_some_and(|spot| !spot.place.is_session())) else {
            return Ok(());
        };
        let message = Message::read(about)?;
        if message.group.is_some() {
            self.arrive(&panel, message);
        }
        Ok(())
    }

    /// A note that a conversation has something new. Comes beside the session's own event, and without the writer's name. One without
    /// the message's id or its whole text would be another message than the event's: then the session is asked.
    fn inbox_note(&mut self, about: &Value) -> Result<(), String> {
        let note = about.get("payload").unwrap_or(&Value::Null);
        if about.get("type").and_then(Value::as_str) != Some("message") || text_at(note, "groupId").is_some() {
            return Ok(());
        }
        let converse = text_at(note, "converseId").unwrap_or_default();
        let Some(session) = self.places.of_converse(&converse).map(str::to_owned) else {
            // Of a conversation that was not there when the places were listed.
            self.list_soon();
            return Ok(());
        };
        let filled = |key: &str| text_at(note, key).filter(|text| !text.trim().is_empty());
        let (Some(id), Some(text)) = (filled("messageId"), filled("messagePlainContent")) else {
            if let Some(spot) = self.places.get_mut(&session) {
                spot.told = Told::No;
                spot.due = Duration::ZERO;
            }
            return Ok(());
        };
        let fields = [
            ("messageId", Some(Value::from(id))),
            ("author", note.get("messageAuthor").cloned()),
            ("content", Some(Value::from(text))),
            ("createdAt", about.get("createdAt").cloned()),
        ];
        let document = fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        let message = Message::read(&Value::Object(document.collect()))?;
        self.arrive(&session, message);
        Ok(())
    }

    /// Takes in a message by itself.
    fn arrive(&mut self, place: &str, message: Message) {
        let Some(spot) = self.places.get_mut(place) else { return };
        match spot.hold(Held::Message(message)) {
            Ok(Some(Held::Message(message))) => self.pass(place, &message, None),
            Ok(_) => {}
            Err(_) => self.end = Some(End::Behind),
        }
    }
}
