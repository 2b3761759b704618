//! What those who are connected hear of a change.

use serde_json::{Value, json};

use super::super::faults::{Copies, MyMessages};
use super::{Kind, Out, World};

/// The stream of messages.
pub const MESSAGES: &str = "stream-room-messages";
/// The stream of what concerns one user.
pub const USER: &str = "stream-notify-user";
/// The stream of what concerns one room.
pub const ROOM: &str = "stream-notify-room";
/// The one subscription for every room.
pub const MY_MESSAGES: &str = "__my_messages__";

impl World {
    /// Sends a message to everybody who listens and may see it, as it stands now.
    pub fn publish(&mut self, id: &str) {
        let Some(message) = self.message(id) else { return };
        let (shown, rid, system) = (message.shown.clone(), message.rid.clone(), message.shown["t"].is_string());
        let Some(room) = self.room(&rid) else { return };
        let (kind, name) = (room.kind, room.name.clone());
        let members: Vec<_> = room.members.iter().map(|member| member.uid.clone()).collect();
        let may = |uid: &Option<String>| uid.as_ref().is_some_and(|uid| kind == Kind::Channel || members.contains(uid));
        let carried = kind != Kind::Private || self.faults.my_messages == MyMessages::All;
        let mut events = Vec::new();
        for (socket, known) in self.sockets.all().filter(|(_, socket)| may(&socket.uid)) {
            for sub in known.subs.iter().filter(|sub| sub.stream == MESSAGES) {
                if sub.event == rid {
                    events.push((socket, rid.as_str(), json!([shown])));
                } else if sub.event == MY_MESSAGES && carried {
                    let part = known.uid.as_ref().is_some_and(|uid| members.contains(uid));
                    let mut about = json!({ "roomParticipant": part, "roomType": kind.letter() });
                    if !name.is_empty() {
                        about["roomName"] = name.clone().into();
                    }
                    events.push((socket, MY_MESSAGES, json!([shown, about])));
                }
            }
        }
        for (socket, event, args) in events {
            self.tell_socket(socket, MESSAGES, event, &args);
        }
        if !system {
            for uid in members {
                self.membership_changed(&rid, &uid, "updated");
            }
        }
    }

    /// Tells somebody that a room of theirs and their membership in it changed.
    pub fn membership_changed(&mut self, rid: &str, uid: &str, how: &str) {
        self.tell_user(uid, "subscriptions-changed", &json!([how, self.subscription(rid, uid)]));
        self.tell_user(uid, "rooms-changed", &json!([how, self.room_shown(rid)]));
    }

    /// Tells somebody, wherever they are connected.
    pub fn tell_user(&mut self, uid: &str, event: &str, args: &Value) {
        let event = format!("{uid}/{event}");
        self.tell_listeners(USER, &event, args);
    }

    /// Tells those who listen to a room.
    pub fn tell_room(&mut self, rid: &str, event: &str, args: &Value) {
        let event = format!("{rid}/{event}");
        self.tell_listeners(ROOM, &event, args);
    }

    fn tell_listeners(&mut self, stream: &str, event: &str, args: &Value) {
        let listens = |(id, socket): (u64, &super::sockets::Socket)| {
            let mut fitting = socket.subs.iter().filter(|sub| sub.stream == stream && sub.event == event);
            fitting.next().map(|_| id)
        };
        for id in self.sockets.all().filter_map(listens).collect::<Vec<_>>() {
            self.tell_socket(id, stream, event, args);
        }
    }

    fn tell_socket(&mut self, id: u64, stream: &str, event: &str, args: &Value) {
        let fields = json!({ "eventName": event, "args": args });
        let frame = json!({ "msg": "changed", "collection": stream, "id": "id", "fields": fields }).to_string();
        for noise in self.faults.noise.clone() {
            self.sockets.tell(id, Out::Text(noise));
        }
        if self.faults.copies == Copies::Two {
            self.sockets.tell(id, Out::Text(frame.clone()));
        }
        self.sockets.tell(id, Out::Text(frame));
    }
}
