use crate::channel::Cursors;
use crate::channel::late_cursors::LateCursors;
use crate::core::Clock;
use crate::message::AccountKey;
use crate::ports::memory::MemoryStore;

#[tokio::test]
async fn a_store_that_fails_is_not_asked_in_a_loop() {
    let store = MemoryStore::new(&Clock::system());
    let cursors = Cursors::new(store.clone(), &AccountKey::new("rocketchat", "default"));
    let mut late = LateCursors::new(cursors.clone());
    store.fail_writes();
    late.set("a".to_owned(), "1".to_owned());
    let writing = late.write().expect("a write that is due");
    assert!(late.write().is_none(), "one at a time");
    late.written(writing.await);
    late.set("b".to_owned(), "2".to_owned());
    assert!(late.write().is_none(), "it has just failed");
    assert!(!late.is_idle());
    store.mend();
    late.try_again();
    let writing = late.write().expect("a write that is due again");
    late.written(writing.await);
    assert!(late.is_idle());
    for (name, value) in [("a", "1"), ("b", "2")] {
        assert_eq!(cursors.read(name).await, Ok(Some(value.to_owned())));
    }
}
