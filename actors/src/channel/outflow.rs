//! Rows that wait for their turn, and chats that one is being sent to.

use std::collections::{HashSet, VecDeque};

use crate::ports::OutboxRow;

/// How many rows are being sent at a time, each to another chat. The server limits the rate anyhow.
const SENDING_MAX: usize = 4;
/// How many rows a link holds; a further one is failed as overloaded. An actor that has no more rows in hand than this never
/// sees that.
const HELD_MAX: usize = 1024;

/// The rows of one connection, in the order of the actor.
#[derive(Debug, Default)]
pub(super) struct Outflow {
    held: VecDeque<Box<OutboxRow>>,
    /// The ids of chats: one chat may have two names, and still gets one message at a time.
    sending: HashSet<String>,
}

impl Outflow {
    /// Takes a row in, behind those before it.
    ///
    /// # Errors
    /// Gives the row back when too many are held.
    pub(super) fn hold(&mut self, row: Box<OutboxRow>) -> Result<(), Box<OutboxRow>> {
        if self.held.len() >= HELD_MAX {
            return Err(row);
        }
        self.held.push_back(row);
        Ok(())
    }

    /// Takes out the next row that may be sent now.
    pub(super) fn next(&mut self) -> Option<Box<OutboxRow>> {
        if self.sending.len() >= SENDING_MAX {
            return None;
        }
        let at = self.held.iter().position(|row| !self.sending.contains(&row.outbound.target.chat.id))?;
        let row = self.held.remove(at)?;
        self.sending.insert(row.outbound.target.chat.id.clone());
        Some(row)
    }

    /// Says that a chat's row was sent, or was not.
    pub(super) fn over(&mut self, chat: &str) {
        self.sending.remove(chat);
    }

    /// Returns whether a row of a chat waits or is being sent.
    pub(super) fn has(&self, chat: &str) -> bool {
        self.sending.contains(chat) || self.held.iter().any(|row| row.outbound.target.chat.id == chat)
    }

    /// Returns whether nothing waits or is being sent.
    pub(super) fn is_idle(&self) -> bool {
        self.sending.is_empty() && self.held.is_empty()
    }
}
