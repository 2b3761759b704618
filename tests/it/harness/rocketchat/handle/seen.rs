//! What the server has seen.

use serde_json::Value;

use super::super::RocketChat;
use super::super::record::{Accepted, Call, Sign, Typing};
use super::Person;
use crate::harness::eventually;

impl RocketChat {
    /// Returns what clients have posted, in order.
    pub fn accepted(&self) -> Vec<Accepted> {
        self.world().record.accepted.clone()
    }

    /// Returns the same with their texts of now; those that were deleted are not among them.
    pub fn standing(&self) -> Vec<Accepted> {
        let world = self.world();
        let now = |message: &Accepted| {
            let text = world.message(&message.id)?.shown["msg"].as_str()?.to_owned();
            Some(Accepted { text, ..message.clone() })
        };
        world.record.accepted.iter().filter_map(now).collect()
    }

    /// Returns the texts that clients have posted in a room, in order.
    pub fn said(&self, rid: &str) -> Vec<String> {
        let world = self.world();
        world.record.accepted.iter().filter(|message| message.rid == rid).map(|message| message.text.clone()).collect()
    }

    /// Waits until clients have posted so many messages in a room; their texts.
    pub async fn wait_for_said(&self, rid: &str, count: usize) -> Vec<String> {
        eventually(&format!("{count} messages in {rid}"), || self.said(rid).len() >= count).await;
        self.said(rid)
    }

    /// Returns the ids of messages that were posted again, once for each time.
    pub fn repeated(&self) -> Vec<String> {
        self.world().record.repeated.clone()
    }

    /// Returns the texts that clients have given a message by editing it, in order.
    pub fn edits_of(&self, id: &str) -> Vec<String> {
        let world = self.world();
        world.record.edits.iter().filter(|(edited, _)| edited == id).map(|(_, text)| text.clone()).collect()
    }

    /// Returns a message as it stands now, dates as DDP writes them.
    pub fn message(&self, id: &str) -> Option<Value> {
        self.world().message(id).map(|message| message.shown.clone())
    }

    /// Returns the bytes of a file.
    pub fn file(&self, id: &str) -> Option<Vec<u8>> {
        self.world().file(id).map(|file| file.upload.bytes.clone())
    }

    /// Returns the requests to a route, in order.
    pub fn calls(&self, route: &str) -> Vec<Call> {
        self.world().record.calls.iter().filter(|call| call.route == route).cloned().collect()
    }

    /// Returns every sign of typing.
    pub fn typing(&self) -> Vec<Typing> {
        self.world().record.typing.clone()
    }

    /// Returns the names of those who type in a room now.
    pub fn who_types(&self, rid: &str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for typing in self.world().record.typing.iter().filter(|typing| typing.rid == rid && typing.sign != Sign::Ignored) {
            names.retain(|name| *name != typing.name);
            if typing.sign == Sign::Typing {
                names.push(typing.name.clone());
            }
        }
        names
    }

    /// Returns how many DDP connections were opened so far.
    pub fn sockets_opened(&self) -> usize {
        self.world().record.sockets
    }

    /// Returns how many DDP connections are there that are not frozen.
    pub fn sockets(&self) -> usize {
        self.world().sockets.moving()
    }

    /// Returns how many logins have succeeded, by either wire, those by a token that was there too.
    pub fn logins(&self) -> usize {
        self.world().record.logins
    }

    /// Returns the names of the events that were subscribed to, in order, of all connections.
    pub fn subscribed(&self) -> Vec<String> {
        self.world().record.subscribed.clone()
    }

    /// Returns frames that a client should not have sent.
    pub fn odd_frames(&self) -> Vec<String> {
        self.world().record.odd_frames.clone()
    }

    /// Waits until somebody's connection listens to an event: a room, `__my_messages__`, `uid/rooms-changed`.
    pub async fn listening(&self, who: &Person, event: &str) {
        eventually(&format!("{} listens to {event}", who.username), || {
            let world = self.world();
            let of = |uid: &Option<String>| uid.as_ref() == Some(&who.id);
            let mut sockets = world.sockets.all().filter(|(_, socket)| of(&socket.uid));
            sockets.any(|(_, socket)| socket.subs.iter().any(|sub| sub.event == event))
        })
        .await;
    }
}
