use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::logs::tail::{BYTES_MAX, LINES_MAX, Tail, TailOrder, read, tail};

const TODAY: &str = "callboard-2026-11-21.log";

struct Folder(TempDir);

impl Folder {
    fn new(text: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write(TODAY, text);
        folder
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn append(&self, text: &str) {
        use std::io::Write as _;
        let mut file = std::fs::OpenOptions::new().append(true).open(self.path().join(TODAY)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn read(&self, order: TailOrder) -> Tail {
        read(self.path(), order).unwrap()
    }

    fn from(&self, cursor: u64) -> Tail {
        self.read(TailOrder { cursor: Some(cursor), ..TailOrder::default() })
    }
}

fn limits(limit: usize, max_bytes: u64) -> TailOrder {
    TailOrder { cursor: None, limit: Some(limit), max_bytes: Some(max_bytes) }
}

#[test]
fn a_follower_gets_each_line_once() {
    let folder = Folder::new("one\ntwo\n");
    let first = folder.read(TailOrder::default());
    assert_eq!(first.lines, ["one", "two"]);
    assert_eq!((first.cursor, first.size, first.truncated, first.reset), (8, 8, false, false));
    let nothing = folder.from(first.cursor);
    assert_eq!((nothing.lines.len(), nothing.cursor, nothing.reset), (0, 8, false));
    folder.append("three\nfo");
    let more = folder.from(first.cursor);
    assert_eq!(more.lines, ["three"], "the line that is being written is left for later");
    assert_eq!((more.cursor, more.size, more.reset), (14, 16, false));
    folder.append("ur\n");
    assert_eq!(folder.from(more.cursor).lines, ["four"]);
}

#[test]
fn only_the_last_lines_and_bytes_are_read() {
    let folder = Folder::new("one\ntwo\nthree\n");
    let last = folder.read(limits(1, 1000));
    assert_eq!((last.lines, last.truncated, last.cursor), (vec!["three".to_owned()], true, 14));
    // From within `two` on: the rest of it is no line.
    let last = folder.read(limits(10, 8));
    assert_eq!((last.lines, last.truncated), (vec!["three".to_owned()], true));
    // Right from the start of a line on.
    let last = folder.read(limits(10, 10));
    assert_eq!(last.lines, ["two", "three"]);
    let last = folder.read(limits(0, 0));
    assert_eq!((last.lines.len(), last.cursor), (0, 14), "bounds are clamped");
}

#[test]
fn what_was_asked_for_has_bounds() {
    let folder = Folder::new(&"x\n".repeat(600_000));
    let all = folder.read(limits(usize::MAX, u64::MAX));
    assert_eq!((all.lines.len(), all.truncated), (LINES_MAX, true));
    let long = Folder::new(&format!("{}\n", "x".repeat(usize::try_from(BYTES_MAX).unwrap() * 2)));
    long.append("behind it\n");
    assert_eq!(long.read(TailOrder::default()).lines, ["behind it"]);
}

#[test]
fn a_cursor_that_leads_nowhere_begins_anew_and_says_so() {
    let folder = Folder::new("one\ntwo\n");
    // Behind the end: the file was made anew.
    let anew = folder.from(100);
    assert_eq!((anew.lines.len(), anew.reset, anew.cursor), (2, true, 8));
    // Within a line: it was another file's.
    let anew = folder.from(2);
    assert_eq!((anew.lines.len(), anew.reset), (2, true));
    assert!(!folder.from(0).reset);
    assert!(!folder.from(4).reset);
}

#[test]
fn a_gap_that_is_too_large_says_so() {
    let folder = Folder::new("one\n");
    let cursor = folder.read(TailOrder::default()).cursor;
    folder.append(&"two\n".repeat(100));
    let gap = folder.read(TailOrder { cursor: Some(cursor), limit: None, max_bytes: Some(40) });
    assert_eq!((gap.lines.len(), gap.reset, gap.truncated, gap.cursor), (10, true, true, 404));
    for (limit, reset) in [(99, true), (100, false)] {
        let gap = folder.read(TailOrder { cursor: Some(cursor), limit: Some(limit), max_bytes: None });
        assert_eq!((gap.lines.len(), gap.reset, gap.truncated), (limit, reset, reset), "more lines than were asked for");
    }
}

#[test]
fn a_line_longer_than_a_reading_is_passed_over() {
    let folder = Folder::new("one\n");
    folder.append(&"y".repeat(100));
    let order = TailOrder { cursor: Some(4), limit: None, max_bytes: Some(40) };
    let stuck = folder.read(order);
    assert_eq!((stuck.lines.len(), stuck.truncated, stuck.reset, stuck.cursor), (0, true, true, 104));
    folder.append("y\ntwo\n");
    assert_eq!(folder.read(TailOrder { cursor: Some(stuck.cursor), ..order }).lines, ["two"]);
}

#[test]
fn the_next_day_begins_anew() {
    let folder = Folder::new("one\ntwo\n");
    let cursor = folder.read(TailOrder::default()).cursor;
    folder.write("callboard-2026-11-22.log", "a line of tomorrow\n");
    let anew = folder.from(cursor);
    assert!(anew.reset && anew.file.ends_with("callboard-2026-11-22.log"), "{anew:?}");
    assert_eq!(anew.lines, ["a line of tomorrow"]);
    folder.write("callboard-2026-11-22.1.log", "the day's second file\n");
    assert_eq!(folder.read(TailOrder::default()).lines, ["the day's second file"]);
}

#[test]
fn no_other_file_is_ever_read() {
    let folder = Folder::new("one\n");
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "sesame\n").unwrap();
    for name in ["gateway.log", "callboard-2026-11-23.log", "zzz.log", "callboard-9999-99-99.log"] {
        std::os::unix::fs::symlink(secret.path(), folder.path().join(name)).unwrap();
    }
    std::fs::create_dir(folder.path().join("callboard-2026-11-24.log")).unwrap();
    let read = folder.read(TailOrder::default());
    assert_eq!(read.lines, ["one"]);
    assert!(read.file.ends_with(TODAY));
}

#[tokio::test]
async fn no_log_is_no_lines() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = tail(folder.path().join("logs"), TailOrder { cursor: Some(5), ..TailOrder::default() }).await.unwrap();
    assert_eq!((nothing.lines.len(), nothing.cursor, nothing.size, nothing.reset), (0, 0, 0, true));
    let told = serde_json::to_value(&nothing).unwrap();
    let wanted = json!({
        "file": folder.path().join("logs/gateway.log"), "cursor": 0, "size": 0, "lines": [], "truncated": false, "reset": true,
    });
    assert_eq!(told, wanted);
}

#[test]
fn bytes_that_are_no_text_are_shown_as_such() {
    let folder = Folder::new("");
    std::fs::write(folder.path().join(TODAY), b"a\xffb\nc\n").unwrap();
    assert_eq!(folder.read(TailOrder::default()).lines, ["a\u{fffd}b", "c"]);
}

#[test]
fn lines_are_without_secrets_because_they_were_written_so() {
    use callboard_actors::core::Clock;
    use tracing_subscriber::layer::SubscriberExt as _;
    let folder = tempfile::tempdir().unwrap();
    let settings = crate::logs::LogSettings { dir: Some(folder.path().to_owned()), ..crate::logs::LogSettings::default() };
    let (layer, logs) = crate::logs::handle::build(&settings, Clock::manual(0), jiff::tz::TimeZone::UTC).unwrap();
    logs.hide(vec!["sesame-known".into()]);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        tracing::info!(token = "sesame", url = "http://u:sesame@h/?api_key=sesame-key", "the sesame-known one");
    });
    logs.flush(std::time::Duration::from_secs(10));
    let lines = read(folder.path(), TailOrder::default()).unwrap().lines;
    assert_eq!(lines.len(), 1);
    assert!(!lines[0].contains("sesame"), "{}", lines[0]);
}
