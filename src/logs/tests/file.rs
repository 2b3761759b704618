//! Files by day, by size, and their end.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use jiff::tz::TimeZone;

use crate::logs::LogSettings;
use crate::logs::file::{CURRENT, DayFile};
use crate::logs::queue::Sink as _;

const DAY_MS: i64 = 86_400_000;
/// 2026-11-21T00:00:00Z.
const MIDNIGHT_MS: i64 = 1_795_219_200_000;

fn open(dir: &Path, settings: &LogSettings, now_ms: i64) -> DayFile {
    DayFile::open(dir, settings, TimeZone::UTC, now_ms).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn write(file: &mut DayFile, at_ms: i64, line: &str) {
    file.line(at_ms, line);
    file.flush();
}

#[test]
fn a_day_ends_at_local_midnight_and_the_link_follows() {
    let dir = tempfile::tempdir().unwrap();
    let zone = TimeZone::fixed(jiff::tz::offset(1));
    let mut file = DayFile::open(dir.path(), &LogSettings::default(), zone, MIDNIGHT_MS - 2 * 3_600_000).unwrap();
    file.line(MIDNIGHT_MS - 3_600_001, "before\n");
    file.line(MIDNIGHT_MS - 3_600_000, "after\n");
    file.flush();
    assert_eq!(names(dir.path()), ["callboard-2026-11-20.log", "callboard-2026-11-21.log", CURRENT]);
    assert_eq!(fs::read_to_string(dir.path().join("callboard-2026-11-20.log")).unwrap(), "before\n");
    assert_eq!(fs::read_to_string(dir.path().join(CURRENT)).unwrap(), "after\n");
    assert_eq!(fs::read_link(dir.path().join(CURRENT)).unwrap(), Path::new("callboard-2026-11-21.log"));
    // A clock that is set back does not open an old file again.
    write(&mut file, MIDNIGHT_MS - DAY_MS, "late\n");
    assert_eq!(fs::read_to_string(dir.path().join(CURRENT)).unwrap(), "after\nlate\n");
}

#[test]
fn files_are_for_their_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("state").join("logs");
    write(&mut open(&logs, &LogSettings::default(), MIDNIGHT_MS), MIDNIGHT_MS, "x\n");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&logs), mode(&logs.join(CURRENT))), (0o700, 0o600));
}

#[test]
fn a_file_that_is_full_goes_on_in_the_next_part_also_after_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let settings = LogSettings { file_bytes_max: 20, ..LogSettings::default() };
    let mut file = open(dir.path(), &settings, MIDNIGHT_MS);
    for _ in 0..3 {
        write(&mut file, MIDNIGHT_MS, "0123456789\n");
    }
    assert_eq!(names(dir.path()).len(), 4, "{:?}", names(dir.path()));
    drop(file);
    write(&mut open(dir.path(), &settings, MIDNIGHT_MS), MIDNIGHT_MS, "more\n");
    assert_eq!(fs::read_to_string(dir.path().join("callboard-2026-11-21.2.log")).unwrap(), "0123456789\nmore\n");
    // A line longer than a file has one of its own.
    let mut file = open(dir.path(), &settings, MIDNIGHT_MS);
    write(&mut file, MIDNIGHT_MS, &format!("{}\n", "x".repeat(50)));
    assert_eq!(fs::metadata(dir.path().join("callboard-2026-11-21.3.log")).unwrap().len(), 51);
}

#[test]
fn old_files_and_too_many_bytes_go_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    for name in
        ["callboard-2026-11-18.log", "callboard-2026-11-19.log", "callboard-2026-11-20.log", "callboard-notes.log", "other.log"]
    {
        fs::write(dir.path().join(name), "0123456789").unwrap();
    }
    let settings = LogSettings { retention_days: 3, ..LogSettings::default() };
    open(dir.path(), &settings, MIDNIGHT_MS);
    let kept = [
        "callboard-2026-11-19.log",
        "callboard-2026-11-20.log",
        "callboard-2026-11-21.log",
        "callboard-notes.log",
        CURRENT,
        "other.log",
    ];
    assert_eq!(names(dir.path()), kept);
    let settings = LogSettings { total_bytes_max: 12, ..settings };
    open(dir.path(), &settings, MIDNIGHT_MS);
    assert!(!dir.path().join("callboard-2026-11-19.log").exists());
    assert!(dir.path().join("callboard-2026-11-20.log").exists());
}

#[test]
fn lines_that_the_disk_did_not_take_are_told_when_it_does_again() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    let mut file = open(&logs, &LogSettings::default(), MIDNIGHT_MS);
    write(&mut file, MIDNIGHT_MS, "kept\n");
    // A folder that turned into a file takes nothing, not even from root.
    fs::rename(&logs, dir.path().join("aside")).unwrap();
    fs::write(&logs, "").unwrap();
    for line in ["lost\n", "lost too\n"] {
        write(&mut file, MIDNIGHT_MS + DAY_MS, line);
    }
    fs::remove_file(&logs).unwrap();
    fs::rename(dir.path().join("aside"), &logs).unwrap();
    write(&mut file, MIDNIGHT_MS + DAY_MS, "back\n");
    let text = fs::read_to_string(logs.join(CURRENT)).unwrap();
    assert!(text.contains("\"event\":\"log.dropped\"") && text.contains("\"count\":2}\n"), "{text}");
    assert!(text.ends_with("back\n"), "{text}");
}
