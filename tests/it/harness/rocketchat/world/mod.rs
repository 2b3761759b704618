//! What the server knows: users, rooms, messages, files, tokens, and who is connected.

mod events;
mod files;
mod messages;
mod people;
mod rooms;
mod sockets;

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::faults::Faults;
use super::limits::Limits;
use super::record::Record;

pub use files::{File, Upload};
pub use messages::{Draft, Message, Posted, Source};
pub use people::{LoginRefused, SecondFactor, Token, Tokens, User};
pub use rooms::{Kind, Room};
pub use sockets::{Greeting, Out, Sockets, Sub};

/// The answers of which server are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 6.4: uploads in one step only.
    Six,
    /// 7.13: uploads in one step or two.
    Seven,
    /// 8.3: uploads in two steps only, other bodies of refusals.
    Eight,
}

impl Version {
    /// Returns the number that `/api/info` shows.
    pub fn number(self) -> &'static str {
        match self {
            Self::Six => "6.4",
            Self::Seven => "7.13",
            Self::Eight => "8.3",
        }
    }
}

/// Why something cannot be done, with the server's own code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The code, `error-not-allowed`; empty for a failure that has none.
    pub code: &'static str,
    /// The text.
    pub reason: String,
}

impl Refused {
    /// Returns a refusal with a code.
    pub fn new(code: &'static str, reason: &str) -> Self {
        Self { code, reason: reason.to_owned() }
    }

    /// Returns one that is only a text.
    pub fn plain(reason: &str) -> Self {
        Self::new("", reason)
    }
}

/// The server's state.
pub struct World {
    /// Whose answers it gives.
    pub version: Version,
    /// What goes wrong.
    pub faults: Faults,
    /// How many calls a route takes.
    pub limits: Limits,
    /// What was seen.
    pub record: Record,
    /// Who is connected.
    pub sockets: Sockets,
    /// How long a login holds, ms.
    pub login_ms: i64,
    /// The longest text, characters.
    pub text_chars_max: usize,
    users: Vec<User>,
    tokens: Vec<Token>,
    rooms: Vec<Room>,
    /// Memberships that ended: user, subscription as it was last shown, and when, ms.
    left: Vec<(String, Value, i64)>,
    messages: Vec<Message>,
    files: Vec<File>,
    offset_ms: i64,
}

/// How long a login holds, ms: 90 days.
const LOGIN_MS: i64 = 90 * 24 * 60 * 60 * 1000;
/// The longest text, characters.
const TEXT_CHARS_MAX: usize = 5000;

impl World {
    /// Returns a server with nobody and nothing in it.
    pub fn new(version: Version) -> Self {
        Self {
            version,
            faults: Faults::none(),
            limits: Limits::default(),
            record: Record::default(),
            sockets: Sockets::default(),
            login_ms: LOGIN_MS,
            text_chars_max: TEXT_CHARS_MAX,
            users: Vec::new(),
            tokens: Vec::new(),
            rooms: Vec::new(),
            left: Vec::new(),
            messages: Vec::new(),
            files: Vec::new(),
            offset_ms: 0,
        }
    }

    /// Returns the server's time, ms since 1970.
    pub fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
        i64::try_from(since.as_millis()).expect("a time of our days") + self.offset_ms
    }

    /// Moves the server's clock.
    pub fn move_clock(&mut self, by_ms: i64) {
        self.offset_ms += by_ms;
    }
}
