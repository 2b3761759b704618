//! A room as the server has it, and where reading it stands.

use std::time::Duration;

use serde_json::Value;

use super::message::Message;
use super::target::ID_BYTES_MAX;
use crate::channel::gap::Gap;

/// How many live messages of a room are held while those before them are read; above, they are forgotten and read once more.
pub(super) const HELD_MAX: usize = 512;
/// A message so much older than the newest that is done with is an old one that was changed, milliseconds. Less may be two
/// writers at once.
pub(super) const LATE_MS: i64 = 60_000;

/// What sort of room it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RoomKind {
    /// Two people, or some, without a name: `d`.
    Direct,
    /// Everybody may join: `c`.
    Channel,
    /// By invitation: `p`.
    Private,
    /// A visitor of a web site: `l`.
    Livechat,
}

impl RoomKind {
    /// Reads the server's letter; what is unknown is a channel.
    pub(super) fn of(letter: &str) -> Self {
        match letter {
            "d" => Self::Direct,
            "p" => Self::Private,
            "l" => Self::Livechat,
            _ => Self::Channel,
        }
    }
}

/// What is known of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RoomInfo {
    /// Its id.
    pub(super) id: String,
    /// What sort of room it is.
    pub(super) kind: RoomKind,
    /// Its name, as in `#name`; of a direct chat that of the other one.
    pub(super) name: Option<String>,
    /// Its name for people.
    pub(super) label: Option<String>,
    /// How many people are in it, where the server says.
    pub(super) people: Option<usize>,
}

impl RoomInfo {
    /// Reads a room, a subscription or a document of either; `None` without an id.
    pub(super) fn read(document: &Value, id_key: &str) -> Option<Self> {
        let text = |key: &str| document.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        let id = text(id_key).filter(|id| id.len() <= ID_BYTES_MAX)?;
        let count = |key: &str| document.get(key).and_then(Value::as_array).map(Vec::len).filter(|count| *count > 0);
        Some(Self {
            id: id.to_owned(),
            kind: RoomKind::of(text("t").unwrap_or_default()),
            name: text("name").map(str::to_owned),
            label: text("fname").map(|name| name.chars().take(128).collect()),
            people: count("uids").or_else(|| count("usernames")),
        })
    }

    /// Returns a room of which the id alone is known: one that is not joined is public.
    pub(super) fn unknown(id: &str) -> Self {
        Self { id: id.to_owned(), kind: RoomKind::Channel, name: None, label: None, people: None }
    }

    /// Returns whether the room is one person and the account. A direct room's id is made of both their ids. One of which nothing
    /// says who is in it is none: what is said there may be for others.
    pub(super) fn is_pair(&self, own_id: &str) -> bool {
        let named_both = || self.id.starts_with(own_id) || self.id.ends_with(own_id);
        self.kind == RoomKind::Direct
            && match self.people {
                Some(people) => people <= 2,
                None => named_both() || self.name.as_deref().is_some_and(|name| !name.contains(',')),
            }
    }

    /// Takes over what another look at the same room tells more.
    pub(super) fn merge(&mut self, newer: Self) {
        self.kind = newer.kind;
        self.name = newer.name.or_else(|| self.name.take());
        self.label = newer.label.or_else(|| self.label.take());
        self.people = newer.people.or(self.people);
    }
}

/// How far a room is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// What was missed has to be read first; live messages wait here.
    Behind {
        /// What came live meanwhile.
        held: Vec<Message>,
        /// Whether some of it was forgotten, so that it has to be read once more.
        spilled: Spill,
    },
    /// Live messages go on at once.
    Live,
}

/// Whether messages that were held had to be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spill {
    /// No.
    None,
    /// Yes.
    Some,
}

impl Phase {
    /// Returns a room that has to be caught up with.
    pub(super) const fn behind() -> Self {
        Self::Behind { held: Vec::new(), spilled: Spill::None }
    }

    /// Returns how much is held, bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Behind { held, .. } => held.iter().map(Message::bytes).sum(),
            Self::Live => 0,
        }
    }

    /// Forgets what is held, so that it has to be read once more.
    pub(super) fn spill(&mut self) {
        if let Self::Behind { held, spilled } = self {
            *held = Vec::new();
            *spilled = Spill::Some;
        }
    }

    /// Holds a message where the room is behind; gives it back where it is not.
    pub(super) fn hold(&mut self, message: Message) -> Option<Message> {
        match self {
            Self::Live => Some(message),
            Self::Behind { held, spilled } => {
                if held.len() >= HELD_MAX {
                    held.clear();
                    *spilled = Spill::Some;
                }
                if *spilled == Spill::None {
                    held.push(message);
                }
                None
            }
        }
    }
}

/// A room that is listened to.
#[derive(Debug)]
pub(super) struct Room {
    /// What is known of it.
    pub(super) info: RoomInfo,
    /// How far it is read.
    pub(super) phase: Phase,
    /// The newest message that is done with, by the server's time.
    pub(super) done_ms: i64,
    /// What was written before this is none of ours: the account had not joined, or was never started.
    pub(super) floor_ms: i64,
    /// The id of its subscription.
    pub(super) sub: Option<String>,
    /// Whether it waits to be caught up with.
    pub(super) queued: bool,
    /// Whether something of it is unread behind what is done with.
    pub(super) gap: Gap,
    /// How often it could not be read in a row.
    pub(super) failures: u32,
    /// How many of these were the whole server's.
    pub(super) outages: u32,
    /// When it is to be read again, on the clock.
    pub(super) again: Option<Duration>,
}

impl Room {
    /// Returns a room of which nothing is read.
    pub(super) const fn new(info: RoomInfo) -> Self {
        Self {
            info,
            phase: Phase::behind(),
            done_ms: i64::MIN,
            floor_ms: i64::MIN,
            sub: None,
            queued: false,
            gap: Gap::None,
            failures: 0,
            outages: 0,
            again: None,
        }
    }
}
