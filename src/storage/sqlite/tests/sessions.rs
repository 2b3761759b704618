//! Sessions beside restarts, rollbacks and retention.

use std::time::Duration;

use callboard_actors::message::{Entry, Usage};
use callboard_actors::ports::conformance::make;
use callboard_actors::ports::{DeviceRow, StoreError};
use serde_json::{Map, json};

use super::*;

fn label(label: &str) -> Map<String, serde_json::Value> {
    json!({ "label": label, "sendPolicy": "deny" }).as_object().unwrap().clone()
}

fn lines() -> Vec<Entry> {
    make::turn("a", &[], vec![]).entries
}

#[tokio::test]
async fn what_is_known_of_sessions_and_devices_outlives_the_process() {
    let folder = folder();
    let path = folder.path().join("s.db");
    let kept = {
        let store = open(&path, &still());
        store.append_transcript(make::session("a"), lines(), Usage::tokens(5, 6));
        store.append_transcript(make::session("b"), lines(), Usage::tokens(1, 1));
        store.patch_session(make::session("a"), label("mine")).await.unwrap();
        store.reset_session(make::session("b")).await.unwrap();
        store.append_transcript(make::session("gone"), lines(), Usage::default());
        store.delete_session(make::session("gone")).await.unwrap();
        store.put_device(DeviceRow { id: "d".into(), body: "{}".into() }).await.unwrap();
        store.sessions(9).await.unwrap()
    };
    assert_eq!(kept.len(), 2);
    let store = open(&path, &still());
    assert_eq!(store.sessions(9).await.unwrap(), kept);
    assert_eq!(store.history(make::session("a"), 9).await.unwrap().len(), 2);
    assert!(store.history(make::session("b"), 9).await.unwrap().is_empty());
    assert!(store.history(make::session("gone"), 9).await.unwrap().is_empty());
    assert!(matches!(store.patch_session(make::session("b"), label("mine")).await, Err(StoreError::Conflict { .. })));
    assert_eq!(store.devices().await.unwrap(), [DeviceRow { id: "d".into(), body: "{}".into() }]);
    assert_eq!(look::<i64>(&path, "SELECT count(*) FROM transcript"), 2, "nothing is left behind unseen");
}

#[tokio::test]
async fn a_change_that_did_not_reach_the_disk_is_forgotten_by_the_writer() {
    let folder = folder();
    let options = still();
    let store = open(&folder.path().join("s.db"), &options);
    store.append_transcript(make::session("a"), lines(), Usage::tokens(5, 6));
    let before = store.patch_session(make::session("a"), label("mine")).await.unwrap();
    options.faults.fail_commits();
    assert!(store.delete_session(make::session("a")).await.is_err());
    assert!(store.reset_session(make::session("a")).await.is_err());
    assert!(store.compact_session(make::session("a"), 1).await.is_err());
    assert!(store.patch_session(make::session("b"), label("yours")).await.is_err());
    options.faults.mend();
    assert_eq!(store.session(make::session("a")).await.unwrap(), Some(before.clone()));
    assert_eq!(store.session(make::session("b")).await.unwrap(), None);
    store.append_transcript(make::session("a"), lines(), Usage::default());
    store.flush().await.unwrap();
    let after = store.session(make::session("a")).await.unwrap().unwrap();
    assert_eq!((after.id, after.entries, after.usage), (before.id, 4, before.usage));
    assert_eq!(store.history(make::session("a"), 9).await.unwrap().len(), 4);
}

/// Requests that share a commit are refused alone, whatever stands beside them.
#[tokio::test]
async fn a_refused_setting_leaves_its_neighbours_alone() {
    let folder = folder();
    let store = open(&folder.path().join("s.db"), &still());
    // The writer is held until all of them wait, so that they share its next commit.
    let (open_gate, gate) = std::sync::mpsc::channel::<()>();
    let slow = store.write(move |_| {
        let _ = gate.recv();
        Ok(())
    });
    let first = store.patch_session(make::session("a"), label("mine"));
    let second = store.patch_session(make::session("b"), label("mine"));
    let third = store.delete_session(make::session("a"));
    let fourth = store.patch_session(make::session("b"), label("mine"));
    drop(open_gate);
    slow.await.unwrap();
    let first = first.await.unwrap();
    assert!(matches!(second.await, Err(StoreError::Conflict { .. })));
    assert_eq!(third.await.unwrap(), Some(vec![]));
    let fourth = fourth.await.unwrap();
    assert_ne!(fourth.id, first.id);
    assert_eq!(store.sessions(9).await.unwrap(), [fourth]);
}

#[tokio::test]
async fn retention_and_compaction_count_lines_alike() {
    let folder = folder();
    let clock = Clock::manual(START_MS);
    let limits = StoreLimits { transcript_retention_ms: 3_600_000, ..StoreLimits::default() };
    let store = open(&folder.path().join("s.db"), &options(limits, &clock));
    for _ in 0..3 {
        store.append_transcript(make::session("a"), lines(), Usage::default());
    }
    assert_eq!(store.compact_session(make::session("a"), 5).await.unwrap().kept, 5);
    clock.advance(Duration::from_secs(3_601));
    assert_eq!(store.purge(clock.now_ms()).await.unwrap().entries, 5);
    assert_eq!(store.session(make::session("a")).await.unwrap().unwrap().entries, 0);
    store.append_transcript(make::session("a"), lines(), Usage::default());
    assert_eq!(store.compact_session(make::session("a"), 1).await.unwrap().kept, 1);
    assert_eq!(store.delete_session(make::session("a")).await.unwrap().map(|lines| lines.len()), Some(1));
}

/// A lookup that a client may ask for at any time must not read the whole table.
#[tokio::test]
async fn lookups_of_clients_use_an_index() {
    let folder = folder();
    let path = folder.path().join("s.db");
    drop(open(&path, &still()));
    let conn = rusqlite::Connection::open(&path).unwrap();
    for sql in [
        super::super::inbox::FATE,
        super::super::sessions::LABELLED,
        super::super::sessions::BY_ID,
        "SELECT id FROM outbox WHERE request_key = ?1",
        "SELECT key FROM sessions WHERE key = ?1",
    ] {
        let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps: Vec<String> = plan.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>().unwrap();
        assert!(steps.iter().all(|step| step.contains("SEARCH")), "{sql}: {steps:?}");
    }
}
