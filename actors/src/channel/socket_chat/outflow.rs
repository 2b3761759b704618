//! What is on its way to the broker and not yet confirmed.

use std::collections::{HashMap, VecDeque};

use crate::message::OutboxId;
use crate::ports::OutboxRow;

/// How many payloads are on the wire at a time.
pub(super) const SEND_WINDOW: u16 = 1000;
/// How many rows a link holds beside those on the wire; a further one is failed as overloaded. An actor that has no more
/// rows in hand than this never sees that.
pub const SENDS_HELD_MAX: usize = 4096;
/// Packet ids below are for subscribing.
const FIRST_PKID: u16 = 16;

/// The rows of this connection that wait for their confirmation.
pub(super) struct Outflow {
    /// Packet ids that are free, the one that was free longest first.
    free: VecDeque<u16>,
    sent: HashMap<u16, OutboxId>,
    held: VecDeque<Box<OutboxRow>>,
}

impl Outflow {
    /// Returns one with nothing on its way.
    pub(super) fn new() -> Self {
        Self { free: (FIRST_PKID..FIRST_PKID + SEND_WINDOW).collect(), sent: HashMap::new(), held: VecDeque::new() }
    }

    /// Takes a row in, behind those before it.
    ///
    /// # Errors
    /// Gives the row back when too many are held.
    pub(super) fn hold(&mut self, row: Box<OutboxRow>) -> Result<(), Box<OutboxRow>> {
        if self.held.len() >= SENDS_HELD_MAX {
            return Err(row);
        }
        self.held.push_back(row);
        Ok(())
    }

    /// Takes out the next row that may go onto the wire.
    pub(super) fn next(&mut self) -> Option<Box<OutboxRow>> {
        if self.free.is_empty() { None } else { self.held.pop_front() }
    }

    /// Puts a row onto the wire; returns its packet id.
    pub(super) fn send(&mut self, id: OutboxId) -> Option<u16> {
        let pkid = self.free.pop_front()?;
        self.sent.insert(pkid, id);
        Some(pkid)
    }

    /// Takes a row off the wire that the broker confirmed; `None` for a packet id that is not on its way.
    pub(super) fn confirm(&mut self, pkid: u16) -> Option<OutboxId> {
        let id = self.sent.remove(&pkid)?;
        self.free.push_back(pkid);
        Some(id)
    }

    /// Returns whether nothing is on the wire or waits for it.
    pub(super) fn is_idle(&self) -> bool {
        self.sent.is_empty() && self.held.is_empty()
    }
}
