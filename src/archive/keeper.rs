//! Where transcripts go that are begun anew by a session itself, and what becomes of them there.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use callboard_actors::core::Clock;
use callboard_actors::message::Entry;
use callboard_actors::ports::{Answer, Archive, StoreError};
use uuid::Uuid;

use super::sweep::{Mode, Swept, sweep};
use super::{Why, forget_tries, probe, write};
use crate::http::Readiness;

/// Under which name trouble with the archive is shown.
pub(crate) const ARCHIVE: &str = "archive";

/// How long after the start the first sweep comes: the first moments belong to what waits.
const SWEEP_FIRST: Duration = Duration::from_secs(600);

/// How long after a sweep the next one comes.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// How often it is tried whether an archive takes files again that took none.
const PROBE_EVERY: Duration = Duration::from_secs(60);

/// How the archive is kept (`session.maintenance`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveSettings {
    /// Whether files go that are older than they are to be kept.
    pub(crate) mode: Mode,
    /// How long the files of resets are kept; `None` is for ever.
    pub(crate) keep_for: Option<Duration>,
}

/// The archive in the state folder. Cheap to clone.
#[derive(Clone)]
pub(crate) struct FileArchive {
    pub(crate) state_dir: PathBuf,
    pub(crate) clock: Clock,
    /// Shows what is wrong with it.
    pub(crate) readiness: Arc<Readiness>,
}

impl Archive for FileArchive {
    fn keep(&self, transcript: Uuid, lines: Vec<Entry>) -> Answer<()> {
        let (state_dir, now_ms, readiness) = (self.state_dir.clone(), self.clock.now_ms(), Arc::clone(&self.readiness));
        let written = tokio::task::spawn_blocking(move || {
            let path = write(&state_dir, transcript, Why::Reset, now_ms, &lines)?;
            forget_tries(&path, transcript);
            Ok::<_, std::io::Error>(path)
        });
        Box::pin(async move {
            match written.await.map_err(|error| error.to_string()).and_then(|path| path.map_err(|error| error.to_string())) {
                Ok(path) => {
                    readiness.trouble(ARCHIVE, None);
                    tracing::info!(event = "transcript.archived", path = %path.display());
                    Ok(())
                }
                Err(why) => {
                    let reason = format!("the transcript cannot be archived: {why}");
                    readiness.trouble(ARCHIVE, Some(format!("sessions cannot begin anew, and wait: {reason}")));
                    Err(StoreError::Unavailable { reason })
                }
            }
        })
    }
}

impl FileArchive {
    /// Sweeps now and then, for ever, by the settings of the moment.
    pub(crate) async fn run(self, settings: impl Fn() -> ArchiveSettings) {
        let mut next = self.clock.elapsed() + SWEEP_FIRST;
        let mut old = 0;
        loop {
            self.clock.sleep(PROBE_EVERY).await;
            if self.readiness.troubles().contains_key(ARCHIVE) {
                self.look_again().await;
            }
            if self.clock.elapsed() >= next {
                next = self.clock.elapsed() + SWEEP_EVERY;
                old = self.sweep(settings(), old).await;
            }
        }
    }

    /// Looks whether files are taken again, so that trouble is shown no longer than it lasts: nobody may want to begin anew just now.
    async fn look_again(&self) {
        let state_dir = self.state_dir.clone();
        if matches!(tokio::task::spawn_blocking(move || probe(&state_dir)).await, Ok(Ok(()))) {
            self.readiness.trouble(ARCHIVE, None);
        }
    }

    /// Sweeps, and says what came of it; answers with how many files are too old and stay, which is said once for each number.
    async fn sweep(&self, settings: ArchiveSettings, said: usize) -> usize {
        let (state_dir, now_ms) = (self.state_dir.clone(), self.clock.now_ms());
        let ArchiveSettings { mode, keep_for } = settings;
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
