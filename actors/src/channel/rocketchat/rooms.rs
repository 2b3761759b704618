//! The rooms that are listened to.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::message::Message;
use super::room::{LATE_MS, Phase, Room, RoomInfo, Spill};
use crate::channel::AckToken;
use crate::channel::gap::Gap;

/// How many rooms are listened to; what is said in those beyond is dropped, with a reason that is counted.
pub(super) const ROOMS_MAX: usize = 10_000;

/// How much is held of live messages of all rooms that are behind, bytes; above, a room forgets its own and is read once more.
pub(super) const HELD_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The rooms of one connection.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    held_bytes: usize,
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
        self.rooms.insert(info.id.clone(), Room::new(info));
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
        let Room { sub, phase, .. } = self.rooms.remove(id)?;
        self.held_bytes = self.held_bytes.saturating_sub(phase.bytes());
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

    /// Records that a frame of a room is done with, as all before it are; returns the moment up to which the room is, where that is a
    /// later one. It stays where it is while something behind it is unread.
    pub(super) fn done(&mut self, id: &str, (at_ms, token): (i64, AckToken), now_ms: i64) -> Option<i64> {
        let room = self.rooms.get_mut(id)?;
        if !room.gap.passes(token) {
            return None;
        }
        let at_ms = believed(at_ms, now_ms);
        (at_ms > room.done_ms).then(|| {
            room.done_ms = at_ms;
            at_ms
        })
    }

    /// Passes a live message through its room: back where it goes on at once, held where the room is behind. One of a room that
    /// is not known goes on.
    pub(super) fn arrive(&mut self, message: Message) -> Option<Message> {
        let Some(room) = self.rooms.get_mut(&message.room) else { return Some(message) };
        let before = room.phase.bytes();
        if self.held_bytes.saturating_add(message.bytes()) > HELD_BYTES_MAX {
            room.phase.spill();
        }
        let goes_on = room.phase.hold(message);
        self.held_bytes = self.held_bytes.saturating_sub(before).saturating_add(room.phase.bytes());
        goes_on
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

    /// Records that a room could not be read; returns how often in a row.
    pub(super) fn unread(&mut self, id: &str) -> u32 {
        let Some(room) = self.rooms.get_mut(id) else { return 0 };
        room.failures = room.failures.saturating_add(1);
        room.failures
    }

    /// Records that it was the whole server that could not be asked, which is no room's fault.
    pub(super) fn outage(&mut self, id: &str) {
        if let Some(room) = self.rooms.get_mut(id) {
            room.outages = room.outages.saturating_add(1);
        }
    }

    /// Has a room read again later.
    pub(super) fn read_again(&mut self, id: &str, at: Duration) {
        if let Some(room) = self.rooms.get_mut(id) {
            room.again = Some(at);
        }
    }

    /// Queues the rooms that are to be read again by now.
    pub(super) fn queue_due(&mut self, now: Duration) {
        let due = self.rooms.values_mut().filter(|room| room.again.is_some_and(|at| at <= now));
        let taken = due.map(|room| {
            room.again = None;
            room.info.id.clone()
        });
        let ids: Vec<_> = taken.collect();
        ids.iter().for_each(|id| self.queue(id));
    }

    /// Lets a room go on without what could not be read of it.
    pub(super) fn leave_gap(&mut self, id: &str) {
        if let Some(room) = self.rooms.get_mut(id) {
            room.gap = Gap::Open;
        }
    }

    /// Records that a room was read, of which the last frame so far is this one.
    pub(super) fn read(&mut self, id: &str, last: AckToken) {
        if let Some(room) = self.rooms.get_mut(id) {
            (room.failures, room.outages, room.again) = (0, 0, None);
            room.gap.read(last);
        }
    }

    /// Ends a room's catching up: returns what came live meanwhile, in the order of writing. A room that had to forget some of it
    /// is queued once more and gives nothing, unless it goes on with a gap, which then holds that too.
    pub(super) fn caught_up(&mut self, id: &str) -> Vec<Message> {
        let Some(room) = self.rooms.get_mut(id) else { return Vec::new() };
        self.held_bytes = self.held_bytes.saturating_sub(room.phase.bytes());
        match std::mem::replace(&mut room.phase, Phase::Live) {
            Phase::Behind { spilled: Spill::Some, .. } if room.gap == Gap::Open => Vec::new(),
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
