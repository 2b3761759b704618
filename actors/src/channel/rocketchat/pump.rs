//! Moves messages over one connection, both ways, until it ends.
//!
//! One loop waits for whichever comes first: a command, a frame, a job that is over, room in the actor's queue, a tick. Calls to
//! the server and the store run beside it as jobs. It never waits for the actor alone: what the actor has no room for is held, and
//! once much is held the socket is not read, while commands are always taken.
//!
//! What was missed is read after the subscriptions stand, so that there is no hole between; live messages of a room that is
//! behind wait for it, so that its order holds.

mod drafting;
mod hear;
mod jobs;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use tokio::sync::Semaphore;

use self::jobs::Done;
use super::api::{Api, ApiError, Me};
use super::catch_up::Bounds;
use super::checkpoints::Checkpoints;
use super::connector::Shared;
use super::ddp::{self, Stream, Wire, WireError};
use super::drafts::Drafts;
use super::marks::Marks;
use super::media::FileSender;
use super::room::Phase;
use super::rooms::Rooms;
use super::send::{SendError, Sent};
use super::typing::{Place, Typing};
use crate::channel::event_queue::EventQueue;
use crate::channel::gap::Gap;
use crate::channel::outflow::Outflow;
use crate::channel::seen::Seen;
use crate::channel::{AckToken, Acked, Became, Link, LinkCommand, LinkEvent, Normalised};
use crate::core::Clock;
use crate::message::{AccountKey, LinkState, LinkStatus, Receipt, TraceId};
use crate::ports::{OutboxRow, StoreError};

/// How often the loop looks at what has a time of its own.
const TICK: Duration = Duration::from_secs(1);
/// How long the subscriptions may take to stand.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(120);
/// Pings in the time that the server may be silent.
const PINGS: u32 = 4;
/// How many events are held for an actor that has no room; above, the socket is not read.
const EVENTS_HELD_MAX: usize = 1024;
/// How long a connection that is told to close waits for what is being sent.
const CLOSE_DRAIN: Duration = Duration::from_secs(2);
/// How long the server has to answer our goodbye.
const GOODBYE_WAIT: Duration = Duration::from_millis(500);
/// How many rooms that came up are looked up at a time.
const LOOK_UPS_MAX: usize = 8;
/// The event under which the messages of all rooms come.
const ALL_MESSAGES: &str = "__my_messages__";

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// It was told to.
    Closed,
    /// It broke.
    Broken(WireError),
    /// The server does not do what it needs.
    Refused(ApiError),
    /// The login holds no more.
    LoggedOut,
    /// Where reading stopped cannot be read.
    Store(StoreError),
}

impl From<WireError> for End {
    fn from(error: WireError) -> Self {
        Self::Broken(error)
    }
}

/// How far the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The rooms are being listed.
    Listing,
    /// Their subscriptions are on their way.
    Subscribing,
    /// They stand since this moment on the clock.
    Up(Duration),
}

/// Whether what was missed is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// Not yet: the subscriptions do not stand, or people whom the settings name are being looked for.
    NotYet,
    /// It is, or it was.
    Begun,
}

/// A frame that the actor has and did not acknowledge yet.
#[derive(Debug)]
struct Pending {
    room: String,
    at_ms: i64,
    place: Place,
}

/// A connection that is logged in, with what it needs.
pub(super) struct Pump {
    wire: Wire,
    link: Link,
    account: AccountKey,
    me: Me,
    api: Arc<Api>,
    shared: Arc<Shared>,
    clock: Clock,
    watchdog: Duration,
    bounds: Bounds,
    checkpoints: Checkpoints,
    since_ms: i64,
    stage: Stage,
    began: Duration,
    reading: Reading,
    /// Subscriptions that were asked for and do not stand yet; without them the connection is not up.
    awaiting: HashSet<String>,
    rooms: Rooms,
    /// Rooms that came up and are being looked up.
    learning: HashSet<String>,
    look_ups: Arc<Semaphore>,
    /// When the server last said that a room changed, for rooms that were caught up with since.
    dated: HashMap<String, i64>,
    seen: Seen,
    catching: usize,
    told: AckToken,
    pending: HashMap<AckToken, Pending>,
    outflow: Outflow,
    drafts: Drafts,
    marks: Marks,
    /// Where it is shown that the account writes though a part of the answer has been sent.
    talking: HashMap<TraceId, Place>,
    files: FileSender,
    typing: Typing,
    jobs: FuturesUnordered<BoxFuture<'static, Done>>,
    /// What the actor had no room for yet.
    events: EventQueue,
    /// What is written at the end of this round.
    frames: Vec<String>,
    calls: u64,
    heard: Duration,
    pinged: Duration,
    names_again: Option<Duration>,
    closing: Option<Duration>,
    end: Option<End>,
}

