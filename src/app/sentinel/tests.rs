use std::os::unix::fs::PermissionsExt as _;

use callboard_actors::core::Clock;
use callboard_actors::message::{Role, SessionKey};
use callboard_actors::ports::Store as _;
use callboard_actors::ports::memory::MemoryStore;
use callboard_actors::registry::RouteSettings;

use super::{deliver, discard, take, write};
use crate::config::desk::RestartWish;

fn wish(session: Option<&str>, note: Option<&str>) -> RestartWish {
    RestartWish { session_key: session.map(str::to_owned), note: note.map(str::to_owned), ..RestartWish::default() }
}

#[test]
fn a_note_is_taken_once() {
    let state = tempfile::tempdir().unwrap();
    assert_eq!(take(state.path()), None);
    let written = write(state.path(), "config.apply", &wish(Some("main"), Some("new model")), 5).unwrap();
    let mode = written.path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(take(state.path()), Some(written.payload));
    assert_eq!(take(state.path()), None);
    write(state.path(), "SIGUSR1", &wish(None, None), 5).unwrap();
    discard(state.path());
    assert_eq!(take(state.path()), None);
}

#[test]
fn a_later_order_without_a_note_keeps_the_one_before() {
    let state = tempfile::tempdir().unwrap();
    write(state.path(), "config.patch", &wish(Some("main"), Some("a longer first note")), 5).unwrap();
    write(state.path(), "SIGUSR1", &wish(None, None), 6).unwrap();
    let note = take(state.path()).unwrap();
    assert_eq!((note.message.as_deref(), note.ts, note.stats.mode.as_str()), (Some("a longer first note"), 6, "SIGUSR1"));
}

#[test]
fn what_is_no_note_is_passed_over_and_removed() {
    for text in ["", "{", "[]", "{\"version\":1}", &"x".repeat(1 << 20)] {
        let state = tempfile::tempdir().unwrap();
        let file = state.path().join("restart-sentinel.json");
        std::fs::write(&file, text).unwrap();
        assert_eq!(take(state.path()), None, "{}", text.len());
        assert!(!file.exists());
    }
}

#[tokio::test]
async fn the_session_named_is_told() {
    let state = tempfile::tempdir().unwrap();
    let routes = RouteSettings { default_agent: "ops".into(), main_key: "first".into(), ..RouteSettings::default() };
    let names = [
        ("main", "agent:ops:first"),
        ("Main", "agent:ops:first"),
        ("agent:ops", "agent:ops:first"),
        ("agent:main:dm:x", "agent:main:dm:x"),
        ("other", "agent:ops:other"),
    ];
    for (name, key) in names {
        let store = MemoryStore::new(&Clock::manual(0));
        write(state.path(), "config.patch", &wish(Some(name), Some("new model")), 5).unwrap();
        deliver(&take(state.path()).unwrap(), store.as_ref(), &routes, 7);
        let lines = store.history(SessionKey::new(key), 10).await.unwrap();
        assert_eq!(lines.len(), 1, "{name}");
        assert_eq!((lines[0].role, lines[0].at_ms), (Role::System, 7));
        assert!(lines[0].text.contains("new model") && lines[0].text.contains("config.patch"), "{}", lines[0].text);
    }
}
