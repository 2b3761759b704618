//! What is still there when the file is opened again.

use std::os::unix::fs::PermissionsExt as _;

use callboard_actors::message::{BegunRound, Code, ToolCall, Usage};
use callboard_actors::ports::conformance::make;
use callboard_actors::ports::{Accepted, SendOrder, StoreError};

use super::*;

#[tokio::test]
async fn rows_numbers_and_keys_outlive_the_process() {
    let folder = folder();
    let path = folder.path().join("s.db");
    let mut asked = make::outbox("a", "one");
    asked.idempotency_key = Some("key".into());
    {
        let store = open(&path, &still());
        store.accept(vec![make::accept("a", "1"), make::accept("a", "2")]).await.unwrap();
        store.enqueue(asked.clone()).await.unwrap();
        store.append_transcript(make::session("a"), make::turn("a", &[], vec![]).entries, Usage::default());
        store.set_cursor("c".into(), "9".into()).await.unwrap();
    }
    let store = open(&path, &still());
    assert_eq!((store.health().inbox_open, store.health().outbox_open), (2, 1));
    assert_eq!(store.accept(vec![make::accept("a", "1")]).await.unwrap(), [Accepted::Duplicate]);
    assert_eq!(make::new(store.accept(vec![make::accept("a", "3")]).await.unwrap()[0]).1, 3);
    let mut again = make::outbox("a", "again");
    again.idempotency_key = asked.idempotency_key.clone();
    assert_eq!(store.enqueue(again).await.unwrap().id, asked.id);
    store.enqueue(make::outbox("a", "two")).await.unwrap();
    let rows = store.begin_send(make::account(), 10, SendOrder::Pipelined).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(store.history(make::session("a"), 9).await.unwrap().len(), 2);
    assert_eq!(store.cursor("c".into()).await.unwrap(), Some("9".into()));
}

/// Rows that have no steps are spared the look for some; after a start the writer knows again which do.
#[tokio::test]
async fn steps_from_before_go_with_their_rows() {
    let folder = folder();
    let path = folder.path().join("s.db");
    {
        let store = open(&path, &still());
        store.accept(["1", "2", "3"].map(|id| make::accept("a", id)).to_vec()).await.unwrap();
        for row in store.begin_turn(make::session("a"), 2).await.unwrap() {
            let call = ToolCall { id: "c".into(), name: "x".into(), args: serde_json::json!({}) };
            store.begin_round(row.id, 0, BegunRound::new("let me see".into(), vec![call])).await.unwrap();
        }
    }
    {
        let store = open(&path, &still());
        let rows = store.begin_turn(make::session("a"), 9).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.steps.len()).collect::<Vec<_>>(), [1, 1, 0]);
        store.finish_turn(make::turn("a", &[rows[0].id], vec![]), 0).await.unwrap();
        assert_eq!(look::<i64>(&path, "SELECT count(*) FROM steps"), 1);
        store.finish_turn(make::turn("a", &[rows[1].id, rows[2].id], vec![]), 0).await.unwrap();
    }
    assert_eq!(look::<i64>(&path, "SELECT count(*) FROM steps"), 0);
}

async fn take_in_hand(path: &Path, options: &Options) {
    let store = open(path, options);
    store.begin_turn(make::session("a"), 1).await.unwrap();
    store.begin_send(make::account(), 1, SendOrder::Pipelined).await.unwrap();
}

async fn put_one_each(path: &Path) {
    let store = open(path, &still());
    store.accept(vec![make::accept("a", "1")]).await.unwrap();
    store.enqueue(make::outbox("a", "one")).await.unwrap();
}

#[tokio::test]
async fn a_close_in_order_counts_no_crash() {
    let folder = folder();
    let path = folder.path().join("s.db");
    put_one_each(&path).await;
    for _ in 0..5 {
        take_in_hand(&path, &still()).await;
    }
    let store = open(&path, &still());
    assert_eq!(store.begin_turn(make::session("a"), 5).await.unwrap()[0].crashes, 0);
    let row = store.begin_send(make::account(), 5, SendOrder::Pipelined).await.unwrap().remove(0);
    assert!(row.resent, "it had been on its way, so the platform may see it twice");
}

#[tokio::test]
async fn a_closed_store_that_somebody_still_holds_leaves_the_next_one_s_rows_alone() {
    let folder = folder();
    let path = folder.path().join("s.db");
    put_one_each(&path).await;
    let old = open(&path, &still());
    old.begin_turn(make::session("a"), 1).await.unwrap();
    old.close();
    let error = old.accept(vec![make::accept("a", "2")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Closed), "{error:?}");
    let next = open(&path, &still());
    assert_eq!(next.begin_turn(make::session("a"), 5).await.unwrap()[0].crashes, 0);
    old.restart_writer().unwrap();
    drop(old);
    assert!(next.begin_turn(make::session("a"), 5).await.unwrap().is_empty(), "it is in hand, and only once");
}

#[tokio::test]
async fn an_abort_counts_against_the_rows_in_hand_until_they_are_poison() {
    let folder = folder();
    let path = folder.path().join("s.db");
    put_one_each(&path).await;
    let aborted = Options { crashes_max: 3, ..still() };
    aborted.faults.abandon_at_close();
    take_in_hand(&path, &aborted).await;
    {
        let store = open(&path, &aborted);
        assert_eq!(store.begin_turn(make::session("a"), 5).await.unwrap()[0].crashes, 1);
        let row = store.begin_send(make::account(), 5, SendOrder::Pipelined).await.unwrap().remove(0);
        assert!(row.resent);
    }
    take_in_hand(&path, &aborted).await;
    let store = open(&path, &aborted);
    let letters = store.dead_letters(None, 5).await.unwrap().items;
    assert_eq!(letters.iter().map(|letter| letter.code).collect::<Vec<_>>(), [Code::Poison, Code::Poison]);
    assert_eq!((store.health().inbox_open, store.health().outbox_open), (0, 0));
}

#[tokio::test]
async fn only_the_owner_may_read() {
    let folder = folder();
    let state = folder.path().join("state");
    let path = state.join("s.db");
    let store = open(&path, &still());
    store.set_cursor("c".into(), "1".into()).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for file in ["s.db", "s.db-wal", "s.db-shm"] {
        assert_eq!(mode(&state.join(file)), 0o600, "{file}");
    }
}
