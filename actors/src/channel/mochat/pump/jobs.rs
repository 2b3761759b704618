//! What runs beside the loop: calls to the server and to the store, and when each is due.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;

use super::hear::Came;
use super::{End, Pump, TICK};
use crate::channel::late_cursors::Written;
use crate::channel::mochat::discovery::{Discovery, Failure, Found};
use crate::channel::mochat::history::{self, LATE_MS, Missed};
use crate::channel::mochat::payload::Payload;
use crate::channel::mochat::places::{Busy, Phase, Spot, Told};
use crate::channel::mochat::rest::RestError;
use crate::channel::mochat::send::Sent;
use crate::channel::mochat::shared::Way;
use crate::channel::mochat::socket::{Join, JoinError};
use crate::core::Backoff;
use crate::socketio::{OpenError, Session};

/// How many sessions are watched at a time; with more of them each is watched for a shorter time in turn.
const WATCHING_MAX: usize = 32;
/// How many places are read at a time. The server limits the rate anyhow.
const READING_MAX: usize = 4;
/// The shortest time that the server is asked to hold a call.
const WATCH_MIN: Duration = Duration::from_secs(1);
/// The longest wait after calls that failed.
const RETRY_MAX: Duration = Duration::from_secs(30);
/// The least of the time that a call for news was to be held, for one without news not to be made again at once.
const HELD_PART: u32 = 2;
/// How soon the places are listed again at the earliest where something of an unknown one came.
const LIST_PAUSE: Duration = Duration::from_secs(5);
/// So many calls that failed one after the other, over so long, mean that the server is away.
const FAILURES_MAX: u32 = 6;
/// See [`FAILURES_MAX`].
const AWAY_AFTER: Duration = Duration::from_secs(10);

/// A job that is over.
pub(super) enum Done {
    /// The places are listed.
    Listed(Result<Found, Failure>),
    /// A session was watched from a place, for so long.
    Watched { id: String, from: u64, took: Duration, answer: Result<Payload, RestError> },
    /// A place's messages are read.
    Read { id: String, answer: Result<Missed, RestError> },
    /// Socket.IO was opened, or was not.
    Opened(Box<Result<Session, OpenError>>),
    /// The server was asked to tell of places.
    Joined { join: Join, answer: Result<Vec<Result<Payload, String>>, JoinError> },
    /// The server was answered.
    Answered,
    /// A row was sent, or was not.
    Sent(Sent),
    /// Marks were written, or were not.
    Written(Written),
}

/// When the places are listed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    /// At a moment of the clock.
    At(Duration),
    /// They are being listed.
    Now,
}

impl Pump {
    pub(super) fn job(&self, job: impl Future<Output = Done> + Send + 'static) {
        self.jobs.push(job.boxed());
    }

    /// Returns how long it is to the next call that is due, a tick at the most.
    pub(super) fn until_due(&self) -> Duration {
        let now = self.clock.elapsed();
        let calls = self.places.all().filter(|spot| spot.busy == Busy::No).map(|spot| spot.due).filter(|due| *due > now);
        let due = calls.chain(self.line.again().filter(|again| *again > now)).min();
        due.map_or(TICK, |due| due.saturating_sub(now).min(TICK))
    }

    /// Begins the calls that are due.
    pub(super) fn begin_calls(&mut self) {
        let now = self.clock.elapsed();
        if let Listing::At(at) = self.listing
            && at <= now
        {
            self.list();
        }
        let live = self.line.is_live();
        // What the server tells of by itself is read only where it is behind.
        let asked = |spot: &Spot| !live || spot.told == Told::No || matches!(spot.phase, Phase::Behind { .. });
        let due = |spot: &&mut Spot| spot.busy == Busy::No && spot.due <= now && asked(spot);
        let mut ids: Vec<(Duration, String, bool)> = self
            .places
            .all_mut()
            .filter(due)
            .map(|spot| (spot.due, spot.place.id.clone(), spot.place.is_session() && matches!(spot.phase, Phase::Live)))
            .collect();
        // Whoever waits longest is first.
        ids.sort();
        for (_, id, watched) in ids {
            if watched && self.watching < WATCHING_MAX {
                self.watch(&id);
            } else if !watched && self.reading < READING_MAX {
                self.read(&id);
            }
        }
    }

    /// Lists the places again soon, should they not be listed already; once in a while, however often that is wished.
    pub(super) fn list_soon(&mut self) {
        if let Listing::At(at) = self.listing {
            self.listing = Listing::At(at.min(self.listed_at + LIST_PAUSE));
        }
    }

    fn list(&mut self) {
        self.listing = Listing::Now;
        let discovery = Discovery {
            api: Arc::clone(&self.api),
            clerk: self.marks.clerk(),
            clock: self.clock.clone(),
            sessions: self.bounds.sessions.clone(),
            panels: self.bounds.panels.clone(),
        };
        let known = self.places.all().map(|spot| spot.place.id.clone()).collect();
        self.job(async move { Done::Listed(discovery.run(known).await) });
    }

