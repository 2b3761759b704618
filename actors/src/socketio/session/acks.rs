//! The acknowledgements that are awaited.

use std::collections::HashMap;

use serde_json::Value;
use tokio::sync::oneshot;

use super::emitter::EmitError;

/// Who waits for one.
type Waiter = oneshot::Sender<Result<Vec<Value>, EmitError>>;

/// Bounded: one more than the bound is refused. Whoever has given up leaves room.
#[derive(Debug)]
pub(super) struct Acks {
    waiting: HashMap<u64, Waiter>,
    next: u64,
    acks_max: usize,
}

impl Acks {
    pub(super) fn new(acks_max: usize) -> Self {
        // Servers count from 0 as well; 1 is what tells an id from one that was forgotten.
        Self { waiting: HashMap::new(), next: 1, acks_max }
    }

    /// Returns the id of the next one, if there is room.
    pub(super) fn room(&mut self) -> Result<u64, EmitError> {
        self.waiting.retain(|_, waiter| !waiter.is_closed());
        if self.waiting.len() >= self.acks_max {
            return Err(EmitError::TooMany { acks_max: self.acks_max });
        }
        let id = self.next;
        // JavaScript counts no further than 2^53; nobody gets there.
        self.next = self.next.wrapping_add(1);
        Ok(id)
    }

    /// Keeps who waits for it.
    pub(super) fn keep(&mut self, id: u64, waiter: Waiter) {
        self.waiting.insert(id, waiter);
    }

    /// Hands over one that has come; nobody may wait for it any more.
    pub(super) fn resolve(&mut self, id: u64, args: Vec<Value>) {
        if let Some(waiter) = self.waiting.remove(&id) {
            let _ = waiter.send(Ok(args));
        }
    }

    /// Returns whether any is awaited.
    pub(super) fn are_awaited(&self) -> bool {
        self.waiting.values().any(|waiter| !waiter.is_closed())
    }
}
