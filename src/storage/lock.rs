//! Keeps two gateways off one state folder.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use callboard_actors::core::Clock;

use super::folder;

/// The file in the state folder that is locked.
const LOCK_FILE: &str = "gateway.lock";

/// How much of the lock file is read back, bytes.
const LOCK_BYTES_MAX: u64 = 256;

/// Who holds a lock, as far as the lock file tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// The process.
    pub pid: Option<u32>,
    /// When it took the lock, RFC 3339.
    pub started_at: Option<String>,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "process {pid}")?,
            None => f.write_str("another process")?,
        }
        self.started_at.as_ref().map_or(Ok(()), |since| write!(f, ", since {since}"))
    }
}

/// Why a state folder was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another gateway has it.
    #[error("{} is in use by {holder}: stop that gateway, start this one with --force, or name another state folder", folder.display())]
    Held {
        /// The state folder.
        folder: PathBuf,
        /// Who has it.
        holder: Holder,
    },
    /// The lock file cannot be made or locked.
    #[error("{} cannot be locked: {source}", file.display())]
    Io {
        /// The lock file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The hold on a state folder; it ends when this is dropped, and with the process however that ends.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

impl StateLock {
    /// Takes a state folder, which is made when it is not there.
    ///
    /// # Errors
    /// Another process has it, or the system refuses.
    pub fn acquire(state: &Path, clock: &Clock) -> Result<Self, LockError> {
        let path = state.join(LOCK_FILE);
        let io = |source| LockError::Io { file: path.clone(), source };
        folder::make_private_folder(state).map_err(io)?;
        let mut file = folder::open_private(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { folder: state.to_owned(), holder: read(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        write(&mut file, clock).map_err(io)?;
        Ok(Self { _file: file })
    }
}

/// Writes who has the lock, one JSON object on one line.
fn write(file: &mut File, clock: &Clock) -> io::Result<()> {
    let started_at = jiff::Timestamp::from_millisecond(clock.now_ms()).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string();
    let holder = Holder { pid: Some(std::process::id()), started_at: Some(started_at) };
    file.set_len(0)?;
    file.rewind()?;
    serde_json::to_writer(&mut *file, &holder)?;
    writeln!(file)?;
    file.flush()
}

/// Reads who has the lock; whatever cannot be read is left out.
fn read(file: &mut File) -> Holder {
    serde_json::from_reader(file.take(LOCK_BYTES_MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
