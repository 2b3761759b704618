//! Frames: from a text to what it says, and back. Safe on any text.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use crate::socketio::CloseReason;
use crate::socketio::fault::kept;

/// What a handshake without `maxPayload` is taken to say, bytes: the default of servers.
const PAYLOAD_BYTES_MAX: usize = 1_000_000;
/// The smallest bound that is believed, bytes: below it no packet could be sent.
const PAYLOAD_BYTES_MIN: usize = 1024;
/// The largest, bytes: what is sent waits in memory.
const PAYLOAD_BYTES_MOST: usize = 16 * 1024 * 1024;
/// The shortest silence between two signs of life that is believed: below it no connection would last.
const SILENCE_MIN: Duration = Duration::from_millis(100);
/// The longest silence between two signs of life that is believed.
const SILENCE_MAX: Duration = Duration::from_secs(600);
/// The longest id of a connection, bytes; it goes into addresses.
const SID_BYTES_MAX: usize = 256;

/// What one side says to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::socketio) enum Frame {
    /// The connection stands. The server's first word.
    Open(Handshake),
    /// The connection ends.
    Close,
    /// A sign of life is wanted. The text comes back in the answer.
    Ping(String),
    /// It is given.
    Pong(String),
    /// Something for the level above.
    Message(Message),
    /// Frames travel by this transport from here on.
    Upgrade,
    /// Nothing: ends a poll.
    Noop,
}

/// What the level above is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::socketio) enum Message {
    /// A text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

impl Message {
    /// Returns its size, bytes.
    pub(in crate::socketio) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// The server's side of the agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::socketio) struct Handshake {
    /// The connection.
    pub(in crate::socketio) sid: String,
    /// Whether it offers WebSocket instead of this transport.
    pub(in crate::socketio) offers_websocket: bool,
    /// How long it may be silent before it counts as gone.
    pub(in crate::socketio) silence_max: Duration,
    /// The most that it takes at a time, bytes.
    pub(in crate::socketio) payload_bytes_max: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHandshake {
    sid: String,
    #[serde(default)]
    upgrades: Vec<String>,
    ping_interval: u64,
    ping_timeout: u64,
    #[serde(default)]
    max_payload: Option<usize>,
}

impl Handshake {
    fn read(text: &str) -> Result<Self, String> {
        let raw: RawHandshake =
            serde_json::from_str(text).map_err(|error| format!("a handshake that cannot be read: {error}"))?;
        if raw.sid.is_empty() || raw.sid.len() > SID_BYTES_MAX {
            return Err("a handshake whose `sid` is empty or too long".to_owned());
        }
        let silence = Duration::from_millis(raw.ping_interval.saturating_add(raw.ping_timeout));
        Ok(Self {
            sid: raw.sid,
            offers_websocket: raw.upgrades.iter().any(|way| way == "websocket"),
            silence_max: silence.clamp(SILENCE_MIN, SILENCE_MAX),
            payload_bytes_max: raw.max_payload.unwrap_or(PAYLOAD_BYTES_MAX).clamp(PAYLOAD_BYTES_MIN, PAYLOAD_BYTES_MOST),
        })
    }
}

impl Frame {
    /// Reads a frame that came as text. Binary messages come without a frame of their own on WebSocket, and as base64 in payloads.
    ///
    /// # Errors
    /// Says what is wrong with it; repeats only its beginning.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut rest = text.chars();
        let kind = rest.next().ok_or("an empty frame")?;
        let rest = rest.as_str();
        match kind {
            '0' => Ok(Self::Open(Handshake::read(rest)?)),
            '1' => Ok(Self::Close),
            '2' => Ok(Self::Ping(rest.to_owned())),
            '3' => Ok(Self::Pong(rest.to_owned())),
            '4' => Ok(Self::Message(Message::Text(rest.to_owned()))),
            '5' => Ok(Self::Upgrade),
            '6' => Ok(Self::Noop),
            _ => Err(format!("a frame of an unknown kind: \"{}\"", kept(text))),
        }
    }

    /// Writes it; bytes stay bytes. The server's own handshake is never written.
    pub(super) fn write(self) -> Message {
        let text = match self {
            Self::Message(Message::Binary(bytes)) => return Message::Binary(bytes),
            Self::Message(Message::Text(text)) => format!("4{text}"),
            Self::Ping(text) => format!("2{text}"),
            Self::Pong(text) => format!("3{text}"),
            Self::Close => "1".to_owned(),
            Self::Upgrade => "5".to_owned(),
            Self::Open(_) | Self::Noop => "6".to_owned(),
        };
        Message::Text(text)
    }
}

/// Why a connection that stood is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::socketio) enum Cut {
    /// The server closed it in order.
    Closed(Option<u16>),
    /// It broke.
    Broken(String),
    /// What came is no frame.
    Unreadable(String),
    /// There was no sign of life.
    Silent(Duration),
    /// More signs of life are asked for than are taken; so many wait.
    Flooded(usize),
}

impl Cut {
    /// Returns it as the session says it.
    pub(in crate::socketio) fn into_reason(self) -> CloseReason {
        match self {
            Self::Closed(code) => CloseReason::ServerClosed { code },
            Self::Broken(text) => CloseReason::Broken(text),
            Self::Unreadable(text) => CloseReason::Unreadable(text),
            Self::Silent(waited) => CloseReason::Silent { waited },
            Self::Flooded(waiting) => CloseReason::Flooded { waiting },
        }
    }
}
