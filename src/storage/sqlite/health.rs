//! How the store is, readable from any thread without asking the writer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use callboard_actors::message::Code;
use callboard_actors::ports::{StoreError, StoreHealth};
use rusqlite::ErrorCode;

use super::books::Books;

/// What the writer tells about itself.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    trouble: Mutex<Option<(Code, String)>>,
    inbox_open: AtomicU64,
    outbox_open: AtomicU64,
    writer_died: AtomicBool,
}

impl Gauges {
    /// Returns the state for those who ask.
    pub(super) fn health(&self) -> StoreHealth {
        StoreHealth {
            trouble: self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            inbox_open: self.inbox_open.load(Ordering::Relaxed),
            outbox_open: self.outbox_open.load(Ordering::Relaxed),
        }
    }

    /// Records the counts of a commit.
    pub(super) fn count(&self, books: &Books) {
        self.inbox_open.store(books.inbox_open, Ordering::Relaxed);
        self.outbox_open.store(books.outbox_open, Ordering::Relaxed);
    }

    /// Records that a commit succeeded.
    pub(super) fn clear_trouble(&self) {
        let was = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take();
        if was.is_some() {
            tracing::info!(event = "store.recovered", "the store writes again");
        }
    }

    /// Records that a commit failed; logged once per kind of trouble.
    pub(super) fn set_trouble(&self, code: Code, reason: String) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.as_ref().is_none_or(|(_, before)| *before != reason) {
            tracing::error!(event = "store.trouble", code = %code, reason, "the store cannot write");
        }
        *trouble = Some((code, reason));
    }

    /// Returns whether the last commit failed.
    pub(super) fn in_trouble(&self) -> bool {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Records whether the writer has died of a panic.
    pub(super) fn set_writer_died(&self, died: bool) {
        self.writer_died.store(died, Ordering::Release);
    }

    /// Returns whether the writer has died of a panic and not been started again.
    pub(super) fn writer_died(&self) -> bool {
        self.writer_died.load(Ordering::Acquire)
    }
}

/// Whose fault a database error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// The disk's, or another program's that holds the file: every request fails alike and may succeed later.
    Disk,
    /// The file's.
    File,
    /// The request's own.
    Request,
}

/// Returns whose fault an error is.
pub(super) fn blame(error: &rusqlite::Error) -> Blame {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::NoLargeFileSupport,
        ) => Blame::Disk,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Blame::File,
        _ => Blame::Request,
    }
}

/// Returns what a caller hears of a database error.
pub(super) fn store_error(error: &rusqlite::Error) -> StoreError {
    match blame(error) {
        Blame::File => StoreError::Corrupt { reason: error.to_string() },
        Blame::Disk | Blame::Request => StoreError::Unavailable { reason: error.to_string() },
    }
}
