//! The rooms that are listened to.

use std::collections::{HashMap, VecDeque};

use super::message::Message;
use super::room::{LATE_MS, Phase, Room, RoomInfo, Spill};

/// How many rooms are listened to; those beyond are heard over the stream of all messages only, and not caught up with.
pub(super) const ROOMS_MAX: usize = 10_000;

/// The rooms of one connection.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    rooms: HashMap<String, Room>,
    /// From a subscription to its room.
    subs: HashMap<String, String>,
    /// Rooms that wait to be caught up with.
    behind: VecDeque<String>,
}

/// Whether a room is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It is.
    New,
    /// It was there.
    Known,
    /// There is no more room for one.
    Full,
}

impl Rooms {
    /// Adds a room that has to be caught up with, or takes over what is told of it.
    pub(super) fn add(&mut self, info: RoomInfo) -> Added {
        if let Some(room) = self.rooms.get_mut(&info.id) {
            room.info.merge(info);
            return Added::Known;
        }
        if self.rooms.len() >= ROOMS_MAX {
            return Added::Full;
        }
        let room = Room { info, phase: Phase::behind(), done_ms: i64::MIN, floor_ms: i64::MIN, sub: None, queued: false };
        self.rooms.insert(room.info.id.clone(), room);
        Added::New
    }

    /// Records where reading a room stopped, and before what it is none of ours.
    pub(super) fn begin(&mut self, id: &str, done_ms: i64, floor_ms: i64, now_ms: i64) {
        if let Some(room) = self.rooms.get_mut(id) {
            room.floor_ms = room.floor_ms.max(floor_ms);
            room.done_ms = room.done_ms.max(believed(done_ms, now_ms));
        }
    }

    /// Records a room's subscription.
    pub(super) fn subscribed(&mut self, id: &str, sub: String) {
        if let Some(room) = self.rooms.get_mut(id) {
            room.sub = Some(sub.clone());
            self.subs.insert(sub, id.to_owned());
        }
    }

    /// Returns the room of a subscription.
    pub(super) fn of_sub(&self, sub: &str) -> Option<String> {
        self.subs.get(sub).cloned()
    }

    /// Forgets a room; returns its subscription.
    pub(super) fn remove(&mut self, id: &str) -> Option<String> {
        let sub = self.rooms.remove(id)?.sub;
        if let Some(sub) = &sub {
            self.subs.remove(sub);
        }
        sub
    }

    /// Returns a room.
    pub(super) fn get(&self, id: &str) -> Option<&Room> {
        self.rooms.get(id)
    }

    /// Returns every room's id.
    pub(super) fn ids(&self) -> Vec<String> {
        self.rooms.keys().cloned().collect()
    }

    /// Records that everything of a room up to a moment is done with; returns that moment where it is a later one.
    pub(super) fn done(&mut self, id: &str, at_ms: i64, now_ms: i64) -> Option<i64> {
        let room = self.rooms.get_mut(id)?;
        let at_ms = believed(at_ms, now_ms);
        (at_ms > room.done_ms).then(|| {
            room.done_ms = at_ms;
            at_ms
        })
    }

    /// Passes a live message through its room: back where it goes on at once, held where the room is behind. One of a room that
    /// is not known goes on.
    pub(super) fn arrive(&mut self, message: Message) -> Option<Message> {
        match self.rooms.get_mut(&message.room) {
            Some(room) => room.phase.hold(message),
            None => Some(message),
        }
    }

    /// Has a room caught up with, in its turn.
    pub(super) fn queue(&mut self, id: &str) {
        if let Some(room) = self.rooms.get_mut(id)
            && !std::mem::replace(&mut room.queued, true)
        {
            self.behind.push_back(id.to_owned());
        }
    }

    /// Takes the next room that is to be caught up with, one whose messages wait before the others.
    pub(super) fn next_behind(&mut self) -> Option<String> {
        let waits = |id: &String| match self.rooms.get(id).map(|room| &room.phase) {
            Some(Phase::Behind { held, spilled }) => !held.is_empty() || *spilled == Spill::Some,
            _ => false,
        };
        let at = self.behind.iter().position(waits).unwrap_or(0);
        let id = self.behind.remove(at)?;
        if let Some(room) = self.rooms.get_mut(&id) {
            room.queued = false;
        }
        Some(id)
    }

    /// Ends a room's catching up: returns what came live meanwhile, in the order of writing. A room that had to forget some of it
    /// is queued once more and gives nothing.
    pub(super) fn caught_up(&mut self, id: &str) -> Vec<Message> {
        let Some(room) = self.rooms.get_mut(id) else { return Vec::new() };
        match std::mem::replace(&mut room.phase, Phase::Live) {
            Phase::Behind { spilled: Spill::Some, .. } => {
                room.phase = Phase::behind();
                self.queue(id);
                Vec::new()
            }
            Phase::Behind { mut held, .. } => {
                held.sort_by_key(|message| message.at_ms);
                held
            }
            Phase::Live => Vec::new(),
        }
    }
}

/// Returns a moment of the server as far as it is believed: what is written now is late behind none that is. One far ahead would
/// make all that is written until then look like old messages that were changed.
fn believed(at_ms: i64, now_ms: i64) -> i64 {
    at_ms.min(now_ms.saturating_add(LATE_MS))
}
