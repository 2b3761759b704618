//! A count that belongs to one mailbox and not to the one after it.

use std::sync::atomic::{AtomicU64, Ordering::AcqRel, Ordering::Acquire};

/// A count beside the number of the mailbox it is for, changed together: what is left of a mailbox that was given up with its
/// thread can never touch the count of its successor.
#[derive(Debug, Default)]
pub(super) struct Gauge(AtomicU64);

/// Why nothing was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The count is at its bound.
    Full,
    /// The mailbox has a successor.
    Moved,
}

impl Gauge {
    /// Counts one more, unless `below` are counted already; returns the new count. A mailbox that is newer than the one counted
    /// so far begins at zero.
    pub(super) fn take(&self, mailbox: u32, below: u32) -> Result<u32, Refused> {
        let mut seen = self.0.load(Acquire);
        loop {
            let (owner, count) = split(seen);
            let count = match owner {
                newer if newer > mailbox => return Err(Refused::Moved),
                older if older < mailbox => 0,
                _ if count >= below => return Err(Refused::Full),
                _ => count,
            };
            match self.0.compare_exchange_weak(seen, join(mailbox, count + 1), AcqRel, Acquire) {
                Ok(_) => return Ok(count + 1),
                Err(now) => seen = now,
            }
        }
    }

    /// Counts one less; `false` when there is nothing to give back, or the mailbox has a successor.
    pub(super) fn give(&self, mailbox: u32) -> bool {
        let less = |word| match split(word) {
            (owner, count) if owner == mailbox && count > 0 => Some(join(owner, count - 1)),
            _ => None,
        };
        self.0.fetch_update(AcqRel, Acquire, less).is_ok()
    }

    /// Begins at zero for a mailbox, unless it has begun already.
    pub(super) fn begin(&self, mailbox: u32) {
        let fresh = |word| (split(word).0 < mailbox).then(|| join(mailbox, 0));
        let _ = self.0.fetch_update(AcqRel, Acquire, fresh);
    }

    pub(super) fn count(&self) -> u32 {
        split(self.0.load(Acquire)).1
    }
}

fn split(word: u64) -> (u32, u32) {
    ((word >> u32::BITS) as u32, word as u32)
}

fn join(mailbox: u32, count: u32) -> u64 {
    u64::from(mailbox) << u32::BITS | u64::from(count)
}
