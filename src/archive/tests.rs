use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, UNIX_EPOCH};

use callboard_actors::message::{Role, RunId};

use super::sweep::{Swept, sweep};
use super::*;

mod keeping;
mod pruning;

fn line(text: &str) -> Entry {
    Entry { role: Role::User, text: text.into(), media: Vec::new(), run: RunId::new(), at_ms: 1, rounds: Vec::new() }
}

#[test]
fn lines_are_written_one_a_line_and_no_file_is_written_over() {
    let state = tempfile::tempdir().expect("a folder");
    let id = Uuid::new_v4();
    let write = |lines: &[Entry]| write(state.path(), id, Why::Deleted, 1_700_000_000_123, lines).expect("it is written");
    let first = write(&[line("one\ntwo"), line("three")]);
    let second = write(&[line("four")]);
    assert_eq!(
        first.file_name().and_then(|name| name.to_str()),
        Some(&*format!("{id}.jsonl.deleted.2023-11-14T22-13-20.123Z"))
    );
    assert_ne!(first, second);
    let text = std::fs::read_to_string(&first).expect("it is there");
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["message"]["content"][0]["text"], "one\ntwo");
    assert_eq!(std::fs::metadata(&first).expect("it is there").permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(first.parent().expect("a folder")).expect("it").permissions().mode() & 0o777, 0o700);
}

fn names(state: &Path) -> Vec<String> {
    let entries = fs::read_dir(state.join(FOLDER)).expect("a folder");
    let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
    names.sort();
    names
}

/// Nobody finds half of a transcript under its name, and tries that fail do not pile up.
#[test]
fn a_file_that_cannot_be_written_leaves_nothing_behind() {
    let state = tempfile::tempdir().expect("a folder");
    let id = Uuid::new_v4();
    let write = || write(state.path(), id, Why::Reset, 1_700_000_000_123, &[line("one")]);
    for _ in 0..SAME_TIME_MAX {
        write().expect("it is written");
    }
    assert_eq!(write().expect_err("all names are taken").kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(names(state.path()).len(), SAME_TIME_MAX as usize);
    assert!(names(state.path()).iter().all(|name| !name.ends_with(PART)));
    probe(state.path(), 1).expect("it can be written");
    let full = probe(state.path(), u64::MAX).expect_err("no disk has as much");
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    assert_eq!(names(state.path()).len(), SAME_TIME_MAX as usize, "a look leaves nothing");
    // A folder that cannot be one.
    let state = tempfile::tempdir().expect("a folder");
    fs::write(state.path().join(FOLDER), "a file").expect("it is written");
    assert!(probe(state.path(), 1).is_err());
}

/// The store may fail behind the archive, again and again, and then the same transcript comes again.
#[test]
fn a_transcript_that_comes_again_takes_the_place_of_what_came_before() {
    let state = tempfile::tempdir().expect("a folder");
    let (id, other) = (Uuid::new_v4(), Uuid::new_v4());
    let keep = |id, at_ms| {
        let path = write(state.path(), id, Why::Reset, at_ms, &[line("one")]).expect("it is written");
        forget_tries(&path, id);
    };
    let deleted = write(state.path(), id, Why::Deleted, 1, &[line("one")]).expect("it is written");
    keep(other, 1);
    (1..=3).for_each(|at_ms| keep(id, at_ms));
    keep(id, 2);
    let left = names(state.path());
    assert_eq!(left.len(), 4, "one that ends late takes away no later one: {left:?}");
    assert!(left.iter().any(|name| name.starts_with(&format!("{id}.jsonl.reset.")) && name.ends_with("00.003Z")), "{left:?}");
    assert!(deleted.exists());
}

#[test]
fn files_of_resets_go_when_they_are_old_enough_and_that_is_wanted() {
    const NOW_MS: i64 = 1_700_000_000_000;
    let day = Duration::from_secs(24 * 3600);
    // The file, how many days old it is.
    let files = [
        ("a.jsonl.reset.2023", 31),
        ("b.jsonl.reset.2023", 29),
        ("c.jsonl.deleted.2023", 99),
        ("d.jsonl.bak.2023", 99),
        ("g.jsonl.pruned.2023", 31),
        (".e.part", 1),
        (".f.part", 0),
        ("notes.txt", 99),
    ];
    // What is done, how long they are kept, how many are too old, what is left.
    let (all, young) = (["a", "b", "c", "d", ".f", "g", "notes"].as_slice(), ["b", "c", "d", ".f", "notes"].as_slice());
    let cases = [
        (Mode::Warn, Some(30), 2, all),
        (Mode::Enforce, Some(30), 2, young),
        (Mode::Enforce, Some(365), 0, all),
        (Mode::Enforce, None, 0, all),
    ];
    for (mode, days, old, left) in cases {
        let state = tempfile::tempdir().expect("a folder");
        assert_eq!(sweep(state.path(), mode, None, NOW_MS).expect("nothing is there"), Swept::default());
        fs::create_dir(state.path().join(FOLDER)).expect("a folder");
        for (name, days) in files {
            let file = File::create(state.path().join(FOLDER).join(name)).expect("a file");
            let changed = UNIX_EPOCH + Duration::from_millis(NOW_MS.unsigned_abs()) - day * days;
            file.set_modified(changed).expect("a time");
        }
        let swept = sweep(state.path(), mode, days.map(|days| day * days), NOW_MS).expect("it is swept");
        let gone = if mode == Mode::Enforce { old } else { 0 };
        assert_eq!(swept, Swept { old, gone, parts: 1 }, "{mode:?} {days:?}");
        let names = names(state.path());
        assert_eq!(names.len(), left.len(), "{mode:?} {days:?}: {names:?}");
        assert!(left.iter().all(|left| names.iter().any(|name| name.starts_with(left))), "{names:?}");
    }
}
