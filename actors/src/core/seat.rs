//! The fixed point behind all refs of one actor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use actix::Recipient;
use actix::dev::SendError;
use arc_swap::ArcSwap;

use super::clock::Clock;
use super::error::TellError;
use super::fault::Fault;
use super::gauge::{Gauge, Refused};
use super::ids::ActorId;
use super::letter::{Letter, Tracked};
use super::limits::TELL_TRIES_MAX;
use super::spec::{Mailbox, Overflow};
use super::vitals::Vitals;

/// Where the messages for one actor go at this moment.
enum Line<M: Send + 'static> {
    Open { number: u32, mailbox: Recipient<Letter<M>> },
    Closed(TellError),
}

pub(super) struct Seat<M: Send + 'static> {
    pub(super) id: ActorId,
    pub(super) vitals: Arc<Vitals>,
    pub(super) mailbox: Mailbox,
    pub(super) clock: Clock,
    line: ArcSwap<Line<M>>,
    /// A ring lies in the open mailbox, or is on its way there.
    rung: AtomicBool,
    /// The number of the newest mailbox.
    newest: AtomicU32,
    /// How many of the oldest messages are to be passed over: those that made room under [`Overflow::DropOldest`].
    passed_over: Gauge,
}

/// What becomes of a message that leaves the mailbox.
pub(super) enum Fate {
    Due,
    PassedOver,
}

impl<M: Send + 'static> Seat<M> {
    pub(super) fn new(id: ActorId, mailbox: Mailbox, clock: Clock) -> Self {
        Self {
            id,
            vitals: Arc::default(),
            mailbox,
            clock,
            line: ArcSwap::from_pointee(Line::Closed(TellError::Stopped)),
            rung: AtomicBool::new(false),
            newest: AtomicU32::new(0),
            passed_over: Gauge::default(),
        }
    }

    /// Has everything told from now on go to a new mailbox. Only one caller at a time: whoever holds the actor's record.
    pub(super) fn open(&self, mailbox: Recipient<Letter<M>>) {
        let number = self.newest.fetch_add(1, Ordering::AcqRel) + 1;
        self.line.store(Arc::new(Line::Open { number, mailbox }));
        self.vitals.depth.begin(number);
        self.passed_over.begin(number);
        // A ring in the mailbox before is lost with it. This comes last: whoever relied on that ring has called before the new
        // incarnation starts, and it looks when it starts.
        self.rung.store(false, Ordering::Release);
    }

    /// Has everybody who tells hear why nobody listens.
    pub(super) fn close(&self, why: TellError) {
        self.line.store(Arc::new(Line::Closed(why)));
    }

    pub(super) fn tell(self: &Arc<Self>, mut message: M) -> Result<(), TellError> {
        for _ in 0..TELL_TRIES_MAX {
            let line = self.line.load();
            let (number, mailbox) = match &**line {
                Line::Open { number, mailbox } => (*number, mailbox),
                Line::Closed(why) => return Err(*why),
            };
            match self.enter(number) {
                Ok(()) => {}
                Err(Refused::Full) => return Err(TellError::Full),
                Err(Refused::Moved) => continue,
            }
            let tracked = Tracked::new(message, Arc::clone(self), number);
            match post(mailbox, Letter::Told(tracked)) {
                Err(SendError::Closed(Letter::Told(tracked)) | SendError::Full(Letter::Told(tracked))) => {
                    // The mailbox was closed meanwhile; the line says what is there now.
                    let Some(back) = tracked.take_back() else { break };
                    message = back;
                }
                _ => return Ok(()),
            }
        }
        Err(TellError::Stopped)
    }

    fn enter(&self, mailbox: u32) -> Result<(), Refused> {
        let capacity = self.mailbox.capacity;
        let full = match self.vitals.enter(mailbox, capacity) {
            Err(Refused::Full) => Err(Refused::Full),
            entered => return entered,
        };
        let room = match self.mailbox.overflow {
            Overflow::Reject => full,
            Overflow::DropOldest => self.passed_over.take(mailbox, capacity).map(drop),
        };
        if room != Err(Refused::Moved) {
            self.vitals.count_rejected();
        }
        room
    }

    /// Gives a place in the mailbox back; says whether the message that had it is to be passed over.
    pub(super) fn leave(&self, mailbox: u32) -> Fate {
        if !self.passed_over.give(mailbox) && self.vitals.depth.give(mailbox) { Fate::Due } else { Fate::PassedOver }
    }

    pub(super) fn wake(&self) {
        loop {
            if self.rung.swap(true, Ordering::AcqRel) {
                return;
            }
            let line = self.line.load_full();
            if let Line::Open { mailbox, .. } = &*line
                && post(mailbox, Letter::Ring).is_ok()
            {
                return;
            }
            self.rung.store(false, Ordering::Release);
            // Somebody else may have relied on this ring, and a mailbox have been opened, in the moment it was up.
            if Arc::ptr_eq(&line, &self.line.load()) {
                return;
            }
        }
    }

    /// Makes the next ring count: called right before the actor looks.
    pub(super) fn answer_bell(&self) {
        self.rung.store(false, Ordering::Release);
    }

    /// Puts a drill into the mailbox, when there is one.
    pub(super) fn drill(&self, fault: Fault) {
        if let Line::Open { mailbox, .. } = &**self.line.load() {
            // Closed meanwhile, there is nobody left to practise on.
            let _ = post(mailbox, Letter::Fault(fault));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the bounded way in: the letter has its place already, or needs none")]
fn post<M: Send + 'static>(mailbox: &Recipient<Letter<M>>, letter: Letter<M>) -> Result<(), SendError<Letter<M>>> {
    mailbox.try_send(letter)
}
