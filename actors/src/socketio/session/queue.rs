//! The events that wait for whoever reads them: bounded in number and bytes by whoever puts them in.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::event::{Closed, Event};

/// One side puts in, one takes out.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// Rung when something was put in.
    filled: Notify,
    /// Rung when something was taken out.
    emptied: Notify,
    events_max: usize,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<(Event, usize)>,
    bytes: usize,
    end: Option<Closed>,
}

/// How full a queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// There is room.
    Room,
    /// The bound is reached.
    Full,
    /// Twice the bound is reached.
    Over,
}

impl Queue {
    pub(super) fn new(events_max: usize, bytes_max: usize) -> Self {
        let (filled, emptied) = (Notify::new(), Notify::new());
        Self { waiting: Mutex::default(), filled, emptied, events_max, bytes_max }
    }

    /// Puts an event in; `bytes` is what it weighs. A sign of life is not put behind another.
    pub(super) fn put(&self, event: Event, bytes: usize) {
        let mut waiting = self.waiting();
        if event == Event::Alive && waiting.events.back().is_some_and(|(last, _)| *last == Event::Alive) {
            return;
        }
        waiting.bytes = waiting.bytes.saturating_add(bytes);
        waiting.events.push_back((event, bytes));
        self.filled.notify_one();
    }

    /// Ends the queue: what waits is still read, then the end. The first end counts.
    pub(super) fn end(&self, closed: Closed) {
        self.waiting().end.get_or_insert(closed);
        self.filled.notify_one();
    }

    /// Takes an event out, the end again and again. Nothing is lost when the wait is cut short.
    pub(super) async fn take(&self) -> Event {
        loop {
            {
                let mut waiting = self.waiting();
                if let Some((event, bytes)) = waiting.events.pop_front() {
                    waiting.bytes = waiting.bytes.saturating_sub(bytes);
                    self.emptied.notify_one();
                    return event;
                }
                if let Some(closed) = &waiting.end {
                    return Event::Closed(closed.clone());
                }
            }
            self.filled.notified().await;
        }
    }

    /// Returns how full it is.
    pub(super) fn level(&self) -> Level {
        let waiting = self.waiting();
        let at = |times: usize| {
            waiting.events.len() >= self.events_max.saturating_mul(times)
                || waiting.bytes >= self.bytes_max.saturating_mul(times)
        };
        match (at(1), at(2)) {
            (_, true) => Level::Over,
            (true, false) => Level::Full,
            (false, false) => Level::Room,
        }
    }

    /// Returns how many events wait.
    pub(super) fn len(&self) -> usize {
        self.waiting().events.len()
    }

    /// Waits until there is room.
    pub(super) async fn room(&self) {
        while self.level() != Level::Room {
            self.emptied.notified().await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
