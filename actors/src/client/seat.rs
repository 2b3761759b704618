//! What a connection has agreed on: the part of a client that its actor's crash does not touch.

use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytestring::ByteString;

use super::{Answer, Backlog, ClientCard, Grant, NodeFacts, Pushed, Scope, WireError, answer_frame, refusal_frame};
use crate::message::{Audience, Code, Delivery, Event, EventBody, Heard, Listener, event_frame};

/// How many frames of a client wait to be looked at; above, the socket reads no further.
pub(super) const FRAMES_MAX: u32 = 512;

/// How many bytes of frames wait at the most; one frame alone always may.
pub(super) const FRAMES_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Ends a connection whose other side does not read, at once.
pub type Cutter = Arc<dyn Fn() + Send + Sync>;

/// A fingerprint of a credential that many share: whoever came by it goes when it is another. It is not shown, since whoever
/// sees it could look for what it is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pass([u8; 32]);

impl Pass {
    /// Takes a fingerprint.
    #[must_use]
    pub const fn new(fingerprint: [u8; 32]) -> Self {
        Self(fingerprint)
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").finish_non_exhaustive()
    }
}

/// What a connection agreed on at its handshake.
pub struct Seating {
    /// Names the connection.
    pub conn: String,
    /// The protocol's number that both sides speak.
    pub protocol: u32,
    /// What the client says of itself.
    pub card: ClientCard,
    /// What it says that it can do, if it is a node.
    pub node: NodeFacts,
    /// What it may.
    pub grant: Grant,
    /// By which credential it came, when that is one that many share.
    pub pass: Option<Pass>,
    /// Where it comes from.
    pub address: Option<IpAddr>,
    /// Since when, milliseconds since 1970.
    pub connected_ms: i64,
    /// What waits to be written.
    pub backlog: Arc<Backlog>,
    /// Ends the connection at once.
    pub cutter: Cutter,
}

/// One connection's place: who it is, what it may, what it asked and has not been answered.
pub struct ClientSeat {
    seating: Seating,
    /// Frames that nobody has looked at yet. They wait here and not in the actor's mailbox, which is lost with a thread that is
    /// given up.
    unread: Mutex<Unread>,
    /// Ids of requests that wait for their answer; bounded by the actor.
    in_flight: Mutex<Vec<Arc<str>>>,
}

impl std::ops::Deref for ClientSeat {
    type Target = Seating;

    fn deref(&self) -> &Seating {
        &self.seating
    }
}

impl ClientSeat {
    /// Returns a seat with nothing asked yet.
    #[must_use]
    pub fn new(seating: Seating) -> Arc<Self> {
        Arc::new(Self { seating, unread: Mutex::default(), in_flight: Mutex::default() })
    }

    /// Puts a frame down for the actor; says whether there was room.
    pub(super) fn put_down(&self, frame: &ByteString) -> bool {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).put(frame)
    }

    /// Takes the frame that has waited longest.
    pub(super) fn take_up(&self) -> Option<ByteString> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Takes a request up; `None` when so many wait already.
    pub(super) fn begin(&self, id: &str, max: usize) -> Option<Arc<str>> {
        let mut in_flight = self.lock();
        if in_flight.len() >= max {
            return None;
        }
        let id: Arc<str> = id.into();
        in_flight.push(Arc::clone(&id));
        Some(id)
    }

    /// Answers a request for good.
    pub(super) fn finish(&self, id: &Arc<str>, answer: &Answer) {
        {
            let mut in_flight = self.lock();
            if let Some(place) = in_flight.iter().position(|known| Arc::ptr_eq(known, id)) {
                in_flight.swap_remove(place);
            }
        }
        self.write(answer_frame(id, answer));
    }

    /// Answers a request that goes on: a second answer follows.
    pub fn answer_early(&self, id: &str, answer: &Answer) {
        self.write(answer_frame(id, answer));
    }

    /// Refuses what was never taken up.
    pub(super) fn refuse(&self, id: &str, error: &WireError) {
        self.write(refusal_frame(id, error));
    }

    /// Answers what was in hand when the actor crashed.
    pub(super) fn give_up(&self) {
        let lost = std::mem::take(&mut *self.lock());
        let error =
            WireError::new(Code::Unavailable, "the connection's actor was restarted while it worked on this: ask again");
        lost.iter().for_each(|id| self.write(refusal_frame(id, &error)));
    }

    /// Tells this client alone, without a stamp.
    pub fn tell(&self, event: &EventBody) -> Pushed {
        self.backlog.push(event_frame(event, None), event.delivery)
    }

    /// Returns whether the client may hear an event.
    #[must_use]
    pub fn may_hear(&self, audience: Audience) -> bool {
        match audience {
            Audience::Everybody => true,
            Audience::Readers => self.grant.allows(Scope::Read),
            Audience::Pairing => self.grant.allows(Scope::Pairing),
            Audience::One => false,
        }
    }

    fn write(&self, frame: bytes::Bytes) {
        // A client that does not read its answers is cut; one that is gone needs none.
        let _ = self.backlog.push(frame, Delivery::Kept);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<str>>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Frames that wait, bounded in number and in bytes.
#[derive(Debug, Default)]
struct Unread {
    frames: VecDeque<ByteString>,
    bytes: usize,
}

impl Unread {
    fn put(&mut self, frame: &ByteString) -> bool {
        let fits = self.frames.is_empty() || self.bytes + frame.len() <= FRAMES_BYTES_MAX;
        let is_room = fits && self.frames.len() < FRAMES_MAX as usize;
        if is_room {
            self.bytes += frame.len();
            self.frames.push_back(frame.clone());
        }
        is_room
    }

    fn take(&mut self) -> Option<ByteString> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.len();
        Some(frame)
    }
}

impl Listener for ClientSeat {
    fn hear(&self, event: &Arc<Event>) -> Heard {
        if !self.may_hear(event.name.audience()) {
            return Heard::Here;
        }
        match self.backlog.push(event.frame.clone(), event.delivery) {
            Pushed::Gone => Heard::Gone,
            Pushed::Waiting | Pushed::Dropped | Pushed::Cut => Heard::Here,
        }
    }
}

impl fmt::Debug for ClientSeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSeat").field("conn", &self.conn).field("client", &self.card.id).finish_non_exhaustive()
    }
}
