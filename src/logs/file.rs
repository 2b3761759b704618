//! The files: one a day by local midnight, more when a day says much, old ones removed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::error::LogError;
use super::queue::Sink;
use super::settings::LogSettings;

/// The symlink that names the current file.
pub(super) const CURRENT: &str = "gateway.log";

/// How much a folder may hold.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    retention_days: u32,
    file_bytes_max: u64,
    total_bytes_max: u64,
}

/// Names a file: `callboard-2026-11-21.log`, then `callboard-2026-11-21.1.log` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    day: Date,
    part: u32,
}

impl Name {
    fn text(self) -> String {
        match self.part {
            0 => format!("callboard-{}.log", self.day),
            part => format!("callboard-{}.{part}.log", self.day),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("callboard-")?.strip_suffix(".log")?;
        let (day, part) = rest.split_once('.').map_or(Some((rest, 0)), |(day, part)| Some((day, part.parse().ok()?)))?;
        Some(Self { day: day.parse().ok()?, part })
    }
}

/// Writes lines to the file of their day. A disk that takes nothing costs lines, which are counted and told when it does again.
#[derive(Debug)]
pub(super) struct DayFile {
    dir: PathBuf,
    zone: TimeZone,
    bounds: Bounds,
    name: Name,
    file: Option<File>,
    bytes: u64,
    taken: Vec<u8>,
    taken_lines: u64,
    lost: u64,
    last_ms: i64,
}

impl DayFile {
    /// Opens the file of the day, at its end.
    ///
    /// # Errors
    /// The folder cannot be made, or the file not written.
    pub(super) fn open(dir: &Path, settings: &LogSettings, zone: TimeZone, now_ms: i64) -> Result<Self, LogError> {
        let LogSettings { retention_days, file_bytes_max, total_bytes_max, .. } = *settings;
        let failed = |source| LogError::Unwritable { path: dir.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
        let day = day_of(now_ms, &zone);
        let newest = names(dir).into_iter().filter(|(name, _)| name.day == day).map(|(name, _)| name).max();
        let name = newest.unwrap_or(Name { day, part: 0 });
        let bounds = Bounds { retention_days, file_bytes_max, total_bytes_max };
        let (taken, dir) = (Vec::new(), dir.to_owned());
        let (file, bytes, taken_lines, lost) = (None, 0, 0, 0);
        let mut this = Self { dir, zone, bounds, name, file, bytes, taken, taken_lines, lost, last_ms: now_ms };
        this.begin().map_err(|source| LogError::Unwritable { path: this.dir.join(name.text()), source })?;
        Ok(this)
    }

    /// Opens the file, points the symlink to it and removes what is too old or too much.
    fn begin(&mut self) -> io::Result<()> {
        let path = self.dir.join(self.name.text());
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        self.bytes = file.metadata()?.len().saturating_add(u64::try_from(self.taken.len()).unwrap_or(u64::MAX));
        self.file = Some(file);
        self.point()?;
        self.clean();
        Ok(())
    }

    /// Replaces the symlink in one step, so that whoever follows it always finds a file.
    fn point(&self) -> io::Result<()> {
        let fresh = self.dir.join(format!("{CURRENT}.new"));
        let _ = fs::remove_file(&fresh);
        symlink(self.name.text(), &fresh)?;
        fs::rename(fresh, self.dir.join(CURRENT))
    }

    fn clean(&self) {
        let first = self.name.day.checked_sub(i64::from(self.bounds.retention_days).saturating_sub(1).days());
        let mut files = names(&self.dir);
        files.sort_unstable_by_key(|(name, _)| *name);
        let mut total: u64 = files.iter().map(|(_, bytes)| bytes).sum();
        for (name, bytes) in files {
            let old = first.as_ref().is_ok_and(|first| name.day < *first);
            if name < self.name && (old || total > self.bounds.total_bytes_max) {
                // One that cannot be removed now is looked at again with the next file.
                let _ = fs::remove_file(self.dir.join(name.text()));
                total = total.saturating_sub(bytes);
            }
        }
    }

    fn turn_page(&mut self, next: Name) {
        self.flush();
        self.name = next;
        self.file = None;
        self.bytes = 0;
    }

    fn write(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            self.begin()?;
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        if self.lost > 0 {
            // The line before may have been cut in its middle.
            file.write_all(b"\n")?;
            file.write_all(dropped_line(self.last_ms, self.lost).as_bytes())?;
        }
        file.write_all(&self.taken)
    }
}

impl Sink for DayFile {
    fn line(&mut self, at_ms: i64, line: &str) {
        self.last_ms = at_ms;
        let day = day_of(at_ms, &self.zone);
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if day > self.name.day {
            self.turn_page(Name { day, part: 0 });
        } else if self.bytes > 0 && self.bytes.saturating_add(length) > self.bounds.file_bytes_max {
            self.turn_page(Name { day: self.name.day, part: self.name.part.saturating_add(1) });
        }
        self.bytes = self.bytes.saturating_add(length);
        self.taken.extend_from_slice(line.as_bytes());
        self.taken_lines += 1;
    }

    fn flush(&mut self) {
        if self.taken.is_empty() {
            return;
        }
        match self.write() {
            Ok(()) => self.lost = 0,
            Err(_) => {
                self.lost += self.taken_lines;
                self.file = None;
            }
        }
        self.taken.clear();
        self.taken_lines = 0;
    }

    fn dropped(&self, at_ms: i64, count: u64) -> String {
        dropped_line(at_ms, count)
    }
}

/// Returns the line that tells how many are missing.
pub(super) fn dropped_line(at_ms: i64, count: u64) -> String {
    let time = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    format!(
        "{{\"time\":\"{time:.3}\",\"level\":\"warn\",\"event\":\"log.dropped\",\"actor\":null,\"trace\":null,\
         \"message\":\"lines are missing here\",\"count\":{count}}}\n"
    )
}

fn day_of(at_ms: i64, zone: &TimeZone) -> Date {
    Timestamp::from_millisecond(at_ms).unwrap_or_default().to_zoned(zone.clone()).date()
}

/// Returns the name of the newest file in a folder; `None` when there is none.
pub(super) fn newest(dir: &Path) -> Option<String> {
    names(dir).into_iter().map(|(name, _)| name).max().map(Name::text)
}

/// Lists the files that are the log's own; links and folders of such names are not.
fn names(dir: &Path) -> Vec<(Name, u64)> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let named = entries.filter_map(|entry| {
        let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        Some((Name::parse(entry.file_name().to_str()?)?, about.len()))
    });
    named.collect()
}
