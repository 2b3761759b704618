//! Rows that wait for their turn, and how many are being sent.

use std::collections::VecDeque;

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
    sending: usize,
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
        if self.sending >= SENDING_MAX {
            return None;
        }
        let row = self.held.pop_front()?;
        self.sending += 1;
        Some(row)
    }

    /// Says that a row was sent, or was not.
    pub(super) const fn over(&mut self) {
        self.sending = self.sending.saturating_sub(1);
    }

    /// Returns whether nothing waits or is being sent.
    pub(super) fn is_idle(&self) -> bool {
        self.sending == 0 && self.held.is_empty()
    }
}