/// What a pump is made of.
pub(super) struct Parts {
    pub(super) wire: Wire,
    pub(super) link: Link,
    pub(super) account: AccountKey,
    pub(super) me: Me,
    pub(super) api: Arc<Api>,
    pub(super) shared: Arc<Shared>,
    pub(super) clock: Clock,
    pub(super) watchdog: Duration,
    pub(super) bounds: Bounds,
    pub(super) checkpoints: Checkpoints,
    pub(super) since_ms: i64,
    pub(super) files: FileSender,
    /// Rows that came before the connection stood.
    pub(super) early: Outflow,
}

enum Step {
    Command(Option<LinkCommand>),
    Frame(Result<Option<String>, WireError>),
    Done(Done),
    Room,
    /// A turn has more to show.
    Draft,
    ActorGone,
    Tick,
}

impl Pump {
    /// Returns a pump that has not subscribed yet.
    pub(super) fn new(parts: Parts) -> Self {
        let Parts { wire, link, account, me, api, shared, clock, watchdog, bounds, checkpoints, since_ms, files, early } =
            parts;
        let now = clock.elapsed();
        Self {
            wire,
            link,
            account,
            me,
            api,
            shared,
            watchdog,
            bounds,
            checkpoints,
            since_ms,
            stage: Stage::Listing,
            began: now,
            reading: Reading::NotYet,
            awaiting: HashSet::new(),
            rooms: Rooms::default(),
            learning: HashSet::new(),
            look_ups: Arc::new(Semaphore::new(LOOK_UPS_MAX)),
            dated: HashMap::new(),
            seen: Seen::default(),
            catching: 0,
            told: 0,
            pending: HashMap::new(),
            outflow: early,
            drafts: Drafts::default(),
            marks: Marks::default(),
            talking: HashMap::new(),
            files,
            typing: Typing::default(),
            jobs: FuturesUnordered::new(),
            events: EventQueue::default(),
            frames: Vec::new(),
            calls: 0,
            heard: now,
            pinged: now,
            names_again: None,
            closing: None,
            end: None,
            clock,
        }
    }

    /// Subscribes and carries messages until the connection ends. Also returns since when it was up, on the clock.
    pub(super) async fn run(mut self) -> (End, Option<Duration>) {
        let end = match self.turn_over().await {
            Ok(()) => End::Closed,
            Err(end) => end,
        };
        self.remember();
        if matches!(end, End::Closed) {
            let told = self.typing.end_all(&self.me);
            self.call_typing(told);
            // Whether the goodbye arrives changes nothing.
            let _ = self.wire.write(std::mem::take(&mut self.frames)).await;
            self.wire.close(GOODBYE_WAIT).await;
        }
        let up_at = if let Stage::Up(since) = self.stage { Some(since) } else { None };
        (end, up_at)
    }

    async fn turn_over(&mut self) -> Result<(), End> {
        self.begin();
        let mut tick = self.clock.sleep(TICK);
        loop {
            self.settle().await?;
            if let Some(end) = self.end.take() {
                return Err(end);
            }
            if self.closing.is_some() && self.outflow.is_idle() && self.events.is_empty() && self.checkpoints.late.is_idle() {
                return Ok(());
            }
            let may_read = self.events.len() < EVENTS_HELD_MAX;
            let step = tokio::select! {
                command = self.link.commands.recv() => Step::Command(command),
                Some(done) = self.jobs.next(), if !self.jobs.is_empty() => Step::Done(done),
                text = self.wire.read(), if may_read => Step::Frame(text),
                room = self.link.events.reserve(), if !self.events.is_empty() => if room.is_ok() { Step::Room } else { Step::ActorGone },
                () = self.link.speakers.changed() => Step::Draft,
                () = &mut tick => Step::Tick,
            };
            match step {
                Step::Command(Some(command)) => self.command(command),
                Step::Done(done) => self.done(done),
                Step::Frame(text) => self.frame(text?),
                Step::Room | Step::Draft => {}
                Step::Tick => {
                    self.tick()?;
                    tick = self.clock.sleep(TICK);
                }
                Step::Command(None) | Step::ActorGone => return Ok(()),
            }
        }
    }

    /// Ends a round: what can go out goes out.
    async fn settle(&mut self) -> Result<(), WireError> {
        self.send_held();
        self.show_drafts();
        self.mark_next();
        self.catch_up_next();
        if let Some(writing) = self.checkpoints.late.write() {
            self.job(async move { Done::Written(writing.await) });
        }
        self.events.deliver(&self.link.events);
        if self.frames.is_empty() { Ok(()) } else { self.wire.write(std::mem::take(&mut self.frames)).await }
    }

