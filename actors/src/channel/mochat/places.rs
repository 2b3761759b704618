//! The places that are listened to over one connection, and how far each was read.

use std::collections::HashMap;
use std::time::Duration;

use super::history::Wall;
use super::marks::Mark;
use super::message::Message;
use super::payload::Payload;
use super::place::Place;

/// How much is held of a place that is being caught up with; above, it is forgotten, and read with what was missed.
const HELD_MAX: usize = 256;

/// What came of a place that is being caught up with.
#[derive(Clone, Debug)]
pub(super) enum Held {
    /// Events.
    Payload(Payload),
    /// A message by itself.
    Message(Message),
}

/// How a place stands.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// What comes goes on at once.
    Live,
    /// Its history is to be read first.
    Behind {
        /// What came meanwhile, in order.
        held: Vec<Held>,
    },
}

impl Phase {
    /// Returns the phase of a place whose history is to be read.
    pub(super) const fn behind() -> Self {
        Self::Behind { held: Vec::new() }
    }
}

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

    /// Returns from when on its messages are to be read, by the server's clock, milliseconds since 1970.
    pub(super) fn floor_ms(&self, late_ms: i64) -> i64 {
        self.heard_ms.map_or(self.mark.first_ms, |heard_ms| heard_ms.saturating_sub(late_ms).max(self.mark.first_ms))
    }

    /// Holds what came where the place is behind; gives it back where it goes on at once.
    pub(super) fn hold(&mut self, new: Held) -> Option<Held> {
        let Phase::Behind { held } = &mut self.phase else { return Some(new) };
        if held.len() >= HELD_MAX {
            // A list that is read from now on has it too.
            held.clear();
            if self.busy == Busy::Yes {
                self.busy = Busy::Overtaken;
            }
        }
        held.push(new);
        None
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
