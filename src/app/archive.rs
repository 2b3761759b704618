//! Where transcripts go that are begun anew by a session itself.

use std::path::PathBuf;

use callboard_actors::core::Clock;
use callboard_actors::message::Entry;
use callboard_actors::ports::{Answer, Archive, StoreError};
use uuid::Uuid;

use crate::ws::archive::{self, Why};

/// The archive in the state folder.
pub(super) struct FileArchive {
    pub(super) state_dir: PathBuf,
    pub(super) clock: Clock,
}

impl Archive for FileArchive {
    fn keep(&self, transcript: Uuid, lines: Vec<Entry>) -> Answer<()> {
        let (state_dir, now_ms) = (self.state_dir.clone(), self.clock.now_ms());
        let written = tokio::task::spawn_blocking(move || archive::write(&state_dir, transcript, Why::Reset, now_ms, &lines));
        Box::pin(async move {
            let failed = |why: String| StoreError::Unavailable { reason: format!("the transcript cannot be archived: {why}") };
            let path = written.await.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
            tracing::info!(event = "transcript.archived", path = %path.display());
            Ok(())
        })
    }
}
