//! Where transcripts go that are begun anew by a session itself, and what becomes of them there.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use callboard_actors::core::Clock;
use callboard_actors::message::Entry;
use callboard_actors::ports::{Answer, Archive, StoreError};
use uuid::Uuid;

use super::prune::{PruneRules, Pruner};
use super::sweep::{Mode, Swept, sweep};
use super::{Why, forget_tries, probe, size_of, write};
use crate::http::Readiness;

/// Under which name trouble with the archive is shown.
pub(super) const ARCHIVE: &str = "archive";

/// How long after the start the first sweep comes: the first moments belong to what waits.
const SWEEP_FIRST: Duration = Duration::from_secs(600);

/// How long after a sweep the next one comes.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// How often it is tried whether an archive takes files again that took none.
const PROBE_EVERY: Duration = Duration::from_secs(60);

/// How sessions and the archive are kept (`session.maintenance`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveSettings {
    /// Whether anything goes.
    pub(crate) mode: Mode,
    /// How long the files of resets are kept; `None` is for ever.
    pub(crate) keep_for: Option<Duration>,
    /// Which sessions go there.
    pub(crate) prune: PruneRules,
}

/// The archive in the state folder. Cheap to clone.
#[derive(Clone)]
pub(crate) struct FileArchive {
    state_dir: PathBuf,
    clock: Clock,
    /// Shows what is wrong with it.
    readiness: Arc<Readiness>,
    /// How large the largest file was that it did not take, bytes; 0 while it takes all. Trouble lasts until there is room for as much:
    /// that a smaller one was taken helps nobody who waits.
    refused: Arc<AtomicU64>,
}

impl FileArchive {
    pub(crate) fn new(state_dir: PathBuf, clock: Clock, readiness: Arc<Readiness>) -> Self {
        Self { state_dir, clock, readiness, refused: Arc::default() }
    }

    /// Writes lines to a file, and shows whether that can be done; answers with its path. Of a reset earlier tries go.
    ///
    /// # Errors
    /// `Unavailable`, with the reason.
    pub(super) async fn store(&self, transcript: Uuid, why: Why, lines: Vec<Entry>) -> Result<PathBuf, StoreError> {
        let (state_dir, now_ms) = (self.state_dir.clone(), self.clock.now_ms());
        let written = tokio::task::spawn_blocking(move || match write(&state_dir, transcript, why, now_ms, &lines) {
            Ok(path) => {
                // Whoever resets tries again soon and often. Of sessions that are pruned many go at a time, and it would be looked
                // through the folder for each.
                if why == Why::Reset {
                    forget_tries(&path, transcript);
                }
                let size = fs::metadata(&path).map_or(0, |meta| meta.len());
                Ok((path, size))
            }
            Err(error) => Err((error.to_string(), size_of(&lines))),
        });
        match written.await.unwrap_or_else(|error| Err((error.to_string(), 0))) {
            Ok((path, size)) => {
                self.took(size);
                tracing::info!(event = "transcript.archived", path = %path.display());
                Ok(path)
            }
            Err((error, size)) => {
                let reason = format!("the transcript cannot be archived: {error}");
                // Nobody waits for anything else.
                if why == Why::Reset {
                    // At least 1, so that it is known that something was refused.
                    self.refused.fetch_max(size.max(1), Ordering::Relaxed);
                    self.readiness.trouble(ARCHIVE, Some(format!("sessions cannot begin anew, and wait: {reason}")));
                }
                Err(StoreError::Unavailable { reason })
            }
        }
    }

    /// There is room for so many bytes.
    fn took(&self, bytes: u64) {
        let refused = self.refused.load(Ordering::Relaxed);
        // One that was refused meanwhile is not forgotten.
        let is_last = || self.refused.compare_exchange(refused, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if refused <= bytes && is_last() {
            self.readiness.trouble(ARCHIVE, None);
        }
    }

    /// Takes a file of the archive away again.
    pub(super) async fn take_back(&self, path: PathBuf) {
        // What stays is there beside the transcript itself.
        let _ = tokio::task::spawn_blocking(move || fs::remove_file(path)).await;
    }
}

impl Archive for FileArchive {
    fn keep(&self, transcript: Uuid, lines: Vec<Entry>) -> Answer<()> {
        let archive = self.clone();
        Box::pin(async move { archive.store(transcript, Why::Reset, lines).await.map(drop) })
    }
}

impl FileArchive {
    /// Sweeps now and then, for ever, by the settings of the moment: how all is kept, and what main sessions are called.
    pub(crate) async fn run(self, pruner: Pruner, settings: impl Fn() -> (ArchiveSettings, String)) {
        let mut next = self.clock.elapsed() + SWEEP_FIRST;
        let (mut old, mut stale) = (0, 0);
        loop {
            self.clock.sleep(PROBE_EVERY).await;
            if self.readiness.troubles().contains_key(ARCHIVE) {
                self.look_again().await;
            }
            if self.clock.elapsed() >= next {
                next = self.clock.elapsed() + SWEEP_EVERY;
                let (settings, main) = settings();
                old = self.sweep(settings, old).await;
                stale = pruner.run(settings.prune, settings.mode, &main, stale).await;
            }
        }
    }

    /// Looks whether files are taken again as large as those that were not, so that trouble is shown no longer than it lasts: nobody may
    /// want to begin anew just now.
    pub(super) async fn look_again(&self) {
        let (state_dir, bytes) = (self.state_dir.clone(), self.refused.load(Ordering::Relaxed));
        if matches!(tokio::task::spawn_blocking(move || probe(&state_dir, bytes)).await, Ok(Ok(()))) {
            self.took(bytes);
        }
    }

    /// Sweeps, and says what came of it; answers with how many files are too old and stay, which is said once for each number.
    async fn sweep(&self, settings: ArchiveSettings, said: usize) -> usize {
        let (state_dir, now_ms) = (self.state_dir.clone(), self.clock.now_ms());
        let ArchiveSettings { mode, keep_for, .. } = settings;
        match tokio::task::spawn_blocking(move || sweep(&state_dir, mode, keep_for, now_ms)).await {
            Ok(Ok(swept)) => tell(swept, mode, said),
            Ok(Err(error)) => {
                tracing::warn!(event = "archive.not_swept", "it is tried again in an hour: {error}");
                said
            }
            Err(error) => {
                tracing::error!(event = "archive.not_swept", "it is tried again in an hour: {error}");
                said
            }
        }
    }
}

fn tell(Swept { old, gone, parts }: Swept, mode: Mode, said: usize) -> usize {
    if gone > 0 || parts > 0 {
        tracing::info!(event = "archive.swept", files = gone, parts);
    }
    if mode == Mode::Warn && old > 0 && old != said {
        let mend = "set session.maintenance.mode to enforce, or resetArchiveRetention to false";
        tracing::warn!(
            event = "archive.old",
            files = old,
            "files in the archive are older than they are to be kept, and stay: {mend}"
        );
    }
    old
}
