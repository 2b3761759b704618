//! The folder of bytes, each file named for the digest of what is in it.
//!
//! A file comes here by a rename of a whole one that is on the disk, so that at every moment a name stands for exactly its bytes or for
//! nothing. What a crash leaves behind are drafts, which go at the next start, and files that no row names, which the sweep takes.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callboard_actors::core::{Clock, Live};
use callboard_actors::message::BlobId;
use callboard_actors::ports::MediaFault;
use uuid::Uuid;

use super::MediaSettings;
use super::draft::{Draft, disk};
use crate::storage::make_private_folder;

/// One file of the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// The name of its bytes.
    pub(super) id: BlobId,
    /// How many they are.
    pub(super) size: u64,
    /// When they were last put in, milliseconds since 1970.
    pub(super) put_ms: i64,
}

/// Which part of what the room holds there is besides for what passes through: a fourth.
const PASSING_PART: u64 = 4;

/// How long the files of a folder stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stay {
    /// As long as a row needs them, and longer.
    Kept,
    /// Until their turn has begun. No row names them, so that none of an earlier life is needed.
    Passing,
}

/// The folder.
pub(super) struct Blobs {
    stay: Stay,
    root: PathBuf,
    settings: Live<MediaSettings>,
    clock: Clock,
    /// How many bytes are there, once they were counted. Held while files come and go.
    total: Mutex<Option<u64>>,
}

impl Blobs {
    /// Opens the folder under the state folder. Nothing is touched before the first use.
    pub(super) fn new(stay: Stay, state_dir: &Path, settings: Live<MediaSettings>, clock: Clock) -> Self {
        let root = match stay {
            Stay::Kept => state_dir.join("media"),
            Stay::Passing => state_dir.join("media").join("passing"),
        };
        Self { stay, root, settings, clock, total: Mutex::new(None) }
    }

    /// Returns how many bytes the folder holds.
    fn bytes_max(&self) -> u64 {
        let room = self.settings.get().room_bytes_max;
        match self.stay {
            Stay::Kept => room,
            Stay::Passing => room / PASSING_PART,
        }
    }

    fn drafts(&self) -> PathBuf {
        self.root.join("drafts")
    }

    fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    fn path(&self, id: &BlobId) -> PathBuf {
        let shelf: String = id.as_str().chars().take(2).collect();
        self.blobs().join(shelf).join(id.as_str())
    }

    /// Makes the folders, counts what is there and throws away what an earlier life left half written.
    fn ready(&self) -> Result<MutexGuard<'_, Option<u64>>, MediaFault> {
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        if total.is_none() {
            let open = || {
                if self.stay == Stay::Passing && self.blobs().exists() {
                    fs::remove_dir_all(self.blobs())?;
                }
                make_private_folder(&self.blobs())?;
                make_private_folder(&self.drafts())?;
                for draft in fs::read_dir(self.drafts())? {
                    fs::remove_file(draft?.path())?;
                }
                Ok(self.list()?.iter().map(|kept| kept.size).sum())
            };
            *total = Some(open().map_err(|error: io::Error| disk(&error))?);
        }
        Ok(total)
    }

    /// Begins a file of at most so many bytes.
    pub(super) fn begin(&self, bytes_max: u64) -> Result<Draft, MediaFault> {
        drop(self.ready()?);
        Draft::begin(self.drafts().join(Uuid::new_v4().simple().to_string()), bytes_max)
    }

    /// Returns how many bytes are too many once so many more are there; 0 when there is room.
    pub(super) fn lacks(&self, more: u64) -> Result<u64, MediaFault> {
        let total = self.ready()?.unwrap_or(0);
        Ok(total.saturating_add(more).saturating_sub(self.bytes_max()))
    }

    /// Puts a file in that was written; it is there for good when this returns. One that is there already is as young as a new one.
    pub(super) fn keep(&self, draft: Draft) -> Result<BlobId, MediaFault> {
        let id = draft.finish()?;
        let path = self.path(&id);
        let mut total = self.ready()?;
        let held = total.unwrap_or(0);
        if self.touch(&path) {
            return Ok(id);
        }
        if held.saturating_add(draft.size) > self.bytes_max() {
            return Err(MediaFault::Full);
        }
        let put = || {
            let shelf = path.parent().unwrap_or(&self.root);
            if !shelf.exists() {
                make_private_folder(shelf)?;
                File::open(self.blobs())?.sync_all()?;
            }
            set_time(draft.path(), self.clock.now_ms())?;
            fs::rename(draft.path(), &path)?;
            File::open(shelf)?.sync_all()
        };
        put().map_err(|error: io::Error| disk(&error))?;
        *total = Some(held.saturating_add(draft.size));
        Ok(id)
    }

    fn touch(&self, path: &Path) -> bool {
        set_time(path, self.clock.now_ms()).is_ok()
    }

    /// Opens a file; answers also how many bytes it has.
    pub(super) fn open(&self, id: &BlobId) -> Result<(File, u64), MediaFault> {
        let open = || {
            let file = File::open(self.path(id))?;
            let size = file.metadata()?.len();
            Ok((file, size))
        };
        open().map_err(
            |error: io::Error| if error.kind() == io::ErrorKind::NotFound { MediaFault::Missing } else { disk(&error) },
        )
    }

    /// Returns every file of the room.
    pub(super) fn list(&self) -> io::Result<Vec<Kept>> {
        let mut kept = Vec::new();
        let shelves = match fs::read_dir(self.blobs()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(kept),
            shelves => shelves?,
        };
        for shelf in shelves {
            for file in fs::read_dir(shelf?.path())? {
                let file = file?;
                // What is no blob is none of ours.
                let Some(id) = file.file_name().to_str().and_then(BlobId::read) else { continue };
                let about = file.metadata()?;
                kept.push(Kept { id, size: about.len(), put_ms: millis(about.modified()?) });
            }
        }
        Ok(kept)
    }

    /// Takes a file out, unless it was put in again since it was looked at.
    pub(super) fn remove(&self, seen: &Kept) -> io::Result<bool> {
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(&seen.id);
        let about = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            about => about?,
        };
        if millis(about.modified()?) != seen.put_ms {
            return Ok(false);
        }
        fs::remove_file(&path)?;
        *total = total.map(|total| total.saturating_sub(seen.size));
        Ok(true)
    }
}

fn set_time(path: &Path, now_ms: i64) -> io::Result<()> {
    let now = UNIX_EPOCH + Duration::from_millis(u64::try_from(now_ms).unwrap_or(0));
    File::options().append(true).open(path)?.set_modified(now)
}

fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
