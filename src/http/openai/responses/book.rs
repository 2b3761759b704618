//! What is known of the answers that were given lately, for requests that go on after one of them (`previous_response_id`).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use callboard_actors::core::Clock;
use callboard_actors::message::SessionKey;

use crate::http::openai::request::ChatMessage;

/// How many answers are known; the oldest is forgotten for the next.
const ANSWERS_MAX: usize = 4_096;
/// How long an answer is known.
const AGE_MAX: Duration = Duration::from_secs(3_600);
/// How many bytes of questions are kept whose tools are still to be called, about; the oldest answers are forgotten first.
const OPEN_BYTES_MAX: usize = 32 * 1024 * 1024;

/// An answer that was given.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// Names it.
    pub(super) id: String,
    /// The agent that was asked.
    pub(super) agent: String,
    /// The session that gave it.
    pub(super) session: SessionKey,
    /// Where it ended with calls of the client's tools, all that was said of the question so far, the calls included: none of it
    /// stands in the session's transcript yet.
    pub(super) open: Arc<[ChatMessage]>,
    /// How many bytes that is, about.
    pub(super) open_bytes: usize,
}

/// The answers of one life of the gateway; a restart forgets them. Cheap to clone; all clones are one book.
#[derive(Clone, Debug)]
pub(in crate::http) struct ResponseBook {
    clock: Clock,
    given: Arc<Mutex<Pages>>,
}

#[derive(Debug, Default)]
struct Pages {
    /// Oldest first, each with the time at which it was given, by the clock's own time.
    given: VecDeque<(Duration, Given)>,
    open_bytes: usize,
}

impl ResponseBook {
    /// Returns an empty book.
    pub(in crate::http) fn new(clock: Clock) -> Self {
        Self { clock, given: Arc::default() }
    }

    /// Remembers an answer.
    pub(super) fn remember(&self, given: Given) {
        let now = self.clock.elapsed();
        let mut pages = self.lock();
        pages.open_bytes += given.open_bytes;
        pages.given.push_back((now, given));
        while pages.is_too_much(now) {
            let Some((_, gone)) = pages.given.pop_front() else { return };
            pages.open_bytes = pages.open_bytes.saturating_sub(gone.open_bytes);
        }
    }

    /// Returns an answer that is still known.
    pub(super) fn find(&self, id: &str) -> Option<Given> {
        let now = self.clock.elapsed();
        let pages = self.lock();
        let found = pages.given.iter().rev().find(|(_, given)| given.id == id)?;
        (now.saturating_sub(found.0) <= AGE_MAX).then(|| found.1.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn is_too_much(&self, now: Duration) -> bool {
        let is_old = self.given.front().is_some_and(|(at, _)| now.saturating_sub(*at) > AGE_MAX);
        is_old || self.given.len() > ANSWERS_MAX || self.open_bytes > OPEN_BYTES_MAX
    }
}
