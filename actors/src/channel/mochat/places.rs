//! The places that are listened to over one connection, and how far each was read.

use std::collections::HashMap;
use std::time::Duration;

use super::held::{Backlog, Held, Kept};
use super::history::{LATE_MS, More, Wall};
use super::marks::Mark;
use super::place::Place;
use super::unread::Unread;
use crate::channel::gap::Gap;

/// How much is held of all places of an account that are being caught up with, bytes.
pub(super) const HELD_BYTES_MAX: usize = 32 * 1024 * 1024;

/// How a place stands.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// What comes goes on at once.
    Live,
    /// Its history is to be read first.
    Behind {
        /// What came meanwhile, in order.
        held: Backlog,
    },
}

impl Phase {
    /// Returns the phase of a place whose history is to be read.
    pub(super) const fn behind() -> Self {
        Self::Behind { held: Backlog::new() }
    }
}

/// So long after it was done with a message is known to the inbox, whatever its retention, milliseconds.
const KNOWN_MS: i64 = 3_000_000;
/// How long what is unread of a place that goes on is kept for it, milliseconds; what is older is left out, and that is said.
const UNREAD_KEPT_MS: i64 = 24 * 3_600_000;

/// One place with how far it was read.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) place: Place,
    /// What is done with.
    pub(super) mark: Mark,
    /// The number of the last event of a session that was passed on; `None` before the first.
    pub(super) heard: Option<u64>,
    /// When the newest message was written that was passed on, by the server's clock, milliseconds since 1970.
    pub(super) heard_ms: Option<i64>,
    pub(super) phase: Phase,
    /// Whether it goes on while something of it is unread, which its mark stays before.
    pub(super) gap: Gap,
    /// When that is read again, on the clock.
    pub(super) again: Duration,
    /// How its list of messages failed lately.
    pub(super) unread: Unread,
    /// What was written before this is left out, since it was too much, by the server's clock, milliseconds since 1970.
    pub(super) cut_ms: Option<i64>,
    /// Whether a call of it is under way.
    pub(super) busy: Busy,
    /// When it is read again, on the clock.
    pub(super) due: Duration,
    /// Whether the server tells of it by Socket.IO.
    pub(super) told: Told,
    /// Failed calls in a row.
    pub(super) failures: u32,
    /// How many messages a call of it reads: fewer where they are long.
    pub(super) limit: u32,
    /// What cannot be read of its messages.
    pub(super) wall: Option<Wall>,
    /// In how many lists in a row it was missing.
    pub(super) absent: u32,
}

/// Whether a call is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Busy {
    /// None is.
    No,
    /// One is.
    Yes,
    /// One is, and the server was asked to tell of the place since it began: what was written between the two is in neither.
    Overtaken,
}

/// Whether the server tells of a place by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It has to be asked.
    No,
    /// It was asked to.
    Yes,
    /// It was asked, and refused; it is asked again at a moment of the clock, for this place alone.
    Refused {
        /// When.
        again: Duration,
    },
}

/// What can be done about an answer that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fewer {
    /// Fewer messages are asked for the next time.
    Asked,
    /// It was one alone.
    Impossible,
}

impl Spot {
    /// Returns a place that was read as far as its mark says. What a session missed comes by itself; a panel has to be read.
    pub(super) fn new(place: Place, mark: Mark, limit: u32) -> Self {
        let phase = if place.is_session() { Phase::Live } else { Phase::behind() };
        Self {
            place,
            mark,
            heard: mark.cursor,
            heard_ms: mark.done_ms,
            phase,
            gap: Gap::None,
            again: Duration::ZERO,
            unread: Unread::default(),
            cut_ms: None,
            busy: Busy::No,
            due: Duration::ZERO,
            told: Told::No,
            failures: 0,
            limit,
            wall: None,
            absent: 0,
        }
    }

    /// Takes over that an answer was too long; returns whether fewer messages can be asked for.
    pub(super) fn ask_for_fewer(&mut self) -> Fewer {
        if self.limit <= 1 {
            return Fewer::Impossible;
        }
        self.limit /= 2;
        Fewer::Asked
    }

