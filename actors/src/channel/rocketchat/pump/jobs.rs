//! What runs beside the loop: calls to the server and to the store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;

use super::hear::Came;
use super::{EVENTS_HELD_MAX, End, Pump, Reading, Stage};
use crate::channel::LinkEvent;
use crate::channel::gap::Gap;
use crate::channel::late_cursors::Written;
use crate::channel::rocketchat::api::{ApiError, Listed, RoomBy, UserBy};
use crate::channel::rocketchat::catch_up::{self, Missed};
use crate::channel::rocketchat::ddp::Stream;
use crate::channel::rocketchat::drafts::Drafted;
use crate::channel::rocketchat::extra;
use crate::channel::rocketchat::room::{Phase, RoomInfo, RoomKind};
use crate::channel::rocketchat::rooms::{Added, ROOMS_MAX};
use crate::channel::rocketchat::send::Sent;
use crate::ports::StoreError;

/// How many rooms are caught up with at a time. The server limits the rate anyhow.
const CATCHING_MAX: usize = 2;
/// How long names may take to be found before messages are looked at without them.
const NAMES_WAIT: Duration = Duration::from_secs(15);
/// How soon names that were not found are looked for again.
const NAMES_AGAIN: Duration = Duration::from_secs(60);

/// A job that is over.
pub(super) enum Done {
    /// The rooms are listed, each with where reading it stopped.
    Listed(Result<Vec<(Listed, Option<i64>)>, Failure>),
    /// When the rooms last changed.
    Dated(Result<Vec<Listed>, ApiError>),
    /// A room that came up is known.
    Learned { id: String, info: Option<RoomInfo>, joined_ms: Option<i64>, done_ms: Result<Option<i64>, StoreError> },
    /// What was missed in a room is read.
    Missed { id: String, missed: Result<Missed, ApiError> },
    /// Names were looked for; these were found.
    Names(BTreeMap<String, String>),
    /// A row was sent, or was not.
    Sent(Sent),
    /// A draft was shown, or was not.
    Drafted(Drafted),
    /// A message was marked, or was not.
    Marked(Result<(), ApiError>),
    /// Checkpoints were written, or were not.
    Written(Written),
    /// Names were written, or were not.
    Kept,
}

/// Why rooms could not be listed.
pub(super) enum Failure {
    Api(ApiError),
    Store(StoreError),
}

/// What becomes of a room that could not be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unread {
    /// It waits until it can be.
    Waits,
    /// It goes on without what was missed.
    Left,
}

impl Pump {
    pub(super) fn job(&self, job: impl Future<Output = Done> + Send + 'static) {
        self.jobs.push(job.boxed());
    }

    pub(super) fn done(&mut self, done: Done) {
        match done {
            Done::Listed(Ok(rooms)) => self.listed(rooms),
            Done::Listed(Err(Failure::Api(error))) => self.end = Some(End::Refused(error)),
            Done::Listed(Err(Failure::Store(error))) => self.end = Some(End::Store(error)),
            Done::Dated(rooms) => self.dated(rooms),
            Done::Learned { id, info, joined_ms, done_ms } => match done_ms {
                Ok(done_ms) => {
                    self.learning.remove(&id);
                    self.learned(&id, info, joined_ms, done_ms);
                }
                Err(error) => self.end = Some(End::Store(error)),
            },
            Done::Missed { id, missed } => self.missed(&id, missed),
            Done::Names(found) => self.found_names(&found),
            Done::Sent(sent) => self.sent(sent),
            Done::Drafted(drafted) => self.drafted(&drafted),
            Done::Marked(marked) => {
                self.marks.over();
                if let Err(error) = marked {
                    self.events.push(LinkEvent::Unmarked(error.to_string()));
                }
            }
            Done::Written(written) => self.checkpoints.late.written(written),
            Done::Kept => {}
        }
    }

    pub(super) fn list_rooms(&self) {
        let (api, reader) = (Arc::clone(&self.api), self.checkpoints.reader());
        let (named, clock) = (self.shared.rooms.clone(), self.clock.clone());
        self.job(async move {
            let list = async {
                let mut rooms = api.joined().await.map_err(Failure::Api)?;
                let known: std::collections::HashSet<String> = rooms.iter().map(|room| room.info.id.clone()).collect();
                let unlisted = named.iter().map(String::as_str).filter(|id| !known.contains(*id));
                let found = extra::look_up(unlisted, &clock, |id| api.room(RoomBy::Id(id))).await;
                rooms.extend(found.into_iter().map(|info| Listed { info, joined_ms: None, changed_ms: None }));
                let ids: Vec<_> = rooms.iter().map(|room| room.info.id.clone()).collect();
                let stops = reader.read(&ids).await.map_err(Failure::Store)?;
                Ok(rooms.into_iter().zip(stops).collect())
            };
            Done::Listed(list.await)
        });
    }

