//! What came of a place while its list of messages is read: it waits, for the sake of its order.

use super::message::Message;
use super::payload::Payload;

/// How much is held of one place; what comes above is not held, and read with what was missed.
pub(super) const HELD_MAX: usize = 256;

/// What came of a place that is being caught up with.
#[derive(Clone, Debug)]
pub(super) enum Held {
    /// Events.
    Payload(Payload),
    /// A message by itself.
    Message(Message),
}

impl Held {
    /// Returns how much it takes, bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Payload(payload) => payload.bytes(),
            Self::Message(message) => message.bytes(),
        }
    }

    /// Returns whether a rule holds for every message in it. What is no readable message is none that went by.
    fn all_messages(&self, rule: impl Fn(&Message) -> bool) -> bool {
        match self {
            Self::Message(message) => rule(message),
            Self::Payload(payload) => payload.events.iter().flatten().all(|event| match &event.message {
                Some(Ok(message)) => rule(message),
                Some(Err(_)) => false,
                None => true,
            }),
        }
    }
}

/// What is held of one place, in the order in which it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Backlog {
    items: Vec<Held>,
    bytes: usize,
}

impl Backlog {
    /// Returns one that holds nothing.
    pub(super) const fn new() -> Self {
        Self { items: Vec::new(), bytes: 0 }
    }

    /// Returns how much it holds, bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Holds one more, unless there are too many or it takes more than there is room for; returns whether it does.
    pub(super) fn push(&mut self, new: Held, room_bytes: usize) -> Kept {
        let bytes = new.bytes();
        if self.items.len() >= HELD_MAX || bytes > room_bytes {
            return Kept::No;
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.items.push(new);
        Kept::Yes
    }

    /// Lets go of what holds only messages that went by.
    pub(super) fn drop_known(&mut self, known: impl Fn(&Message) -> bool) {
        self.items.retain(|held| !held.all_messages(&known));
        self.bytes = self.items.iter().map(Held::bytes).sum();
    }

    /// Returns all, in the order in which it came.
    pub(super) fn into_items(self) -> Vec<Held> {
        self.items
    }
}

/// Whether something is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is.
    Yes,
    /// It is not: it has to be read.
    No,
}