    /// Returns from when on its messages are to be read, by the server's clock, milliseconds since 1970. Where it goes on while something is
    /// unread, what was passed on since says nothing of that.
    ///
    /// What was written at the same time may have been late, and what is read twice is known. What was done with long ago is not read once
    /// more: the inbox may have forgotten it.
    pub(super) fn floor_ms(&self, now_ms: i64) -> i64 {
        let read_ms = if self.gap == Gap::None { self.heard_ms } else { self.mark.done_ms };
        let behind = |read_ms: i64| {
            let known = now_ms.saturating_sub(read_ms) <= KNOWN_MS;
            if known { read_ms.saturating_sub(LATE_MS) } else { read_ms.saturating_add(1) }
        };
        let floor_ms = read_ms.map_or(self.mark.first_ms, |read_ms| behind(read_ms).max(self.mark.first_ms));
        floor_ms.max(self.cut_ms.unwrap_or(i64::MIN))
    }

    /// Returns the same where it goes on while something is unread, and whether that leaves anything out: of what came since the inbox may
    /// have forgotten some after a while, and would take it for new.
    pub(super) fn reach_ms(&self, now_ms: i64) -> (i64, More) {
        let (floor_ms, oldest_ms) = (self.floor_ms(now_ms), now_ms.saturating_sub(UNREAD_KEPT_MS));
        if self.gap != Gap::None && floor_ms < oldest_ms { (oldest_ms, More::LeftOut) } else { (floor_ms, More::Nothing) }
    }

    /// Returns how much is held of it, bytes.
    fn held_bytes(&self) -> usize {
        match &self.phase {
            Phase::Behind { held } => held.bytes(),
            Phase::Live => 0,
        }
    }

    /// Returns whether it goes on without something that is to be read again by now.
    pub(super) fn is_gap_due(&self, now: Duration) -> bool {
        self.gap == Gap::Open && self.again <= now
    }

    /// Returns when a call of it is due, on the clock.
    pub(super) fn next_due(&self) -> impl Iterator<Item = Duration> {
        [Some(self.due), (self.gap == Gap::Open).then_some(self.again)].into_iter().flatten()
    }

    /// Returns whether nothing was read of it before: a message without a moment is history then.
    pub(super) fn is_first_look(&self) -> bool {
        self.heard_ms.is_none() || (self.gap != Gap::None && self.mark.done_ms.is_none())
    }
}

/// The places of one connection, by their ids.
#[derive(Debug, Default)]
pub(super) struct Places {
    spots: HashMap<String, Spot>,
    /// From a conversation to its session.
    converses: HashMap<String, String>,
}

impl Places {
    /// Adds a place.
    pub(super) fn add(&mut self, place: Place, mark: Mark, limit: u32) {
        self.note_converse(&place);
        self.spots.insert(place.id.clone(), Spot::new(place, mark, limit));
    }

    /// Takes a place out.
    pub(super) fn remove(&mut self, id: &str) -> Option<Spot> {
        self.converses.retain(|_, session| session != id);
        self.spots.remove(id)
    }

    /// Takes over what is told of a place that is known.
    pub(super) fn update(&mut self, place: Place) {
        self.note_converse(&place);
        if let Some(spot) = self.spots.get_mut(&place.id) {
            // It was named by the settings before it was there, and the server could not tell of it.
            if place.is_described() && !spot.place.is_described() {
                spot.told = Told::No;
            }
            spot.place = place;
        }
    }

    /// Returns the session of a conversation.
    pub(super) fn of_converse(&self, converse: &str) -> Option<&str> {
        self.converses.get(converse).map(String::as_str)
    }

    /// Returns a place.
    pub(super) fn get(&self, id: &str) -> Option<&Spot> {
        self.spots.get(id)
    }

    /// Returns a place.
    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Spot> {
        self.spots.get_mut(id)
    }

    /// Holds what came where its place is behind; gives it back where it goes on at once. The newest is not held where there is too much:
    /// a list that is read from now on has it too.
    pub(super) fn hold(&mut self, id: &str, new: Held) -> Option<Held> {
        if !matches!(self.spots.get(id)?.phase, Phase::Behind { .. }) {
            return Some(new);
        }
        let held_bytes: usize = self.spots.values().map(Spot::held_bytes).sum();
        let spot = self.spots.get_mut(id)?;
        if let Phase::Behind { held } = &mut spot.phase
            && held.push(new, HELD_BYTES_MAX.saturating_sub(held_bytes)) == Kept::No
            && spot.busy == Busy::Yes
        {
            spot.busy = Busy::Overtaken;
        }
        None
    }

    /// Returns all places.
    pub(super) fn all(&self) -> impl Iterator<Item = &Spot> {
        self.spots.values()
    }

    /// Returns all places.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Spot> {
        self.spots.values_mut()
    }

    fn note_converse(&mut self, place: &Place) {
        if let super::place::Sort::Session { converse: Some(converse), .. } = &place.sort {
            self.converses.insert(converse.clone(), place.id.clone());
        }
    }
}