    fn listed(&mut self, rooms: Vec<(Listed, Option<i64>)>) {
        for (Listed { info, joined_ms, .. }, done_ms) in rooms {
            let id = info.id.clone();
            if self.rooms.add(info) == Added::Full {
                tracing::warn!(event = "rocketchat.rooms", actor = %self.account, "too many rooms: the others are not caught up with");
                break;
            }
            self.begin_room(&id, joined_ms, done_ms);
            if self.rooms.get(&id).is_some_and(|room| room.sub.is_none()) {
                let sub = self.subscribe(Stream::Messages, &id);
                self.awaiting.insert(sub.clone());
                self.rooms.subscribed(&id, sub);
            }
        }
        self.stage = Stage::Subscribing;
        self.look_whether_up();
    }

    /// Records from where a room is to be read: where reading stopped, else the moment of joining, else the first start of all.
    fn begin_room(&mut self, id: &str, joined_ms: Option<i64>, done_ms: Option<i64>) {
        let floor_ms = self.since_ms.max(joined_ms.unwrap_or(i64::MIN));
        self.rooms.begin(id, done_ms.unwrap_or(floor_ms), floor_ms, self.clock.now_ms());
    }

    pub(super) fn date_rooms(&mut self) {
        self.reading = Reading::Begun;
        let api = Arc::clone(&self.api);
        self.job(async move { Done::Dated(api.rooms().await) });
    }

    /// Has those rooms caught up with that changed since they were read; the others go on at once.
    fn dated(&mut self, rooms: Result<Vec<Listed>, ApiError>) {
        let rooms = rooms.unwrap_or_else(|error| {
            tracing::warn!(event = "rocketchat.rooms", actor = %self.account, "every room is read anew: {error}");
            Vec::new()
        });
        for Listed { info, changed_ms, .. } in rooms {
            if let Some(changed_ms) = changed_ms {
                self.dated.insert(info.id.clone(), changed_ms);
            }
            if self.rooms.get(&info.id).is_some() {
                self.rooms.add(info);
            }
        }
        for id in self.rooms.ids() {
            let Some(room) = self.rooms.get(&id).filter(|room| room.phase != Phase::Live) else { continue };
            let changed = self
                .dated
                .get(&id)
                .is_none_or(|changed_ms| *changed_ms > room.done_ms && self.shared.dated(&id) != Some(*changed_ms));
            if changed {
                self.rooms.queue(&id);
            } else {
                self.go_live(&id);
            }
        }
    }

    /// Takes in a room that came up while the connection stood.
    pub(super) fn learn(&mut self, info: RoomInfo, joined_ms: Option<i64>) -> Added {
        let id = info.id.clone();
        let unclear = info.kind == RoomKind::Direct && info.people.is_none();
        if self.learning.len() >= ROOMS_MAX {
            return Added::Full;
        }
        let added = self.rooms.add(info);
        // One that comes and goes is looked up once at a time.
        if added == Added::New && self.learning.insert(id.clone()) {
            let (api, reader, turns) = (Arc::clone(&self.api), self.checkpoints.reader(), Arc::clone(&self.look_ups));
            self.job(async move {
                let _turn = turns.acquire().await;
                // Without it the id and the name have to do.
                let info = if unclear { api.room(RoomBy::Id(&id)).await.ok() } else { None };
                let stop = reader.read(std::slice::from_ref(&id)).await;
                Done::Learned { id, info, joined_ms, done_ms: stop.map(|stops| stops.first().copied().flatten()) }
            });
        }
        added
    }

    fn learned(&mut self, id: &str, info: Option<RoomInfo>, joined_ms: Option<i64>, done_ms: Option<i64>) {
        if let Some(info) = info {
            self.rooms.add(info);
        }
        self.begin_room(id, joined_ms, done_ms);
        if self.rooms.get(id).is_some_and(|room| room.sub.is_none()) {
            let sub = self.subscribe(Stream::Messages, id);
            self.awaiting.insert(sub.clone());
            self.rooms.subscribed(id, sub);
        }
    }