    fn watch(&mut self, id: &str) {
        let sessions = self.places.all().filter(|spot| spot.place.is_session()).count();
        let turns = u32::try_from(sessions.div_ceil(WATCHING_MAX)).unwrap_or(u32::MAX).max(1);
        let hold = (self.bounds.watch / turns).max(WATCH_MIN.min(self.bounds.watch));
        let Some(spot) = self.places.get_mut(id) else { return };
        spot.busy = Busy::Yes;
        self.watching += 1;
        let (id, from, limit) = (id.to_owned(), spot.heard.unwrap_or(0), self.bounds.limit);
        let (api, clock) = (Arc::clone(&self.api), self.clock.clone());
        self.job(async move {
            let begun = clock.elapsed();
            let answer = api.watch(&id, from, hold, limit).await;
            Done::Watched { id, from, took: clock.elapsed().saturating_sub(begun), answer }
        });
    }

    fn read(&mut self, id: &str) {
        let Some(spot) = self.places.get_mut(id) else { return };
        spot.busy = Busy::Yes;
        self.reading += 1;
        let (place, floor_ms, limit) = (spot.place.clone(), spot.floor_ms(LATE_MS), self.bounds.limit);
        let (id, api) = (id.to_owned(), Arc::clone(&self.api));
        let limit = limit.min(crate::channel::mochat::config::PAGE_MAX);
        self.job(async move { Done::Read { id, answer: history::since(&api, &place, floor_ms, limit).await } });
    }

    pub(super) fn done(&mut self, done: Done) {
        match done {
            Done::Listed(answer) => self.done_listing(answer),
            Done::Watched { id, from, took, answer } => {
                self.watching -= 1;
                self.watched(&id, from, took, answer);
            }
            Done::Read { id, answer } => {
                self.reading -= 1;
                self.was_read(&id, answer);
            }
            Done::Opened(opened) => self.opened(*opened),
            Done::Joined { join, answer } => self.joined(join, answer),
            Done::Answered => {}
            Done::Sent(sent) => self.sent(sent),
            Done::Written(written) => self.marks.late.written(written),
        }
    }

    fn done_listing(&mut self, answer: Result<Found, Failure>) {
        self.listed_at = self.clock.elapsed();
        self.listing = Listing::At(self.listed_at + self.bounds.refresh);
        match answer {
            Ok(found) => {
                self.called();
                self.listed(found);
            }
            Err(Failure::Rest(error)) => self.failed(None, error),
            Err(Failure::Store(error)) => {
                tracing::warn!(event = "mochat.places", actor = %self.account, "the places are not read anew: {error}");
            }
        }
    }

    /// Takes in places.
    pub(super) fn listed(&mut self, found: Found) {
        for place in found.known {
            self.shared.learn(&place);
            self.places.update(place);
        }
        for (place, mark) in found.new {
            tracing::info!(event = "mochat.place", actor = %self.account, place = %place.id, "listened to");
            self.shared.learn(&place);
            self.places.add(place, mark);
        }
    }

    fn watched(&mut self, id: &str, from: u64, took: Duration, answer: Result<Payload, RestError>) {
        let now = self.clock.elapsed();
        let Some(spot) = self.places.get_mut(id) else { return };
        spot.busy = Busy::No;
        match answer {
            Ok(payload) => {
                spot.failures = 0;
                let news = payload.events.as_ref().is_some_and(|events| !events.is_empty());
                // A server that does not hold the call would be asked without a pause.
                let held = took * HELD_PART >= self.bounds.watch.min(WATCH_MIN);
                spot.due = if news || held { now } else { now + self.bounds.retry };
                self.called();
                self.session_events(payload, Came::Asked { from });
            }
            Err(error) => self.failed(Some(id), error),
        }
    }

    fn was_read(&mut self, id: &str, answer: Result<Missed, RestError>) {
        let now = self.clock.elapsed();
        let Some(spot) = self.places.get_mut(id) else { return };
        let busy = std::mem::replace(&mut spot.busy, Busy::No);
        match answer {
            Ok(missed) if busy == Busy::Overtaken => {
                spot.failures = 0;
                spot.due = now;
                self.called();
                // Still behind: what the server told meanwhile is held until the list is read once more.
                self.pass_missed(id, missed);
            }
            Ok(missed) => {
                spot.failures = 0;
                spot.due = if spot.place.is_session() { now } else { now + self.bounds.refresh };
                self.called();
                self.caught_up(id, missed);
            }
            Err(error) => self.failed(Some(id), error),
        }
    }

    /// Says that the server did what it was asked.
    pub(super) fn called(&mut self) {
        self.failures = 0;
        self.succeeded = self.clock.elapsed();
    }

    /// Says that a call failed, of a place where it is one's.
    fn failed(&mut self, id: Option<&str>, error: RestError) {
        let now = self.clock.elapsed();
        if let Some(spot) = id.and_then(|id| self.places.get_mut(id)) {
            spot.failures = spot.failures.saturating_add(1);
            let backoff = Backoff { base: self.bounds.retry, max: RETRY_MAX, jitter: 0.2 };
            spot.due = now + backoff.wait(spot.failures);
        }
        tracing::warn!(event = "mochat.call", actor = %self.account, place = id.unwrap_or_default(), "{error}");
        if error.asks_for_mending() {
            self.end = Some(End::Refused(error));
            return;
        }
        if !error.passes() {
            // Of this place alone: it may be closed, or forbidden.
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let away = self.failures >= FAILURES_MAX && now.saturating_sub(self.succeeded) >= AWAY_AFTER;
        if away && self.shared.way() == Way::Rest {
            self.end = Some(End::Refused(error));
        }
    }
}
