use std::os::unix::fs::PermissionsExt as _;

use callboard_actors::message::{Role, RunId};

use super::*;

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
