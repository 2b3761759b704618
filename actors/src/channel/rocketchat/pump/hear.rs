//! What comes in: frames, the events in them, the messages in those.

use serde_json::Value;

use super::{ALL_MESSAGES, End, Pending, Pump, Stage};
use crate::channel::Normalised;
use crate::channel::rocketchat::ddp::{self, Frame, Stream};
use crate::channel::rocketchat::message::{Message, Trace, at_ms};
use crate::channel::rocketchat::normalise::{Context, again, normalise, out_of_question};
use crate::channel::rocketchat::room::{RoomInfo, RoomKind};
use crate::channel::rocketchat::rooms::Added;
use crate::message::ChatKind;

/// Whether a message came by itself or was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// By itself.
    Live,
    /// It was missed.
    Late,
}

impl Pump {
    pub(super) fn frame(&mut self, text: Option<String>) {
        self.link.progress.stamp();
        self.heard = self.clock.elapsed();
        let Some(text) = text else { return };
        let frame = match Frame::read(&text) {
            Ok(frame) => frame,
            Err(reason) => return self.bad(reason),
        };
        match frame {
            Frame::Ping { id } => self.frames.push(ddp::pong(id.as_deref())),
            Frame::Ready { subs } => subs.iter().for_each(|sub| self.stands(sub)),
            Frame::NoSub { id, error } => {
                if let Some(reason) = error.filter(|_| self.awaiting.contains(&id)) {
                    tracing::warn!(event = "rocketchat.no_sub", actor = %self.account, "a subscription was refused: {reason}");
                }
                self.stands(&id);
            }
            Frame::Event { stream: Stream::Messages, name, args } => self.message_event(&name, &args),
            Frame::Event { stream: Stream::User, name, args } => self.own_event(&name, &args),
            Frame::Error { reason } => self.bad(format!("the server did not understand a frame: {reason}")),
            Frame::Connected
            | Frame::Failed
            | Frame::Pong
            | Frame::Result { .. }
            | Frame::Event { stream: Stream::Other, .. }
            | Frame::Nothing => {}
        }
    }

    /// Records that a subscription stands, or never will: the stream of all messages may have what it would have given.
    fn stands(&mut self, sub: &str) {
        // Said once more it says nothing: nobody is to have rooms read in a loop.
        if !self.awaiting.remove(sub) {
            return;
        }
        if let (Stage::Up(_), Some(room)) = (self.stage, self.rooms.of_sub(sub)) {
            self.rooms.queue(&room);
        }
        self.look_whether_up();
    }

    pub(super) fn look_whether_up(&mut self) {
        if self.stage == Stage::Subscribing && self.awaiting.is_empty() {
            self.up();
        }
    }

    fn message_event(&mut self, name: &str, args: &[Value]) {
        if self.closing.is_some() {
            // Not acknowledged, so it is read again.
            return;
        }
        let Some(document) = args.first() else { return self.bad("an event of a room without a message".to_owned()) };
        let message = match Message::read(document) {
            Ok(message) => message,
            Err(reason) => return self.bad(reason),
        };
        if name == ALL_MESSAGES {
            // One of a room that is listened to counts like its twin, in its turn: a room of the settings needs no participant.
            if self.rooms.get(&message.room).is_none()
                && let Some(reason) = self.unheard(&message, args.get(1).unwrap_or(&Value::Null))
            {
                return self.tell(&message, Normalised::Ignored(reason));
            }
        } else if name != message.room {
            return self.bad("an event of one room with a message of another".to_owned());
        }
        if let Some(message) = self.rooms.arrive(message) {
            self.pass(&message, Came::Live);
        }
    }

    /// Begins to listen to a room that came up by a message; returns why not, where it is not listened to.
    fn unheard(&mut self, message: &Message, about: &Value) -> Option<&'static str> {
        if about.get("roomParticipant") == Some(&Value::Bool(false)) {
            return Some("not in room");
        }
        let text = |key: &str| about.get(key).and_then(Value::as_str);
        let kind = RoomKind::of(text("roomType").unwrap_or_default());
        let name = text("roomName").map(str::to_owned);
        let info = RoomInfo { id: message.room.clone(), kind, name, label: None, people: None };
        (self.learn(info, None) == Added::Full).then_some("too many rooms")
    }

    fn own_event(&mut self, name: &str, args: &[Value]) {
        let Some((_, event)) = name.split_once('/') else { return };
        match (event, args) {
            ("force_logout", _) => self.end = Some(End::LoggedOut),
            ("subscriptions-changed", [Value::String(action), subscription, ..]) => {
                let Some(info) = RoomInfo::read(subscription, "rid") else {
                    return self.bad("a changed subscription without `rid`".to_owned());
                };
                if action == "removed" {
                    if let Some(sub) = self.rooms.remove(&info.id) {
                        self.awaiting.remove(&sub);
                        self.frames.push(ddp::unsubscribe(&sub));
                        self.look_whether_up();
                    }
                } else {
                    let joined_ms = subscription.get("ts").and_then(at_ms);
                    self.learn(info, joined_ms);
                }
            }
            _ => {}
        }
    }

    /// Passes a message on in its turn, as what it is.
    pub(super) fn pass(&mut self, message: &Message, came: Came) {
        let question = out_of_question(message, &self.me);
        let frame = if self.seen.again(&message.id) {
            if message.trace == Trace::Fresh {
                // The same document over another subscription.
                return;
            }
            Normalised::Ignored(question.unwrap_or(again(message)))
        } else if let Some(reason) = question {
            Normalised::Ignored(reason)
        } else {
            self.read(message, came)
        };
        self.tell(message, frame);
    }

    fn read(&self, message: &Message, came: Came) -> Normalised {
        let Some(room) = self.rooms.get(&message.room) else { return Normalised::Ignored("not in room") };
        let oldest_ms = match came {
            Came::Live => i64::MIN,
            Came::Late => self.clock.now_ms().saturating_sub(self.bounds.age_max_ms).max(room.floor_ms),
        };
        let context = Context {
            account: &self.account,
            me: &self.me,
            room: &room.info,
            done_ms: room.done_ms,
            oldest_ms,
            reply_to: self.shared.threads.mode(),
        };
        normalise(message, context)
    }

    fn tell(&mut self, message: &Message, frame: Normalised) {
        self.told += 1;
        let mut thread = message.thread.clone();
        if let Normalised::Message(inbound) = &frame {
            if inbound.route.chat.kind == ChatKind::Direct {
                self.shared.places.note(&inbound.route.chat, &message.room);
            }
            if thread.is_none() && inbound.route.thread.is_some() {
                self.shared.threads.opened(inbound.trace);
                thread.clone_from(&inbound.route.thread);
            }
        }
        let place = (message.room.clone(), thread);
        self.pending.insert(self.told, Pending { room: message.room.clone(), at_ms: message.at_ms, place });
        self.events.frame(frame, Some(self.told));
    }
}
