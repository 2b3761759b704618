//! The shape of the code: which room may know which, and how large a file may grow.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines from which a file asks to be two.
const LINES_MAX: usize = 600;

/// What no room of `actors/` may name.
const OUTSIDE: &[&str] = &["actix_web", "rusqlite", "clap", "std::env", "std::fs"];

/// Rooms of `actors/` with the rooms they may name, apart from themselves.
const RINGS: &[(&str, &[&str])] = &[
    ("message", &[]),
    ("core", &["message"]),
    ("ports", &["message", "core"]),
    ("agent", &["message", "core", "ports"]),
    ("registry", &["message", "core", "ports"]),
    ("session", &["message", "core", "ports", "agent"]),
    ("socketio", &["core"]),
    ("channel", &["message", "core", "ports", "socketio"]),
    ("client", &["message", "core", "ports"]),
    ("mcp", &["message", "core", "ports", "agent"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}

/// Returns whether a file is a test or a double for tests: those may reach further.
fn is_test(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "doubles")
        || file.file_name().is_some_and(|name| name == "tests.rs")
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.starts_with("//"))
}

#[test]
fn no_room_of_the_actors_names_the_outside() {
    let mut wrong = Vec::new();
    for file in sources(&root().join("actors/src")).into_iter().filter(|file| !is_test(file)) {
        let text = fs::read_to_string(&file).expect("a source");
        for name in OUTSIDE {
            if code_lines(&text).any(|line| line.contains(name)) {
                wrong.push(format!("{} names {name}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn rooms_name_only_those_below_them() {
    let mut wrong = Vec::new();
    for (room, below) in RINGS {
        for (other, _) in RINGS.iter().filter(|(other, _)| other != room && !below.contains(other)) {
            for file in files_of(room).into_iter().filter(|file| !is_test(file)) {
                let text = fs::read_to_string(&file).expect("a source");
                if code_lines(&text).any(|line| line.contains(&format!("crate::{other}::"))) {
                    wrong.push(format!("{} names {other}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn files_of(room: &str) -> Vec<PathBuf> {
    let actors = root().join("actors/src");
    let mut files = if actors.join(room).is_dir() { sources(&actors.join(room)) } else { Vec::new() };
    let file = actors.join(format!("{room}.rs"));
    files.extend(file.exists().then_some(file));
    assert!(!files.is_empty(), "there is no room {room}");
    files
}

#[test]
fn only_the_core_knows_actix() {
    let mut wrong = Vec::new();
    for file in sources(&root().join("actors/src")).into_iter().filter(|file| !is_test(file)) {
        let text = fs::read_to_string(&file).expect("a source");
        let knows = code_lines(&text).any(|line| line.contains("actix::"));
        if knows && !file.starts_with(root().join("actors/src/core")) {
            wrong.push(file.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_file_is_too_long() {
    let mut long = Vec::new();
    for folder in ["src", "actors/src", "tests"] {
        for file in sources(&root().join(folder)) {
            let lines = fs::read_to_string(&file).expect("a source").lines().count();
            if lines > LINES_MAX {
                long.push(format!("{} has {lines} lines", file.display()));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}
