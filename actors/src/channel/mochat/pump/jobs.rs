//! What runs beside the loop: calls to the server and to the store, and when each is due.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;

use super::hear::Came;
use super::lists::Listing;
use super::{Pump, TICK};
use crate::channel::gap::Gap;
use crate::channel::late_cursors::Written;
use crate::channel::mochat::discovery::{self, Found};
use crate::channel::mochat::history::{self, Missed, Reach};
use crate::channel::mochat::payload::Payload;
use crate::channel::mochat::places::{Busy, Fewer, Phase, Spot, Told};
use crate::channel::mochat::rest::RestError;
use crate::channel::mochat::send::Sent;
use crate::channel::mochat::socket::{Join, JoinError, Joined};
use crate::channel::mochat::unread::Unread;
use crate::socketio::{EmitError, OpenError, Session};

/// How many sessions are watched at a time; with more of them each is watched for a shorter time in turn.
const WATCHING_MAX: usize = 32;
/// How many places are read at a time. The server limits the rate anyhow.
const READING_MAX: usize = 4;
/// The shortest time that the server is asked to hold a call.
const WATCH_MIN: Duration = Duration::from_secs(1);
/// The least of the time that a call for news was to be held, for one without news not to be made again at once.
const HELD_PART: u32 = 2;

/// A job that is over.
pub(super) enum Done {
    /// The places are listed.
    Listed(Result<Found, discovery::Failure>),
    /// A session was watched from a place, for so long.
    Watched { id: String, from: u64, took: Duration, answer: Result<Payload, RestError> },
    /// A place's messages are read.
    Read { id: String, answer: Result<Missed, RestError> },
    /// Socket.IO was opened, or was not.
    Opened(Box<Result<Session, OpenError>>),
    /// The server was asked to tell of places.
    Joined { session: u64, join: Join, answer: Result<Joined, JoinError> },
    /// The server was asked to tell of places no more.
    Left,
    /// The server was answered, or was not.
    Answered(Result<(), EmitError>),
    /// A row was sent, or was not.
    Sent(Sent),
    /// Marks were written, or were not.
    Written(Written),
}

/// What is asked of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    /// Its news.
    Watch,
    /// Its list of messages.
    Read,
}

impl Pump {
    pub(super) fn job(&self, job: impl Future<Output = Done> + Send + 'static) {
        self.jobs.push(job.boxed());
    }

    /// Returns how long it is to the next call that is due, a tick at the most.
    pub(super) fn until_due(&self) -> Duration {
        let now = self.clock.elapsed();
        let calls = self.places.all().filter(|spot| spot.busy == Busy::No).flat_map(Spot::next_due).filter(|due| *due > now);
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
        let asked = |spot: &Spot| !live || spot.told != Told::Yes || matches!(spot.phase, Phase::Behind { .. });
        let due = |spot: &Spot| {
            if spot.is_gap_due(now) {
                return Some((spot.again, spot.place.id.clone(), Asked::Read));
            }
            let watched = spot.place.is_session() && matches!(spot.phase, Phase::Live);
            let what = if watched { Asked::Watch } else { Asked::Read };
            (spot.due <= now && asked(spot)).then(|| (spot.due, spot.place.id.clone(), what))
        };
        let mut ids: Vec<_> = self.places.all().filter(|spot| spot.busy == Busy::No).filter_map(due).collect();
        // Whoever waits longest is first.
        ids.sort();
        for (_, id, what) in ids {
            match what {
                Asked::Watch if self.watching < WATCHING_MAX => self.watch(&id),
                Asked::Read if self.reading < READING_MAX => self.read(&id),
                Asked::Watch | Asked::Read => {}
            }
        }
    }

    fn watch(&mut self, id: &str) {
        let sessions = self.places.all().filter(|spot| spot.place.is_session()).count();
        let turns = u32::try_from(sessions.div_ceil(WATCHING_MAX)).unwrap_or(u32::MAX).max(1);
        let hold = (self.bounds.watch / turns).max(WATCH_MIN.min(self.bounds.watch));
        let Some(spot) = self.places.get_mut(id) else { return };
        spot.busy = Busy::Yes;
        self.watching += 1;
        let (id, from, limit) = (id.to_owned(), spot.heard.unwrap_or(0), spot.limit);
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
        let (floor_ms, more) = spot.reach_ms(self.api.rest.server_ms());
        let reach = Reach {
            floor_ms,
            more,
            limit: spot.limit,
            messages_max: history::MESSAGES_MAX,
            // Elsewhere all that went by is older than what is read.
            known: if spot.gap == Gap::None { HashSet::new() } else { self.seen.ids() },
            wall: spot.wall.clone(),
        };
        let (id, place, api) = (id.to_owned(), spot.place.clone(), Arc::clone(&self.api));
        self.job(async move { Done::Read { id, answer: history::since(&api, &place, reach).await } });
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
            Done::Joined { session, join, answer } => self.joined(session, &join, answer),
            Done::Left => {}
            Done::Answered(answered) => self.answered(answered),
            Done::Sent(sent) => self.sent(sent),
            Done::Written(written) => self.marks.late.written(written),
        }
    }

    fn watched(&mut self, id: &str, from: u64, took: Duration, answer: Result<Payload, RestError>) {
        let now = self.clock.elapsed();
        let Some(spot) = self.places.get_mut(id) else { return };
        spot.busy = Busy::No;
        match answer {
            Ok(payload) => {
                spot.failures = 0;
                let count = payload.events.as_ref().map_or(0, Vec::len);
                // Where it was full the next one may be too long again.
                if count < spot.limit as usize {
                    spot.limit = spot.limit.saturating_mul(2).min(self.bounds.limit);
                }
                let news = count > 0;
                // A server that does not hold the call would be asked without a pause.
                let held = took * HELD_PART >= self.bounds.watch.min(WATCH_MIN);
                spot.due = if news || held { now } else { now + self.bounds.retry };
                self.called();
                self.session_events(payload, Came::Asked { from });
            }
            Err(RestError::TooLong { .. }) if spot.ask_for_fewer() == Fewer::Asked => spot.due = now,
            Err(error @ RestError::TooLong { .. }) => {
                self.failed(Some(id), error);
                self.skip(id, from.saturating_add(1));
            }
            Err(error) => self.failed(Some(id), error),
        }
    }

    fn was_read(&mut self, id: &str, answer: Result<Missed, RestError>) {
        let now = self.clock.elapsed();
        let Some(spot) = self.places.get_mut(id) else { return };
        let busy = std::mem::replace(&mut spot.busy, Busy::No);
        if let Ok(missed) = &answer {
            spot.failures = 0;
            spot.unread = Unread::default();
            spot.limit = missed.limit.min(self.bounds.limit);
            self.stopped_at(id, missed.wall.clone());
        }
        let Some(spot) = self.places.get_mut(id) else { return };
        match answer {
            Ok(missed) if busy == Busy::Overtaken => {
                (spot.due, spot.again) = (now, now);
                self.called();
                // Still behind: what the server told meanwhile is held until the list is read once more.
                self.pass_missed(id, missed);
                self.drop_held(id);
            }
            Ok(missed) => {
                spot.due = if spot.place.is_session() { now } else { now + self.bounds.refresh };
                self.called();
                self.caught_up(id, missed);
            }
            Err(error) => self.unread(id, error),
        }
    }

    /// Says that the server did what it was asked.
    pub(super) fn called(&mut self) {
        self.failures = 0;
        self.succeeded = self.clock.elapsed();
    }
}
