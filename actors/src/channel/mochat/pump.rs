//! Moves messages over one connection, both ways, until it ends.
//!
//! One loop waits for whichever comes first: a command, a job that is over, room in the actor's queue, a moment when something is
//! due. Calls to the server and the store run beside it as jobs. It never waits for the actor alone: what the actor has no room for
//! is held, and once much is held the server is not asked for more, while commands are always taken.

mod failing;
mod hear;
mod jobs;
mod join;
mod line;
mod lists;
mod notes;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use self::jobs::Done;
use self::line::Line;
use super::api::Api;
use super::connector::Bounds;
use super::discovery::Found;
use super::marks::Marks;
use super::places::Places;
use super::rest::RestError;
use super::send::{SendError, Sender, Sent};
use super::shared::{Shared, Way};
use crate::channel::event_queue::EventQueue;
use crate::channel::outflow::Outflow;
use crate::channel::seen::Seen;
use crate::channel::{AckToken, Acked, Link, LinkCommand, LinkEvent};
use crate::core::Clock;
use crate::message::{AccountKey, LinkState, LinkStatus, Receipt};
use crate::ports::OutboxRow;
use crate::socketio::Event;

/// How often the loop looks around at least.
const TICK: Duration = Duration::from_secs(1);
/// How many events are held for an actor that has no room; above, the server is not asked for more.
const EVENTS_HELD_MAX: usize = 1024;
/// How soon after the start the places are listed again: something may have come up while the connection was made.
const LIST_AGAIN: Duration = Duration::from_secs(2);
/// How long a connection that ends waits for what is being sent, and for the actor to hear of it.
const CLOSE_DRAIN: Duration = Duration::from_secs(2);

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// It was told to.
    Closed,
    /// The server is away, or does not do what it needs.
    Refused(RestError),
    /// The token's own user is somebody else than the settings say.
    Stranger(String),
}

/// How far a place is read once a frame is acknowledged.
#[derive(Clone, Debug)]
struct Moved {
    place: String,
    cursor: Option<u64>,
    at_ms: Option<i64>,
}

/// A connection that stands, with what it needs.
pub(super) struct Pump {
    link: Link,
    account: AccountKey,
    me: String,
    api: Arc<Api>,
    shared: Arc<Shared>,
    bounds: Bounds,
    clock: Clock,
    marks: Marks,
    sender: Sender,
    places: Places,
    seen: Seen,
    told: AckToken,
    /// Frames that the actor has and did not acknowledge yet, in order.
    pending: VecDeque<(AckToken, Vec<Moved>)>,
    outflow: Outflow,
    jobs: FuturesUnordered<BoxFuture<'static, Done>>,
    events: EventQueue,
    watching: usize,
    reading: usize,
    listing: lists::Listing,
    listed_at: Duration,
    line: Line,
    /// Calls that failed since the last one that did not.
    failures: u32,
    succeeded: Duration,
    closing: Option<Duration>,
    end: Option<End>,
}

/// What a pump is made of.
pub(super) struct Parts {
    pub(super) link: Link,
    pub(super) account: AccountKey,
    pub(super) me: String,
    pub(super) api: Arc<Api>,
    pub(super) shared: Arc<Shared>,
    pub(super) bounds: Bounds,
    pub(super) clock: Clock,
    pub(super) marks: Marks,
    pub(super) sender: Sender,
    /// Rows that came before the connection stood.
    pub(super) early: Outflow,
}

enum Step {
    Command(Option<LinkCommand>),
    Done(Done),
    Said(Event),
    Room,
    ActorGone,
    Due,
}

impl Pump {
    /// Returns a pump that listens to nothing yet.
    pub(super) fn new(parts: Parts) -> Self {
        let Parts { link, account, me, api, shared, bounds, clock, marks, sender, early } = parts;
        let (now, limit) = (clock.elapsed(), bounds.limit);
        Self {
            link,
            account,
            me,
            api,
            shared,
            bounds,
            marks,
            sender,
            places: Places::default(),
            seen: Seen::default(),
            told: 0,
            pending: VecDeque::new(),
            outflow: early,
            jobs: FuturesUnordered::new(),
            events: EventQueue::default(),
            watching: 0,
            reading: 0,
            listing: lists::Listing::At(now + LIST_AGAIN),
            listed_at: now,
            line: Line::new(limit),
            failures: 0,
            succeeded: now,
            closing: None,
            end: None,
            clock,
        }
    }

    /// Carries messages until the connection ends. Also returns since when it was up, on the clock.
    pub(super) async fn run(mut self, found: Found) -> (End, Duration) {
        let up_at = self.clock.elapsed();
        self.shared.forget_all();
        self.listed(found);
        self.events.push(LinkEvent::Status(LinkStatus::plain(LinkState::Up)));
        self.go_over(Way::Rest);
        let end = self.turn_over().await;
        self.drain().await;
        self.line.close().await;
        (end, up_at)
    }

