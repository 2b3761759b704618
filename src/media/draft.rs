//! A file that is being written: hashed, counted and bounded on the way.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use callboard_actors::message::BlobId;
use callboard_actors::ports::MediaFault;
use ring::digest::{Context, SHA256};

/// How many of the first bytes tell what a file is.
const HEAD_BYTES: usize = 8 * 1024;

/// A file that is being written. Dropped before it is kept, it is gone.
pub(super) struct Draft {
    file: File,
    path: PathBuf,
    digest: Context,
    /// How many bytes it has.
    pub(super) size: u64,
    /// The first of them.
    pub(super) head: Vec<u8>,
    bytes_max: u64,
}

impl Draft {
    /// Begins a file that only its owner may read.
    pub(super) fn begin(path: PathBuf, bytes_max: u64) -> Result<Self, MediaFault> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(|error| disk(&error))?;
        Ok(Self { file, path, digest: Context::new(&SHA256), size: 0, head: Vec::new(), bytes_max })
    }

    /// Writes more of it.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), MediaFault> {
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.size > self.bytes_max {
            return Err(MediaFault::TooLarge { max: self.bytes_max });
        }
        let room = HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.digest.update(bytes);
        self.file.write_all(bytes).map_err(|error| disk(&error))
    }

    /// Has all of it on the disk; answers with the name of its bytes.
    pub(super) fn finish(&self) -> Result<BlobId, MediaFault> {
        if self.size == 0 {
            return Err(MediaFault::Empty);
        }
        self.file.sync_all().map_err(|error| disk(&error))?;
        let digest = self.digest.clone().finish();
        let digest: &[u8; 32] = digest.as_ref().try_into().map_err(|_| MediaFault::Disk("the digest is odd".to_owned()))?;
        Ok(BlobId::of_digest(digest))
    }

    /// Returns where it lies.
    pub(super) const fn path(&self) -> &PathBuf {
        &self.path
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Renamed, it is not there any more.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Returns a fault of the disk; no path of it.
pub(super) fn disk(error: &std::io::Error) -> MediaFault {
    MediaFault::Disk(error.kind().to_string())
}