    pub(super) fn catch_up_next(&mut self) {
        while self.catching < CATCHING_MAX && self.closing.is_none() && self.events.len() < EVENTS_HELD_MAX {
            let Some(id) = self.rooms.next_behind() else { return };
            let Some(room) = self.rooms.get(&id) else { continue };
            self.catching += 1;
            let (api, clock, bounds) = (Arc::clone(&self.api), self.clock.clone(), self.bounds);
            let (info, done_ms) = (room.info.clone(), room.done_ms);
            self.job(async move {
                let missed = catch_up::read(&api, clock.now_ms(), &info, done_ms, bounds).await;
                Done::Missed { id, missed }
            });
        }
    }

    fn missed(&mut self, id: &str, missed: Result<Missed, ApiError>) {
        self.catching = self.catching.saturating_sub(1);
        match missed {
            Ok(missed) => {
                let Missed { found, left_out } = missed.unseen(&self.seen, self.bounds.messages_max);
                found.bad.into_iter().for_each(|reason| self.bad(reason));
                if left_out > 0 {
                    self.events.push(LinkEvent::LeftOut { reason: "too many missed", count: left_out });
                }
                found.messages.iter().filter(|message| message.room == id).for_each(|message| self.pass(message, Came::Late));
                self.rooms.read(id, self.told);
            }
            Err(error @ ApiError::Auth(_)) if !error.passes() => {
                self.end = Some(End::Refused(error));
                return;
            }
            Err(error) => {
                if self.unread(id, &error) == Unread::Waits {
                    return;
                }
            }
        }
        self.go_live(id);
    }

    /// Has a room that could not be read be read again later. Its live messages wait for that, for the sake of its order, unless it
    /// does not pass: then they go on, and the checkpoint stays before what is unread.
    fn unread(&mut self, id: &str, error: &ApiError) -> Unread {
        let failures = self.rooms.unread(id);
        if error.is_outage() {
            self.rooms.outage(id);
        }
        let (left, outages) = self.rooms.get(id).map_or((false, 0), |room| (room.gap != Gap::None, room.outages));
        let own = failures.saturating_sub(outages);
        let lasts = left || !error.passes() || own > catch_up::FAILURES_MAX;
        let borne = if error.passes() { catch_up::FAILURES_MAX } else { 0 };
        let wait = if lasts { catch_up::AGAIN_LASTING.wait(own.saturating_sub(borne)) } else { catch_up::AGAIN.wait(failures) };
        self.rooms.read_again(id, self.clock.elapsed() + wait);
        let goes_on = if lasts { ", and the room goes on without it" } else { "" };
        tracing::warn!(event = "rocketchat.catch_up", actor = %self.account, room = %id, failures, wait_ms = wait.as_millis(),
            "what was missed cannot be read{goes_on}: {error}");
        if lasts {
            self.rooms.leave_gap(id);
            return Unread::Left;
        }
        Unread::Waits
    }

    fn go_live(&mut self, id: &str) {
        for message in self.rooms.caught_up(id) {
            self.pass(&message, Came::Live);
        }
    }

    /// Looks for the ids of people whom the settings name.
    pub(super) fn find_names(&self) {
        let (api, clock, wanted) = (Arc::clone(&self.api), self.clock.clone(), self.shared.unknown_names());
        self.job(async move {
            let mut found = BTreeMap::new();
            let looking = async {
                for name in wanted {
                    match api.user(UserBy::Name(&name)).await {
                        Ok((id, _)) => drop(found.insert(name, id)),
                        Err(error) => {
                            tracing::warn!(event = "rocketchat.name", %name, "a name of the settings is not found: {error}")
                        }
                    }
                }
            };
            // Those that are found by then count.
            let _ = clock.within(NAMES_WAIT, looking).await;
            Done::Names(found)
        });
    }

    fn found_names(&mut self, found: &BTreeMap<String, String>) {
        if !found.is_empty() {
            let known = self.shared.add_names(found);
            let keeping = self.checkpoints.keep_names(&known);
            self.events.push(LinkEvent::Names(known));
            self.job(async move {
                if let Err(error) = keeping.await {
                    tracing::warn!(event = "rocketchat.names", "the ids of names were not written: {error}");
                }
                Done::Kept
            });
        }
        if !self.shared.unknown_names().is_empty() {
            self.names_again = Some(self.clock.elapsed() + NAMES_AGAIN);
        }
        if self.reading == Reading::NotYet {
            self.date_rooms();
        }
    }
}
