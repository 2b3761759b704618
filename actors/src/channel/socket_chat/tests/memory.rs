use std::time::Duration;

use super::super::memory::{Ending, Memory};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn drops_seconds_after_connecting_are_another_client() {
    let memory = Memory::default();
    assert!(!memory.ended(Ending::ByPeer, secs(1)));
    assert!(!memory.ended(Ending::Other, secs(1)), "an end of another kind is no sign");
    assert!(!memory.ended(Ending::ByPeer, secs(4)));
    assert!(memory.ended(Ending::ByPeer, secs(2)));
    assert!(memory.ended(Ending::ByPeer, secs(60)), "the other one's longest wait does not end the suspicion");
    assert!(!memory.ended(Ending::ByPeer, secs(90)));
    assert!(!memory.ended(Ending::ByPeer, secs(1)));
}

#[test]
fn a_broker_that_restarts_now_and_then_is_not_another_client() {
    let memory = Memory::default();
    for _ in 0..10 {
        assert!(!memory.ended(Ending::ByPeer, secs(1)));
        assert!(!memory.ended(Ending::ByPeer, secs(30)));
    }
}

#[test]
fn a_changed_topic_names_the_one_before() {
    let memory = Memory::default();
    assert_eq!(memory.subscribing("a"), None);
    assert_eq!(memory.subscribing("a"), None);
    assert_eq!(memory.subscribing("b"), Some("a".to_owned()));
}
