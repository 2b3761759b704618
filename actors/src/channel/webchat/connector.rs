//! One link's life: up at once, down when it is told to, or when another link of the account has taken its place.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::desk::{Hatch, WebChatDesk};
use super::post::{PostError, Posted, Waiting};
use super::send::{self, Held, Written};
use crate::channel::event_queue::EventQueue;
use crate::channel::{AckToken, Acked, Became, Connector, Link, LinkCommand, LinkEnd, LinkEvent, Normalised};
use crate::core::Clock;
use crate::message::{AccountKey, Code, LinkState, LinkStatus};
use crate::ports::OutboxRow;

/// How many events are held for an actor that has no room; above, messages stay at the desk.
const EVENTS_HELD_MAX: usize = 256;

/// How many rows are held while others are being written; a further one is failed as overloaded. An actor that has no more
/// rows in hand than this never sees that.
const ROWS_HELD_MAX: usize = 1024;

/// How long a link that is told to close waits for what is on its way.
const CLOSE_DRAIN: Duration = Duration::from_secs(2);

/// A link that is not there yet.
pub(super) struct WebChatConnector {
    pub(super) account: AccountKey,
    pub(super) desk: WebChatDesk,
}

impl Connector for WebChatConnector {
    fn run(self: Box<Self>, link: Link) -> BoxFuture<'static, LinkEnd> {
        Box::pin(async move {
            // Nothing here can fall silent by itself: what is waited for is watched where it is done.
            link.progress.pause();
            let clock = self.desk.clock();
            let mut events = EventQueue::default();
            events.push(LinkEvent::Status(LinkStatus::plain(LinkState::Up)));
            Counter {
                hatch: self.desk.open(&self.account),
                account: self.account,
                desk: self.desk,
                link,
                clock,
                told: 0,
                waiting: HashMap::new(),
                events,
                rows: VecDeque::new(),
                writing: None,
                held: Held::default(),
                desk_empty: false,
                closing: None,
            }
            .run()
            .await
        })
    }
}

/// Passes messages from the desk to the actor and rows from the actor to their transcripts.
struct Counter {
    account: AccountKey,
    desk: WebChatDesk,
    hatch: Hatch,
    link: Link,
    clock: Clock,
    /// The token of the last message that was passed on.
    told: AckToken,
    /// Messages that are passed on and not yet written; bounded by the places at the desk.
    waiting: HashMap<AckToken, Waiting>,
    /// What the actor had no room for yet.
    events: EventQueue,
    /// Rows that wait until those before them are written.
    rows: VecDeque<OutboxRow>,
    writing: Option<BoxFuture<'static, Written>>,
    /// Chats whose rows wait; with the future while it writes.
    held: Held,
    /// Whether no more messages can come.
    desk_empty: bool,
    /// Until when a link that was told to close waits.
    closing: Option<BoxFuture<'static, ()>>,
}

enum Step {
    Command(Option<LinkCommand>),
    Post(Option<Waiting>),
    Written(Written),
    Room,
    Over,
}

impl Counter {
    async fn run(mut self) -> LinkEnd {
        loop {
            self.events.deliver(&self.link.events);
            self.write_rows();
            if self.closing.is_some() && self.is_idle() {
                return self.ended("closed on request");
            }
            match self.step().await {
                Step::Command(Some(command)) => self.command(command),
                Step::Post(Some(waiting)) => self.pass_on(waiting),
                Step::Post(None) if self.closing.is_some() => self.desk_empty = true,
                Step::Post(None) => return self.ended("another link of this account has taken its place"),
                Step::Written(Written { said, held }) => {
                    self.writing = None;
                    self.held = held;
                    self.events.extend(said);
                }
                Step::Room => {}
                Step::Command(None) | Step::Over => return self.ended("closed on request"),
            }
        }
    }

    async fn step(&mut self) -> Step {
        let may_take = !self.desk_empty && self.events.len() < EVENTS_HELD_MAX;
        let written = async {
            match &mut self.writing {
                Some(writing) => writing.await,
                None => pending().await,
            }
        };
        let closed = async {
            match &mut self.closing {
                Some(deadline) => deadline.await,
                None => pending().await,
            }
        };
        tokio::select! {
            command = self.link.commands.recv() => Step::Command(command),
            written = written => Step::Written(written),
            room = self.link.events.reserve(), if !self.events.is_empty() => if room.is_ok() { Step::Room } else { Step::Over },
            post = self.hatch.next(), if may_take => Step::Post(post),
            () = closed => Step::Over,
        }
    }

    fn is_idle(&self) -> bool {
        self.desk_empty && self.waiting.is_empty() && self.events.is_empty() && self.rows.is_empty() && self.writing.is_none()
    }

    fn write_rows(&mut self) {
        if self.writing.is_none() && !self.rows.is_empty() {
            let held = std::mem::take(&mut self.held);
            self.writing = Some(send::write(self.desk.clone(), self.rows.drain(..).collect(), held).boxed());
        }
    }

    fn pass_on(&mut self, mut waiting: Waiting) {
        if let Some(inbound) = waiting.take() {
            self.told += 1;
            self.events.frame(Normalised::Message(inbound), Some(self.told));
            self.waiting.insert(self.told, waiting);
        }
    }

    fn command(&mut self, command: LinkCommand) {
        match command {
            LinkCommand::Ack(acked) => acked.into_iter().for_each(|acked| self.answer(acked)),
            // Nothing here can be marked.
            LinkCommand::Mark(_) => {}
            LinkCommand::Send(row) if self.rows.len() < ROWS_HELD_MAX => self.rows.push_back(*row),
            LinkCommand::Send(row) => self.events.overloaded(row.id),
            LinkCommand::Close if self.closing.is_none() => {
                self.hatch.close();
                self.closing = Some(self.clock.sleep(CLOSE_DRAIN));
            }
            LinkCommand::Close => {}
        }
    }

    /// Tells a client what became of its message.
    fn answer(&mut self, acked: Acked) {
        if let Some(waiting) = self.waiting.remove(&acked.token) {
            waiting.answer(match acked.became {
                Became::New => Ok(Posted { duplicate: false }),
                Became::Duplicate => Ok(Posted { duplicate: true }),
                Became::Nothing => Err(PostError::Refused(self.account.clone())),
            });
        }
    }

    fn ended(&self, text: &str) -> LinkEnd {
        LinkEnd { code: Code::LinkDown, text: text.to_owned(), was_stable: true }
    }
}
