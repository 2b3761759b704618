//! Lines that leave a transcript, kept as files: `<state>/archive/<sessionId>.jsonl.<why>.<time>`, one line of JSON each.

use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use callboard_actors::message::{Entry, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::storage::folder::make_private_folder;

/// The folder in the state folder.
const FOLDER: &str = "archive";

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
}

impl Why {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Compacted => "bak",
            Self::Reset => "reset",
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

/// Writes lines to a new file that only its owner may read, on the disk when this returns; answers with its path.
///
/// # Errors
/// The system's.
pub(crate) fn write(state_dir: &Path, id: Uuid, why: Why, at_ms: i64, lines: &[Entry]) -> io::Result<PathBuf> {
    let folder = state_dir.join(FOLDER);
    make_private_folder(&folder)?;
    let (path, file) = create(&folder, id, why, at_ms)?;
    let mut writer = BufWriter::new(file);
    for line in lines {
        serde_json::to_writer(&mut writer, &told(line))?;
        writer.write_all(b"\n")?;
    }
    writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(path)
}

fn create(folder: &Path, id: Uuid, why: Why, at_ms: i64) -> io::Result<(PathBuf, std::fs::File)> {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let name = format!("{id}.jsonl.{}.{}", why.as_str(), at.strftime("%Y-%m-%dT%H-%M-%S.%3fZ"));
    for number in 1..=SAME_TIME_MAX {
        let path = folder.join(if number == 1 { name.clone() } else { format!("{name}-{number}") });
        match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{name} is there {SAME_TIME_MAX} times")))
}

#[cfg(test)]
mod tests;
