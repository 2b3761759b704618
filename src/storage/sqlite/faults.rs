//! Failures on demand, for drills and tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::ffi;

#[derive(Debug, Default)]
struct Switches {
    fail_commits: AtomicBool,
    panic_once: AtomicBool,
    abandon: AtomicBool,
}

/// Switches that make a store fail. Cheap to clone; every clone turns the same switches.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Switches>);

impl Faults {
    /// Makes every commit fail as if the disk's flush had failed, until [`Faults::mend`].
    pub fn fail_commits(&self) {
        self.0.fail_commits.store(true, Ordering::Release);
    }

    /// Ends [`Faults::fail_commits`].
    pub fn mend(&self) {
        self.0.fail_commits.store(false, Ordering::Release);
    }

    /// Makes the writer panic over the next request.
    pub fn panic_once(&self) {
        self.0.panic_once.store(true, Ordering::Release);
    }

    /// Makes the store leave its rows in hand when it is closed, as an aborted process does.
    pub fn abandon_at_close(&self) {
        self.0.abandon.store(true, Ordering::Release);
    }

    pub(super) fn abandon(&self) -> bool {
        self.0.abandon.load(Ordering::Acquire)
    }

    pub(super) fn fail_if_asked(&self) -> rusqlite::Result<()> {
        if self.0.fail_commits.load(Ordering::Acquire) {
            let code = ffi::Error::new(ffi::SQLITE_IOERR_FSYNC);
            return Err(rusqlite::Error::SqliteFailure(code, Some("disk I/O error: the flush failed".into())));
        }
        Ok(())
    }

    #[allow(clippy::panic, reason = "panicking on demand is what this switch is for")]
    pub(super) fn panic_if_asked(&self) {
        if self.0.panic_once.swap(false, Ordering::AcqRel) {
            panic!("the store's writer was asked to panic");
        }
    }
}
