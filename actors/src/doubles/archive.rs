//! An archive that a test can look into.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use uuid::Uuid;

use crate::message::Entry;
use crate::ports::{Answer, Archive, StoreError};

/// Keeps transcripts in memory, in the order they came.
#[derive(Default)]
pub(crate) struct Shelf {
    kept: Mutex<Vec<(Uuid, Vec<Entry>)>>,
    /// How many more are refused.
    refuses: AtomicUsize,
    asked: AtomicUsize,
}

impl Shelf {
    /// Has so many transcripts refused.
    pub(crate) fn refuse(&self, count: usize) {
        self.refuses.store(count, SeqCst);
    }

    /// Returns how often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }

    /// Returns what it was given to keep, each time that it came.
    pub(crate) fn kept(&self) -> Vec<(Uuid, Vec<Entry>)> {
        self.kept.lock().unwrap().clone()
    }
}

impl Archive for Shelf {
    fn keep(&self, transcript: Uuid, lines: Vec<Entry>) -> Answer<()> {
        self.asked.fetch_add(1, SeqCst);
        if self.refuses.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
            let reason = "the archive is full".into();
            return Box::pin(std::future::ready(Err(StoreError::Unavailable { reason })));
        }
        self.kept.lock().unwrap().push((transcript, lines));
        Box::pin(std::future::ready(Ok(())))
    }
}
