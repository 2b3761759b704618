//! Which sessions may be forgotten.

use std::time::Duration;

use callboard_actors::message::{SessionKey, Usage};
use callboard_actors::ports::conformance::make;
use serde_json::{Value, json};

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);
const HOUR_MS: i64 = 3_600_000;

fn query(silent_since_ms: Option<i64>, entries_max: u64) -> StaleQuery {
    StaleQuery { silent_since_ms, entries_max, changed_before_ms: i64::MAX, main: ":main".into(), rows_max: 9 }
}

async fn keys(store: &SqliteStore, query: StaleQuery) -> Vec<String> {
    let stale = store.stale_sessions(query).await.unwrap();
    assert_eq!(stale.count, stale.rows.len() as u64);
    stale.rows.into_iter().map(|row| row.key.as_str().replace("agent:main:", "")).collect()
}

/// Has one session an hour, in this order; answers with the store as it is an hour after the last.
async fn hourly(path: &Path, clock: &Clock, names: &[(&str, Value)]) -> Arc<SqliteStore> {
    let store = open(path, &options(StoreLimits::default(), clock));
    for (name, settings) in names {
        let key = SessionKey::new(&format!("agent:main:{name}"));
        store.append_transcript(key.clone(), make::turn("a", &[], vec![]).entries, Usage::tokens(1, 1));
        if let Some(patch) = settings.as_object() {
            store.patch_session(key, patch.clone()).await.unwrap();
        }
        store.flush().await.unwrap();
        clock.advance(HOUR);
    }
    store
}

#[tokio::test]
async fn only_what_was_silent_for_long_or_is_too_much_may_be_forgotten() {
    let folder = folder();
    let clock = Clock::manual(START_MS);
    let names = [
        ("main", json!(null)),
        ("one", json!(null)),
        ("set", json!({ "sendPolicy": "deny" })),
        ("named", json!({ "label": "mine" })),
        ("made", json!({ "spawnedBy": "agent:main:main", "label": "task", "model": "echo" })),
        ("two", json!(null)),
        ("three", json!(null)),
    ];
    let store = hourly(&folder.path().join("s.db"), &clock, &names).await;
    let at = |hours: i64| START_MS + hours * HOUR_MS;
    let cases = [
        (query(None, 99), vec![]),
        (query(Some(at(1)), 99), vec![]),
        (query(Some(at(2)), 99), vec!["one"]),
        (query(Some(at(9)), 99), vec!["one", "made", "two", "three"]),
        (query(None, 7), vec![]),
        (query(None, 5), vec!["one"]),
        (query(None, 1), vec!["one", "made", "two"]),
        (query(None, 0), vec!["one", "made", "two"]),
        (query(Some(at(2)), 2), vec!["one", "made"]),
        (StaleQuery { changed_before_ms: at(5), ..query(Some(at(9)), 1) }, vec!["one", "made"]),
        (StaleQuery { main: ":two".into(), ..query(Some(at(9)), 99) }, vec!["main", "one", "made", "three"]),
    ];
    for (query, expected) in cases {
        assert_eq!(keys(&store, query.clone()).await, expected, "{query:?}");
    }
    let few = store.stale_sessions(StaleQuery { rows_max: 1, ..query(Some(at(9)), 99) }).await.unwrap();
    assert_eq!((few.count, few.rows.len()), (4, 1), "all are counted");
}

#[tokio::test]
async fn what_waits_or_has_changed_is_not_forgotten() {
    let folder = folder();
    let clock = Clock::manual(START_MS);
    let path = folder.path().join("s.db");
    let names = ["waits", "begun", "spoke", "anew", "gone"].map(|name| (name, json!(null)));
    let store = hourly(&path, &clock, &names).await;
    let read = store.stale_sessions(query(Some(i64::MAX), 99)).await.unwrap().rows;
    assert_eq!(read.len(), 5);
    let key = |at: usize| read[at].key.clone();
    for at in [0, 1] {
        let mut accept = make::accept("a", &at.to_string());
        accept.session = key(at);
        store.accept(vec![accept]).await.unwrap();
    }
    store.begin_turn(key(1), 1).await.unwrap();
    store.append_transcript(key(2), make::turn("a", &[], vec![]).entries, Usage::default());
    store.reset_session(key(3)).await.unwrap();
    let mut gone = Vec::new();
    for row in &read {
        gone.push(store.prune_session(row.key.clone(), row.id, row.updated_ms).await.unwrap());
    }
    assert_eq!(gone, [false, false, false, false, true]);
    assert_eq!(keys(&store, query(Some(i64::MAX), 99)).await, ["spoke", "anew"], "what waits is not even named");
    assert_eq!(store.session(key(4)).await.unwrap(), None);
    assert!(!store.prune_session(key(4), read[4].id, read[4].updated_ms).await.unwrap(), "once");
    assert_eq!(store.history(key(0), 9).await.unwrap().len(), 2, "nothing of it went");
    assert_eq!(look::<i64>(&path, "SELECT count(*) FROM transcript"), 8, "the lines went with their session");
    // What comes to its key is a session anew.
    store.append_transcript(key(4), make::turn("a", &[], vec![]).entries, Usage::default());
    store.flush().await.unwrap();
    assert_eq!(store.history(key(4), 9).await.unwrap().len(), 2);
}
