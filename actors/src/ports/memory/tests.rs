use crate::message::Code;
use crate::ports::Store;
use crate::ports::conformance::{self, make};

use super::*;

#[tokio::test]
async fn keeps_the_promises_of_a_store() {
    conformance::run(|limits, clock| MemoryStore::with_limits(clock, limits)).await;
}

#[tokio::test]
async fn failing_writes_are_answered_and_what_nobody_waits_for_is_kept() {
    let store = MemoryStore::new(&Clock::manual(1_000));
    let row = make::outbox("room", "hello");
    store.enqueue(row.clone()).await.unwrap();
    store.begin_send(make::account(), 10, crate::ports::SendOrder::Pipelined).await.unwrap();

    store.fail_writes();
    store.confirm_send(vec![(row.id, make::receipt())]);
    assert!(matches!(store.enqueue(make::outbox("room", "again")).await, Err(StoreError::Unavailable { .. })));
    assert_eq!(store.health().trouble.map(|(code, _)| code), Some(Code::StoreUnavailable));
    assert_eq!(store.health().outbox_open, 1);

    store.mend();
    assert_eq!(store.health().trouble, None);
    assert_eq!(store.health().outbox_open, 0);
}
