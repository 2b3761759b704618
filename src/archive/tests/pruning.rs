//! Sessions that go to the archive.

use std::sync::Arc;

use callboard_actors::core::Clock;
use callboard_actors::message::{SessionKey, Usage};
use callboard_actors::ports::Store as _;
use callboard_actors::ports::conformance::{START_MS, make};
use callboard_actors::registry::{Board, RouteSettings};

use super::super::prune::{PruneRules, Pruned, Pruner};
use super::*;
use crate::http::Readiness;
use crate::storage::sqlite::{Options, SqliteStore};

const DAY: Duration = Duration::from_secs(24 * 3_600);

struct House {
    state: tempfile::TempDir,
    clock: Clock,
    pruner: Pruner,
}

impl House {
    /// A house with sessions that spoke a day after each other.
    async fn new(names: &[&str]) -> Self {
        let state = tempfile::tempdir().expect("a folder");
        let clock = Clock::manual(START_MS);
        let options = Options { clock: clock.clone(), ..Options::default() };
        let store = SqliteStore::open(&state.path().join("s.db"), options).expect("a store");
        let archive = FileArchive::new(state.path().to_owned(), clock.clone(), Arc::new(Readiness::default()));
        let switchboard = Arc::new(Board::new(callboard_actors::core::Live::fixed(RouteSettings::default())));
        let pruner = Pruner { store, switchboard, archive, clock: clock.clone() };
        let house = Self { state, clock, pruner };
        for name in names {
            house.speak(name).await;
            house.clock.advance(DAY);
        }
        // All are silent for more than whole days.
        house.clock.advance(Duration::from_secs(1));
        house
    }

    async fn speak(&self, name: &str) {
        let entries = make::turn("a", &[], vec![]).entries;
        self.pruner.store.append_transcript(key(name), entries, Usage::tokens(1, 1));
        self.pruner.store.flush().await.expect("it is written");
    }

    async fn left(&self) -> Vec<String> {
        let rows = self.pruner.store.sessions(99).await.expect("a list");
        rows.into_iter().rev().map(|row| row.key.as_str().replace("agent:main:", "")).collect()
    }

    fn archived(&self) -> Vec<String> {
        if self.state.path().join(FOLDER).exists() { names(self.state.path()) } else { Vec::new() }
    }

    async fn prune(&self, mode: Mode, days: u32, entries_max: u64) -> Pruned {
        let rules = PruneRules { after: (days > 0).then(|| DAY * days), entries_max };
        self.pruner.prune(rules, mode, "main").await.expect("it is pruned")
    }
}

fn key(name: &str) -> SessionKey {
    SessionKey::new(&format!("agent:main:{name}"))
}

#[tokio::test]
async fn sessions_go_with_all_that_was_said_in_a_file_and_only_where_that_is_wanted() {
    let house = House::new(&["main", "a", "b", "c"]).await;
    assert_eq!(house.prune(Mode::Warn, 2, 99).await, Pruned { stale: 2, gone: 0 });
    assert_eq!((house.left().await.len(), house.archived().len()), (4, 0), "it is only counted");
    assert_eq!(house.prune(Mode::Enforce, 0, 99).await, Pruned::default(), "for ever");
    assert_eq!(house.prune(Mode::Enforce, 2, 99).await, Pruned { stale: 2, gone: 2 });
    assert_eq!(house.left().await, ["main", "c"]);
    let files = house.archived();
    assert!(files.len() == 2 && files.iter().all(|name| name.contains(".jsonl.pruned.")), "{files:?}");
    let text = fs::read_to_string(house.state.path().join(FOLDER).join(&files[0])).expect("a file");
    assert_eq!(text.lines().count(), 2, "all lines");
    assert_eq!(house.prune(Mode::Enforce, 2, 99).await, Pruned::default(), "once");
    house.speak("a").await;
    assert_eq!(house.pruner.store.history(key("a"), 9).await.expect("lines").len(), 2, "it begins anew");
}

#[tokio::test]
async fn of_too_many_sessions_the_most_silent_go_and_none_that_just_spoke() {
    let house = House::new(&["main", "a", "b", "c", "d"]).await;
    assert_eq!(house.prune(Mode::Enforce, 0, 2).await, Pruned { stale: 2, gone: 2 });
    assert_eq!(house.left().await, ["main", "c", "d"], "a main session is one of them, and stays");
    house.speak("e").await;
    house.speak("f").await;
    assert_eq!(house.prune(Mode::Enforce, 1, 1).await.gone, 2);
    assert_eq!(house.left().await, ["main", "e", "f"], "they were heard a moment ago");
}

#[tokio::test]
async fn a_session_stays_whole_where_the_archive_does_not_take_it_or_something_waits() {
    let house = House::new(&["a", "b"]).await;
    fs::write(house.state.path().join(FOLDER), "a file").expect("it is written");
    let rules = PruneRules { after: Some(DAY), entries_max: 99 };
    let stay = house.pruner.prune(rules, Mode::Enforce, "main").await.expect("each is tried");
    assert_eq!(stay, Pruned { stale: 2, gone: 0 }, "nothing is lost");
    assert_eq!(house.left().await, ["a", "b"]);
    fs::remove_file(house.state.path().join(FOLDER)).expect("it goes");
    let mut accept = make::accept("a", "1");
    accept.session = key("a");
    house.pruner.store.accept(vec![accept]).await.expect("it waits");
    assert_eq!(house.prune(Mode::Enforce, 1, 99).await, Pruned { stale: 1, gone: 1 });
    assert_eq!(house.left().await, ["a"]);
    assert_eq!(house.pruner.store.history(key("a"), 9).await.expect("lines").len(), 2);
}
