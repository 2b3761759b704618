//! Lines that leave a transcript, kept as files: `<state>/archive/<sessionId>.jsonl.<why>.<time>`, one line of JSON each.

mod keeper;
mod prune;
mod sweep;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use callboard_actors::message::{Entry, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::storage::folder::make_private_folder;

pub use keeper::ArchiveSettings;
pub(crate) use keeper::FileArchive;
pub(crate) use prune::{PruneRules, Pruner};
pub(crate) use sweep::Mode;

/// The folder in the state folder.
const FOLDER: &str = "archive";

/// How the name of a file ends that is being written; it begins with a dot.
const PART: &str = ".part";

/// Held from the choice of a name until there is a file of that name.
static NAMING: Mutex<()> = Mutex::new(());

/// How many names of the folder are read at a time, whatever they are of; those beyond are seen when those before have gone.
const NAMES_MAX: usize = 1_000_000;

/// How many files of one transcript may be of the same millisecond.
const SAME_TIME_MAX: u32 = 100;

/// Why lines leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The session is forgotten.
    Deleted,
    /// The transcript is cut.
    Compacted,
    /// The transcript begins anew.
    Reset,
    /// The session was silent for long, or there are too many.
    Pruned,
}

impl Why {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Compacted => "bak",
            Self::Reset => "reset",
            Self::Pruned => "pruned",
        }
    }
}

/// Returns a line of a transcript as files and exports have it.
pub(crate) fn told(line: &Entry) -> Value {
    let Entry { role, text, media, run, at_ms, rounds } = line;
    if *role == Role::Summary {
        return json!({ "type": "compaction", "runId": run, "timestamp": at_ms, "summary": text });
    }
    json!({
        "type": "message",
        "runId": run,
        "timestamp": at_ms,
        "message": { "role": role, "content": [{ "type": "text", "text": text }], "media": media },
        "rounds": rounds,
    })
}

/// Writes lines to a new file that only its owner may read, on the disk when this returns; answers with its path. A file under its
/// own name is whole: what cannot be written to its end is taken away again.
///
/// # Errors
/// The system's.
pub(crate) fn write(state_dir: &Path, id: Uuid, why: Why, at_ms: i64, lines: &[Entry]) -> io::Result<PathBuf> {
    let folder = state_dir.join(FOLDER);
    make_private_folder(&folder)?;
    let part = part_in(&folder);
    let written = fill(&part, lines).and_then(|()| name(&folder, &part, id, why, at_ms));
    if written.is_err() {
        // What the disk does not even give back goes with the next sweep.
        let _ = fs::remove_file(&part);
    }
    let path = written?;
    File::open(&folder)?.sync_all()?;
    Ok(path)
}

/// Takes away what earlier tries left of a transcript that is begun anew, once this file of it is whole: it only grew since. What cannot
/// be taken away, or is not among the first [`NAMES_MAX`] of the folder, is there twice.
fn forget_tries(path: &Path, id: Uuid) {
    let tries = format!("{id}.jsonl.{}.", Why::Reset.as_str());
    let entries = path.parent().and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().take(NAMES_MAX);
    for entry in entries.flatten() {
        let is_try = entry.file_name().to_str().is_some_and(|name| name.starts_with(&tries));
        // By their names, which tell the time: a try that was slow ends behind one that was later and has more.
        if is_try && entry.path().as_path() < path {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Returns how large a file of lines is, bytes.
fn size_of(lines: &[Entry]) -> u64 {
    let mut size = Size(0);
    // Nothing is written, so nothing fails but what could not be written either.
    let _ = put(lines, &mut size);
    size.0
}

/// Counts what is written.
struct Size(u64);

impl io::Write for Size {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Looks whether a file of so many bytes could be written, and leaves nothing of it. Only a little is written: a disk that is nearly full
/// belongs to those who need it.
///
/// # Errors
/// The system's; `StorageFull` where there is no room for as much.
fn probe(state_dir: &Path, bytes: u64) -> io::Result<()> {
    let folder = state_dir.join(FOLDER);
    make_private_folder(&folder)?;
    let part = part_in(&folder);
    let tried = create(&part).and_then(|mut file| file.write_all(&[b' '; 4_096]).and_then(|()| file.sync_all()));
    let removed = fs::remove_file(&part);
    tried.and(removed)?;
    let disk = nix::sys::statvfs::statvfs(&folder)?;
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    if free < bytes {
        return Err(io::Error::new(io::ErrorKind::StorageFull, format!("{free} bytes are free, and {bytes} needed")));
    }
    Ok(())
}

fn part_in(folder: &Path) -> PathBuf {
    folder.join(format!(".{}{PART}", Uuid::new_v4()))
}

fn create(path: &Path) -> io::Result<File> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn fill(part: &Path, lines: &[Entry]) -> io::Result<()> {
    let mut writer = BufWriter::new(create(part)?);
    put(lines, &mut writer)?;
    writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

fn put(lines: &[Entry], writer: &mut impl io::Write) -> io::Result<()> {
    for line in lines {
        serde_json::to_writer(&mut *writer, &told(line))?;
        writer.write_all(b"\n")?;
    }
    Ok(())
}

/// Gives a file that is whole its name, which no other has.
fn name(folder: &Path, part: &Path, id: Uuid, why: Why, at_ms: i64) -> io::Result<PathBuf> {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let name = format!("{id}.jsonl.{}.{}", why.as_str(), at.strftime("%Y-%m-%dT%H-%M-%S.%3fZ"));
    // Nobody else writes here: one gateway holds the state folder.
    let _one = NAMING.lock().unwrap_or_else(PoisonError::into_inner);
    for number in 1..=SAME_TIME_MAX {
        let path = folder.join(if number == 1 { name.clone() } else { format!("{name}-{number}") });
        if !path.try_exists()? {
            fs::rename(part, &path)?;
            return Ok(path);
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{name} is there {SAME_TIME_MAX} times")))
}

#[cfg(test)]
mod tests;
