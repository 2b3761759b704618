//! A writer that panics.

use callboard_actors::ports::conformance::make;
use callboard_actors::ports::{SendOrder, StoreError};

use super::*;

#[tokio::test]
async fn the_writer_comes_back_and_keeps_what_nobody_waits_for() {
    let folder = folder();
    let options = still();
    let store = open(&folder.path().join("s.db"), &options);
    let row = make::outbox("a", "one");
    store.enqueue(row.clone()).await.unwrap();
    store.begin_send(make::account(), 1, SendOrder::Pipelined).await.unwrap();
    store.accept(vec![make::accept("a", "1")]).await.unwrap();
    store.begin_turn(make::session("a"), 1).await.unwrap();

    options.faults.panic_once();
    let answer = store.accept(vec![make::accept("a", "2")]).await;
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
    assert!(store.needs_restart());
    assert!(store.health().trouble.is_some());
    store.confirm_send(vec![(row.id, make::receipt())]);
    assert!(matches!(store.flush().await, Err(StoreError::Unavailable { .. })));

    store.restart_writer().unwrap();
    assert!(!store.needs_restart());
    store.flush().await.unwrap();
    assert_eq!(store.health().trouble, None);
    assert_eq!(store.health().outbox_open, 0, "the confirmation was kept");
    assert_eq!(make::new(store.accept(vec![make::accept("a", "2")]).await.unwrap()[0]).1, 2);
    assert!(store.finish_turn(make::turn("a", &[], vec![]), 5).await.unwrap().len() == 1, "row 1 is still in hand");
}

#[tokio::test]
async fn those_beside_a_panic_are_answered() {
    let folder = folder();
    let options = still();
    let store = open(&folder.path().join("s.db"), &options);
    options.faults.panic_once();
    let answers = (0..50).map(|n| store.accept(vec![make::accept("a", &n.to_string())])).collect::<Vec<_>>();
    for answer in futures_util::future::join_all(answers).await {
        assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
    }
    store.restart_writer().unwrap();
    store.restart_writer().unwrap();
    assert_eq!(make::new(store.accept(vec![make::accept("a", "0")]).await.unwrap()[0]).1, 1);
}

#[tokio::test]
async fn a_panicking_read_is_answered_and_the_reader_lives() {
    let folder = folder();
    let store = open(&folder.path().join("s.db"), &still());
    for _ in 0..3 {
        let answer = store.read::<(), _>(|_| panic!("over this read")).await;
        assert!(matches!(answer, Err(StoreError::Unavailable { .. })));
    }
    assert!(store.sessions(1).await.unwrap().is_empty());
}

#[tokio::test]
async fn every_new_writer_waits_for_the_queue_to_be_given_to_it() {
    let folder = folder();
    let options = still();
    let store = open(&folder.path().join("s.db"), &options);
    for n in 0..100 {
        options.faults.panic_once();
        assert!(store.flush().await.is_err());
        store.restart_writer().unwrap();
        make::new(store.accept(vec![make::accept("a", &n.to_string())]).await.unwrap()[0]).0.to_string();
    }
    assert_eq!(store.health().inbox_open, 100);
}
