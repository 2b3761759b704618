//! What the server tells by itself over Socket.IO.

use std::time::Duration;

use serde_json::Value;

use super::Pump;
use super::hear::Came;
use super::jobs::Done;
use crate::channel::mochat::held::Held;
use crate::channel::mochat::message::{Message, text_at};
use crate::channel::mochat::payload::Payload;
use crate::channel::mochat::places::{Busy, Told};
use crate::socketio::{EmitError, Incoming};

impl Pump {
    pub(super) fn incoming(&mut self, incoming: Incoming) {
        let Incoming { name, args, ack } = incoming;
        if let (Some(ack), Some(emitter)) = (ack, self.line.emitter()) {
            self.job(async move { Done::Answered(emitter.answer(ack, Vec::new()).await) });
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

    /// Takes in a message by itself. Until it is known that the server tells of the place, those before it may be missing: then it is read
    /// with them, in order.
    fn arrive(&mut self, place: &str, message: Message) {
        let Some(spot) = self.places.get_mut(place) else { return };
        if spot.told != Told::Yes {
            // A list that fails is asked for in its own time, however much is said.
            if !spot.unread.is_any() {
                spot.due = Duration::ZERO;
            }
            if spot.busy == Busy::Yes && !spot.place.is_session() {
                spot.busy = Busy::Overtaken;
            }
            return;
        }
        if let Some(Held::Message(message)) = self.places.hold(place, Held::Message(message)) {
            self.pass(place, &message, None);
        }
    }

    /// Takes over what became of an answer. Whether the server hears it changes nothing; one that asks and does not listen is left.
    pub(super) fn answered(&mut self, answered: Result<(), EmitError>) {
        if let Err(error @ EmitError::TooManyAnswers { .. }) = answered
            && self.line.stands()
        {
            self.lost(format!("the server asks and does not listen: {error}"));
        }
    }
}
