//! The folders of the room: one for what rows name, one for what only passes through. So whoever fills one takes no place from the other.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use callboard_actors::core::{Clock, Live};
use callboard_actors::message::BlobId;
use callboard_actors::ports::{MediaFault, Patron};

use super::MediaSettings;
use super::blobs::{Blobs, Stay};

/// The folders. Cheap to clone.
#[derive(Clone)]
pub(super) struct Rooms {
    /// What rows name.
    pub(super) kept: Arc<Blobs>,
    /// What requests over HTTP bring.
    pub(super) passing: Arc<Blobs>,
}

impl Rooms {
    /// Returns those of a state folder. Nothing is touched before their first use.
    pub(super) fn new(state_dir: &Path, settings: &Live<MediaSettings>, clock: &Clock) -> Self {
        let blobs = |stay| Arc::new(Blobs::new(stay, state_dir, settings.clone(), clock.clone()));
        Self { kept: blobs(Stay::Kept), passing: blobs(Stay::Passing) }
    }

    /// Returns where somebody's files go.
    pub(super) const fn of(&self, patron: &Patron) -> &Arc<Blobs> {
        match patron {
            Patron::Request => &self.passing,
            Patron::House | Patron::Peer { .. } => &self.kept,
        }
    }

    /// Opens a file, wherever it is; answers also how many bytes it has.
    pub(super) fn open(&self, id: &BlobId) -> Result<(File, u64), MediaFault> {
        match self.kept.open(id) {
            Err(MediaFault::Missing) => self.passing.open(id),
            opened => opened,
        }
    }
}
