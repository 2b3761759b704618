//! The end of the log, for who follows it from afar: from a place in today's file on, whole lines only.
//!
//! What is returned was passed by the redactor when it was written. Nothing but the log's own files is ever read: not the link to
//! the newest one, which could be made to lead elsewhere, and no file of another name.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::file::newest;

/// How many lines are returned when nobody says.
pub const LINES: usize = 500;
/// How many lines may be asked for.
pub const LINES_MAX: usize = 5_000;
/// How many bytes are read when nobody says.
pub const BYTES: u64 = 250_000;
/// How many bytes may be asked for.
pub const BYTES_MAX: u64 = 1_000_000;

/// What to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TailOrder {
    /// Where the last reading ended; without it the end of the file is read.
    pub cursor: Option<u64>,
    /// The most lines, clamped to 1 to [`LINES_MAX`]; [`LINES`] without it. Of more the last ones are returned.
    pub limit: Option<usize>,
    /// The most bytes, clamped to 1 to [`BYTES_MAX`]; [`BYTES`] without it.
    pub max_bytes: Option<u64>,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tail {
    /// The file; where it would be when nothing was logged yet.
    pub file: PathBuf,
    /// Where the next reading begins: bytes from the file's start, always the start of a line.
    pub cursor: u64,
    /// How long the file is, bytes.
    pub size: u64,
    /// Whole lines, oldest first, without their ends.
    pub lines: Vec<String>,
    /// Whether lines before these were left out.
    pub truncated: bool,
    /// Whether the lines do not follow those of the last reading: the file has become shorter or is another one, or more was
    /// logged than one reading may have.
    pub reset: bool,
}

/// Reads the newest file's end, or what came since a cursor. Reads on a thread that may block.
///
/// # Errors
/// The system's.
pub async fn tail(folder: PathBuf, order: TailOrder) -> io::Result<Tail> {
    tokio::task::spawn_blocking(move || read(&folder, order)).await.map_err(io::Error::other)?
}

/// Reads as [`tail`] does, on this thread.
pub(super) fn read(folder: &Path, order: TailOrder) -> io::Result<Tail> {
    let lines_max = order.limit.unwrap_or(LINES).clamp(1, LINES_MAX);
    let bytes_max = order.max_bytes.unwrap_or(BYTES).clamp(1, BYTES_MAX);
    let Some(name) = newest(folder) else {
        return Ok(Tail {
            file: folder.join(super::file::CURRENT),
            reset: order.cursor.is_some_and(|at| at > 0),
            ..Tail::default()
        });
    };
    let path = folder.join(name);
    let mut file = open(&path)?;
    let size = file.metadata()?.len();
    let begin = Begin::of(&mut file, order.cursor, size, bytes_max)?;
    let text = piece(&mut file, begin.at, size)?;
    // Of a piece that begins within a line, the rest of that line is no line.
    let (skipped, body) = match begin.line {
        Line::Start => (0, text.as_slice()),
        Line::Within => text.iter().position(|byte| *byte == b'\n').map_or((text.len(), &[][..]), |end| {
            let from = end + 1;
            (from, text.get(from..).unwrap_or_default())
        }),
    };
    // The line that is being written is the next reading's.
    let whole = body.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let body = body.get(..whole).unwrap_or_default();
    let mut lines: Vec<String> =
        body.split(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    // Behind the last end there is nothing.
    lines.pop();
    let left_out = lines.len().saturating_sub(lines_max);
    let lines = lines.split_off(left_out);
    let read = u64::try_from(skipped + whole).unwrap_or(u64::MAX);
    // A line longer than one reading may have is passed over, or nobody would ever see what comes behind it.
    let stuck = read == 0 && size.saturating_sub(begin.at) >= bytes_max;
    let cursor = if stuck { size } else { begin.at.saturating_add(read) };
    let passed_over = left_out > 0 || stuck;
    Ok(Tail {
        file: path,
        cursor,
        size,
        lines,
        truncated: begin.truncated || passed_over,
        reset: begin.reset || (order.cursor.is_some() && passed_over),
    })
}

/// Whether a piece begins where a line does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Start,
    Within,
}

/// Where a reading begins.
struct Begin {
    at: u64,
    line: Line,
    truncated: bool,
    reset: bool,
}

impl Begin {
    fn of(file: &mut File, cursor: Option<u64>, size: u64, bytes_max: u64) -> io::Result<Self> {
        let last = size.saturating_sub(bytes_max);
        // Cursors stand at starts of lines; one that does not in this file is another file's, of the day before or a shorter one.
        let known = match cursor {
            Some(at) if at <= size && starts_line(file, at)? => Some(at),
            _ => None,
        };
        let reset = cursor.is_some() && known.is_none_or(|at| at < last);
        let at = known.filter(|at| *at >= last).unwrap_or(last);
        let line = if starts_line(file, at)? { Line::Start } else { Line::Within };
        Ok(Self { at, line, truncated: at > known.unwrap_or(0), reset })
    }
}

fn starts_line(file: &mut File, at: u64) -> io::Result<bool> {
    let Some(before) = at.checked_sub(1) else { return Ok(true) };
    let mut byte = [0];
    file.seek(SeekFrom::Start(before))?;
    Ok(file.read(&mut byte)? == 1 && byte == *b"\n")
}

fn piece(file: &mut File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(to.saturating_sub(from)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a plain file, never what a link leads to.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::NotFound.into()) }
}
