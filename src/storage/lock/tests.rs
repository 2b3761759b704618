use std::os::unix::fs::PermissionsExt as _;

use super::*;

#[test]
fn a_second_gateway_is_told_who_has_the_folder() {
    let parent = tempfile::tempdir().unwrap();
    let state = parent.path().join("state");
    let clock = Clock::manual(1_800_000_000_000);
    let first = StateLock::acquire(&state, &clock).unwrap();

    let error = StateLock::acquire(&state, &clock).unwrap_err();
    let LockError::Held { holder, .. } = &error else { panic!("{error}") };
    let expected = Holder { pid: Some(std::process::id()), started_at: Some("2027-01-15T08:00:00Z".into()) };
    assert_eq!(*holder, expected);
    assert!(error.to_string().contains(&format!("process {}, since 2027-01-15T08:00:00Z", std::process::id())), "{error}");
    assert!(error.to_string().contains("--force"), "{error}");

    drop(first);
    StateLock::acquire(&state, &clock).unwrap();
}

#[test]
fn a_lock_file_that_nobody_holds_is_taken_whatever_it_says() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join(LOCK_FILE), "4711\nlong ago\nand more of it than a fresh one has").unwrap();
    let _lock = StateLock::acquire(state.path(), &Clock::manual(0)).unwrap();
    let text = std::fs::read_to_string(state.path().join(LOCK_FILE)).unwrap();
    assert_eq!(text, format!("{{\"pid\":{},\"startedAt\":\"1970-01-01T00:00:00Z\"}}\n", std::process::id()));
}

#[test]
fn only_the_owner_may_read_the_folder() {
    let parent = tempfile::tempdir().unwrap();
    let state = parent.path().join("state");
    let _lock = StateLock::acquire(&state, &Clock::manual(0)).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&state), mode(&state.join(LOCK_FILE))), (0o700, 0o600));
}
