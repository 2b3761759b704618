use super::super::checkpoints::Checkpoints;
use crate::channel::Cursors;
use crate::core::Clock;
use crate::message::AccountKey;
use crate::ports::memory::MemoryStore;

#[tokio::test]
async fn a_store_that_fails_is_not_asked_in_a_loop() {
    let store = MemoryStore::new(&Clock::system());
    let mut checkpoints = Checkpoints::new(Cursors::new(store.clone(), &AccountKey::new("rocketchat", "default")));
    store.fail_writes();
    checkpoints.done("a", 1);
    let writing = checkpoints.write().expect("a write that is due");
    assert!(checkpoints.write().is_none(), "one at a time");
    checkpoints.written(writing.await);
    checkpoints.done("b", 2);
    assert!(checkpoints.write().is_none(), "it has just failed");
    assert!(!checkpoints.is_idle());
    store.mend();
    checkpoints.try_again();
    let writing = checkpoints.write().expect("a write that is due again");
    checkpoints.written(writing.await);
    assert!(checkpoints.is_idle());
    assert_eq!(checkpoints.reader().read(&["a".to_owned(), "b".to_owned()]).await, Ok(vec![Some(1), Some(2)]));
}