    async fn turn_over(&mut self) -> End {
        loop {
            self.settle();
            if let Some(end) = self.end.take() {
                return end;
            }
            if self.closing.is_some() && self.outflow.is_idle() && self.events.is_empty() && self.marks.late.is_idle() {
                return End::Closed;
            }
            let may_read = self.closing.is_none() && self.line.stands() && self.events.len() < EVENTS_HELD_MAX;
            let mut due = self.clock.sleep(self.until_due());
            let step = tokio::select! {
                command = self.link.commands.recv() => Step::Command(command),
                Some(done) = self.jobs.next(), if !self.jobs.is_empty() => Step::Done(done),
                event = self.line.next(), if may_read => Step::Said(event),
                room = self.link.events.reserve(), if !self.events.is_empty() => if room.is_ok() { Step::Room } else { Step::ActorGone },
                () = &mut due => Step::Due,
            };
            self.link.progress.stamp();
            match step {
                Step::Command(Some(command)) => self.command(command),
                Step::Done(done) => self.done(done),
                Step::Said(event) => self.said(event),
                Step::Room => {}
                Step::Due => self.tick(),
                Step::Command(None) | Step::ActorGone => return End::Closed,
            }
        }
    }

    /// Ends a round: what can go on goes on.
    fn settle(&mut self) {
        while let Some(row) = self.outflow.next() {
            let sender = self.sender.clone();
            self.job(async move { Done::Sent(sender.send(row).await) });
        }
        if self.closing.is_none() && self.events.len() < EVENTS_HELD_MAX {
            self.keep_line();
            self.begin_calls();
        }
        if let Some(writing) = self.marks.late.write() {
            self.job(async move { Done::Written(writing.await) });
        }
        self.events.deliver(&self.link.events);
    }

    /// Gives the actor what it is to hear before the link is gone: a confirmation that is lost would be a message sent again.
    async fn drain(&mut self) {
        let events = self.link.events.clone();
        let telling = async {
            while !self.events.is_empty() {
                // Taken for itself the place is given back at once, and used by what is delivered.
                if events.reserve().await.is_err() {
                    return;
                }
                self.events.deliver(&events);
            }
        };
        // What is not heard by then is read, or looked for, again.
        let _ = self.clock.within(CLOSE_DRAIN, telling).await;
    }

    fn command(&mut self, command: LinkCommand) {
        match command {
            LinkCommand::Ack(acked) => acked.into_iter().for_each(|acked| self.acknowledged(acked)),
            // Nothing here can be marked.
            LinkCommand::Mark(_) => {}
            LinkCommand::Send(row) => self.hold(row),
            LinkCommand::Close => {
                self.closing.get_or_insert(self.clock.elapsed());
            }
        }
    }

    /// Takes over that a frame is committed, and everything that was told before it: acknowledgements come in order.
    fn acknowledged(&mut self, acked: Acked) {
        while let Some((token, moved)) = self.pending.pop_front_if(|(token, _)| *token <= acked.token) {
            moved.into_iter().for_each(|moved| self.moved(moved, token));
        }
    }

    /// Moves the mark of a place, once everything up to a frame is done with; it stays where something behind it is unread.
    fn moved(&mut self, moved: Moved, done: AckToken) {
        let Some(spot) = self.places.get_mut(&moved.place) else { return };
        if !spot.gap.passes(done) {
            return;
        }
        let before = spot.mark;
        if let Some(cursor) = moved.cursor {
            spot.mark.cursor = Some(cursor);
        }
        if let Some(at_ms) = moved.at_ms {
            // A moment far ahead would make all that is written until then look old.
            let at_ms = at_ms.min(self.api.rest.server_ms().saturating_add(super::history::LATE_MS));
            spot.mark.done_ms = Some(spot.mark.done_ms.map_or(at_ms, |done_ms| done_ms.max(at_ms)));
        }
        if spot.mark != before {
            self.marks.set(&spot.place, spot.mark);
        }
    }

    fn hold(&mut self, row: Box<OutboxRow>) {
        if let Err(row) = self.outflow.hold(row) {
            self.events.overloaded(row.id);
        }
    }

    fn sent(&mut self, sent: Sent) {
        self.outflow.over(&sent.chat);
        match sent.outcome {
            Ok(message) => {
                self.called();
                self.events.push(LinkEvent::Confirmed { id: sent.id, receipt: Receipt { platform_id: message } });
                if let Some(found) = self.shared.stranger() {
                    self.end = Some(End::Stranger(found));
                }
            }
            // The row is as good as before: it goes when the server is back, or the settings are mended.
            Err(SendError::Away(error)) => self.end = Some(End::Refused(error)),
            Err(SendError::Rest(error)) if error.asks_for_mending() => self.end = Some(End::Refused(error)),
            Err(error) => self.events.fail(sent.id, error.code(), error.to_string(), error.retry_after_ms()),
        }
    }

    fn tick(&mut self) {
        self.marks.late.try_again();
        if self.closing.is_some_and(|since| self.clock.elapsed().saturating_sub(since) >= CLOSE_DRAIN) {
            self.end = Some(End::Closed);
        }
    }

    /// Records by which way messages come in from now on, and says so.
    fn go_over(&mut self, way: Way) {
        if self.shared.set_way(way) != way {
            self.events.push(LinkEvent::Way(way.as_str()));
        }
    }
}
