//! What goes from the archive: what was begun and never ended, and what is older than it is to be kept.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::{FOLDER, NAMES_MAX, PART, Why};

/// How many files are looked at in one sweep that may go one day; those beyond are seen when those before have gone.
const LOOKED_AT_MAX: usize = 100_000;

/// How many files go in one sweep, so that it never takes long.
const GONE_MAX: usize = 1_000;

/// How long a file may be in the making: no writing takes as long.
const PART_AGE_MAX: Duration = Duration::from_secs(3600);

/// What becomes of files that are older than they are to be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are counted, and stay.
    #[default]
    Warn,
    /// They go.
    Enforce,
}

/// What a sweep came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Swept {
    /// Files that are older than they are to be kept.
    pub(crate) old: usize,
    /// Those among them that went.
    pub(crate) gone: usize,
    /// What was begun and never ended, and went.
    pub(crate) parts: usize,
}

/// Sweeps the archive of a state folder. Files go by the time of their last change; without `keep_for` those of resets and
/// of sessions that were pruned stay for ever. What was cut from a transcript, or belonged to a session that was deleted, is nobody's to throw away but the owner's.
///
/// # Errors
/// The folder cannot be read. A file that cannot be removed stays until the next time.
pub(crate) fn sweep(state_dir: &Path, mode: Mode, keep_for: Option<Duration>, now_ms: i64) -> io::Result<Swept> {
    let mut swept = Swept::default();
    let entries = match fs::read_dir(state_dir.join(FOLDER)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(swept),
        Err(error) => return Err(error),
    };
    // What stays for ever keeps nobody from being seen.
    let entries = entries.take(NAMES_MAX).filter_map(Result::ok).filter_map(|entry| Some((kind_of(&entry)?, entry)));
    for (kind, entry) in entries.take(LOOKED_AT_MAX) {
        let Some((path, age)) = aged(&entry, now_ms) else { continue };
        let removed = |path: &PathBuf| usize::from(fs::remove_file(path).is_ok());
        match kind {
            Kind::Part if age > PART_AGE_MAX => swept.parts += removed(&path),
            Kind::Reset if keep_for.is_some_and(|keep_for| age > keep_for) => {
                swept.old += 1;
                if mode == Mode::Enforce && swept.gone < GONE_MAX {
                    swept.gone += removed(&path);
                }
            }
            Kind::Part | Kind::Reset => {}
        }
    }
    Ok(swept)
}

/// What a file of the folder is.
#[derive(Clone, Copy)]
enum Kind {
    /// What was begun.
    Part,
    /// What a session left that began anew, or was pruned.
    Reset,
}

/// Returns what a file is by its name; `None` for what stays, or is nobody's here.
fn kind_of(entry: &DirEntry) -> Option<Kind> {
    let name = entry.file_name();
    let name = name.to_str()?;
    let left_for = |why: Why| name.contains(&format!(".jsonl.{}.", why.as_str()));
    if name.starts_with('.') && name.ends_with(PART) {
        Some(Kind::Part)
    } else {
        (left_for(Why::Reset) || left_for(Why::Pruned)).then_some(Kind::Reset)
    }
}

/// Returns where a file is and how old.
fn aged(entry: &DirEntry, now_ms: i64) -> Option<(PathBuf, Duration)> {
    let meta = entry.metadata().ok().filter(fs::Metadata::is_file)?;
    let changed = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let now = Duration::from_millis(u64::try_from(now_ms).ok()?);
    Some((entry.path(), now.saturating_sub(changed)))
}
