//! The events that wait.

use std::time::Duration;

use futures_util::FutureExt as _;
use serde_json::json;

use super::super::event::{CloseReason, Closed, Event, Incoming};
use super::super::queue::{Level, Queue};
use crate::socketio::Transport;

fn event(number: u64) -> Event {
    Event::Message(Incoming { name: "e".to_owned(), args: vec![json!(number)], ack: None })
}

fn end(reason: CloseReason) -> Closed {
    Closed { reason, transport: Transport::Polling, lasted: Duration::ZERO }
}

#[test]
fn it_is_bounded_in_number_and_in_bytes() {
    let by_number = Queue::new(2, 1000);
    let levels = [Level::Room, Level::Full, Level::Full, Level::Over];
    for (number, level) in (0..).zip(levels) {
        by_number.put(event(number), 1);
        assert_eq!(by_number.level(), level, "{number}");
    }
    let by_bytes = Queue::new(1000, 10);
    for (bytes, level) in [(9, Level::Room), (1, Level::Full), (10, Level::Over)] {
        by_bytes.put(event(0), bytes);
        assert_eq!(by_bytes.level(), level);
    }
    for _ in 0..2 {
        assert!(by_bytes.take().now_or_never().is_some());
    }
    assert_eq!(by_bytes.level(), Level::Full);
    assert_eq!(by_bytes.room().now_or_never(), None);
    assert!(by_bytes.take().now_or_never().is_some());
    assert_eq!(by_bytes.room().now_or_never(), Some(()));
}

#[test]
fn what_waits_is_read_before_the_end_and_the_first_end_counts() {
    let queue = Queue::new(10, 1000);
    assert_eq!(queue.take().now_or_never(), None);
    queue.put(event(1), 1);
    queue.end(end(CloseReason::Kicked));
    queue.end(end(CloseReason::Lost));
    assert_eq!(queue.take().now_or_never(), Some(event(1)));
    for _ in 0..2 {
        assert_eq!(queue.take().now_or_never(), Some(Event::Closed(end(CloseReason::Kicked))));
    }
}

#[test]
fn signs_of_life_do_not_pile_up() {
    let queue = Queue::new(10, 1000);
    for event in [Event::Alive, Event::Alive, event(1), Event::Alive, Event::Alive] {
        queue.put(event, 0);
    }
    assert_eq!(queue.len(), 3);
}
