//! Who is connected over DDP, and what they have subscribed to.

use std::collections::BTreeMap;

use tokio::sync::mpsc;

/// Frames that wait for one connection; one that is slower is cut.
const FRAMES_MAX: usize = 16 * 1024;

/// What a connection is to do.
#[derive(Clone, Debug)]
pub enum Out {
    /// To send this text.
    Text(String),
    /// To send bytes, which no DDP server does.
    Binary(Vec<u8>),
    /// To neither read nor write any more, and to stay.
    Freeze,
    /// To end with a close frame.
    Close,
    /// To end without one.
    Cut,
}

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sub {
    /// Its id, the client's.
    pub id: String,
    /// `stream-room-messages` and the like.
    pub stream: String,
    /// What of it: a room, `uid/rooms-changed`.
    pub event: String,
}

/// A connection.
#[derive(Debug)]
pub struct Socket {
    /// Who is logged in.
    pub uid: Option<String>,
    /// By which token.
    pub token: Option<String>,
    /// Whether it has said which version it speaks.
    pub greeting: Greeting,
    /// What it has subscribed to.
    pub subs: Vec<Sub>,
    motion: Motion,
    out: mpsc::Sender<Out>,
}

/// Whether a connection has said which version it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// It has not.
    Missing,
    /// It has.
    Said,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Motion {
    Live,
    Frozen,
}

/// All connections.
#[derive(Debug, Default)]
pub struct Sockets {
    next: u64,
    live: BTreeMap<u64, Socket>,
}

impl Sockets {
    /// Adds a connection; its number, and what it is to do.
    pub fn open(&mut self) -> (u64, mpsc::Receiver<Out>) {
        let (out, orders) = mpsc::channel(FRAMES_MAX);
        self.next += 1;
        let socket =
            Socket { uid: None, token: None, greeting: Greeting::Missing, subs: Vec::new(), motion: Motion::Live, out };
        self.live.insert(self.next, socket);
        (self.next, orders)
    }

    /// Takes a connection out.
    pub fn close(&mut self, id: u64) {
        self.live.remove(&id);
    }

    /// Returns a connection, to be changed.
    pub fn get(&mut self, id: u64) -> Option<&mut Socket> {
        self.live.get_mut(&id)
    }

    /// Returns all of them.
    pub fn all(&self) -> impl Iterator<Item = (u64, &Socket)> {
        self.live.iter().map(|(id, socket)| (*id, socket))
    }

    /// Returns how many are connected and not frozen.
    pub fn moving(&self) -> usize {
        self.live.values().filter(|socket| socket.motion == Motion::Live).count()
    }

    /// Tells a connection what to do. What a frozen one is to send is lost, as it is on a link that is half open.
    pub fn tell(&mut self, id: u64, out: Out) {
        let Some(socket) = self.live.get_mut(&id) else { return };
        let says = matches!(out, Out::Text(_) | Out::Binary(_));
        if socket.motion == Motion::Frozen && says {
            return;
        }
        if matches!(out, Out::Freeze) {
            socket.motion = Motion::Frozen;
        }
        if socket.out.try_send(out).is_err() {
            // Its task sees that nobody will tell it anything any more, and ends.
            self.live.remove(&id);
        }
    }

    /// Tells all of them.
    pub fn tell_all(&mut self, out: &Out) {
        for id in self.live.keys().copied().collect::<Vec<_>>() {
            self.tell(id, out.clone());
        }
    }

    /// Tells those that came with one of these tokens.
    pub fn tell_those_with(&mut self, tokens: &[String], out: &Out) {
        let with = |socket: &Socket| socket.token.as_ref().is_some_and(|token| tokens.contains(token));
        let ids: Vec<_> = self.live.iter().filter(|(_, socket)| with(socket)).map(|(id, _)| *id).collect();
        for id in ids {
            self.tell(id, out.clone());
        }
    }

    /// Forgets what somebody has subscribed to in a room that they have left.
    pub fn leave_room(&mut self, uid: &str, rid: &str) {
        for socket in self.live.values_mut().filter(|socket| socket.uid.as_deref() == Some(uid)) {
            socket.subs.retain(|sub| sub.event.split('/').next() != Some(rid));
        }
    }
}