    fn begin(&mut self) {
        let own = |event: &str| format!("{}/{event}", self.me.id);
        let events = [
            (Stream::Messages, ALL_MESSAGES.to_owned()),
            (Stream::User, own("subscriptions-changed")),
            (Stream::User, own("force_logout")),
        ];
        for (stream, event) in events {
            let sub = self.subscribe(stream, &event);
            self.awaiting.insert(sub);
        }
        self.list_rooms();
    }

    /// Subscribes; returns the subscription's id.
    fn subscribe(&mut self, stream: Stream, event: &str) -> String {
        self.calls += 1;
        let id = format!("s{}", self.calls);
        self.frames.push(ddp::subscribe(&id, stream, event));
        id
    }

    fn command(&mut self, command: LinkCommand) {
        match command {
            LinkCommand::Ack(acked) => acked.into_iter().for_each(|acked| self.acknowledged(acked)),
            LinkCommand::Send(row) => self.hold(row),
            LinkCommand::Mark(marking) => {
                if self.marks.hold(marking).is_err() {
                    self.events.push(LinkEvent::Unmarked("too many marks wait".to_owned()));
                }
            }
            LinkCommand::Close => {
                self.closing.get_or_insert(self.clock.elapsed());
            }
        }
    }

    fn acknowledged(&mut self, acked: Acked) {
        let Some(Pending { room, at_ms, place }) = self.pending.remove(&acked.token) else { return };
        if let Some(done_ms) = self.rooms.done(&room, (at_ms, acked.token), self.clock.now_ms()) {
            self.checkpoints.done(&room, done_ms);
        }
        if acked.became == Became::New {
            let told = self.typing.begin(place, &self.me, self.clock.elapsed());
            self.call_typing(told);
        }
    }

    fn call_typing(&mut self, told: Vec<Value>) {
        for params in told {
            self.calls += 1;
            self.frames.push(ddp::call(&format!("m{}", self.calls), "stream-notify-room", &params));
        }
    }

    fn hold(&mut self, row: Box<OutboxRow>) {
        if let Err(row) = self.outflow.hold(row) {
            self.events.overloaded(row.id);
        }
    }

    fn sent(&mut self, sent: Sent) {
        self.outflow.over(&sent.chat.id);
        self.spoke(sent.trace, sent.place);
        match sent.outcome {
            Ok(message) => {
                self.drafts.forget(sent.id);
                let receipt = Receipt { platform_id: message };
                self.events.push(LinkEvent::Confirmed { id: sent.id, receipt });
            }
            // The row is as good as before: it goes when there is a login again.
            Err(SendError::Auth(error)) => self.end = Some(End::Refused(error.into())),
            Err(error) => self.events.fail(sent.id, error.code(), error.to_string(), error.retry_after_ms()),
        }
    }

    fn tick(&mut self) -> Result<(), End> {
        let now = self.clock.elapsed();
        if self.events.len() < EVENTS_HELD_MAX {
            if now.saturating_sub(self.heard) >= self.watchdog {
                return Err(WireError::Timeout("the server does not answer pings: the connection is half open").into());
            }
        } else {
            // The actor is behind, not the network: nothing was read on purpose.
            self.heard = now;
            self.link.progress.stamp();
        }
        if now.saturating_sub(self.pinged) >= self.watchdog / PINGS {
            self.pinged = now;
            self.frames.push(ddp::ping());
        }
        if !matches!(self.stage, Stage::Up(_)) && now.saturating_sub(self.began) >= SUBSCRIBE_TIMEOUT {
            return Err(WireError::Timeout("the subscriptions did not stand in time").into());
        }
        if self.closing.is_some_and(|since| now.saturating_sub(since) >= CLOSE_DRAIN) {
            return Err(End::Closed);
        }
        if self.names_again.is_some_and(|at| at <= now) {
            self.names_again = None;
            self.find_names();
        }
        self.rooms.queue_due(now);
        self.checkpoints.late.try_again();
        self.fall_silent();
        let told = self.typing.tick(&self.me, now);
        self.call_typing(told);
        Ok(())
    }

    /// Keeps for the next connection what the server said of rooms that are read to their end.
    fn remember(&self) {
        let open: HashSet<&str> = self.pending.values().map(|pending| pending.room.as_str()).collect();
        self.shared.keep_dated(self.dated.iter().filter(|(room, _)| {
            let live = self.rooms.get(room).is_some_and(|room| room.phase == Phase::Live && room.gap == Gap::None);
            live && !open.contains(room.as_str())
        }));
    }

    fn up(&mut self) {
        self.stage = Stage::Up(self.clock.elapsed());
        self.events.push(LinkEvent::Status(LinkStatus::plain(LinkState::Up)));
        if self.shared.unknown_names().is_empty() {
            self.date_rooms();
        } else {
            // Whom the settings name is known before anything of them is looked at.
            self.find_names();
        }
    }

    fn bad(&mut self, reason: String) {
        self.told += 1;
        self.events.frame(Normalised::Bad(reason), Some(self.told));
    }
}
