//! One actor in the supervisor's directory, its type forgotten.

use std::sync::{Arc, Weak};
use std::time::Duration;

use actix::ArbiterHandle;

use super::behaviour::Behaviour;
use super::directory::Directory;
use super::error::TellError;
use super::event::What;
use super::ids::{ActorId, ActorKind};
use super::post::{Command, Post};
use super::spec::Restart;
use super::supervised::{Begin, Supervised, mailbox};
use super::vitals::{Exit, Rebirth, Snapshot, State};

/// What the supervisor and the watchdog may do with any actor.
pub(super) trait Entry: Send + Sync {
    fn id(&self) -> &ActorId;
    fn kind(&self) -> ActorKind;
    fn lane(&self) -> usize;
    fn capacity(&self) -> u32;
    fn snapshot(&self) -> Snapshot;
    fn state(&self) -> State;
    /// Counts how often the actor came to rest: running, blocked or failed.
    fn settled(&self) -> u64;
    /// Counts how often a restart by hand was obeyed: whoever sees it counted sees no state from before.
    fn restarted(&self) -> u64;
    /// Gives an order; `false` when too many wait already.
    fn order(&self, command: Command) -> bool;
    /// Tells whether a child has missed its deadline.
    fn is_overdue(&self, now: Duration) -> bool;
    /// Begins the first chain of incarnations on a thread; `false` when the thread has ended.
    fn launch(self: Arc<Self>, thread: &ArbiterHandle) -> bool;
    /// Takes the actor from a blocked thread to another one.
    fn rescue(self: Arc<Self>, thread: &ArbiterHandle, why: &str);
}

pub(super) struct Posted<B: Behaviour> {
    post: Arc<Post<B>>,
    lane: usize,
    directory: Weak<Directory>,
}

/// What becomes of an actor whose thread was given up.
enum Fate<B: Behaviour> {
    /// It goes on.
    Goes(Begin<B>),
    /// It had failed once too often.
    GaveUp(Begin<B>),
    /// It is not to be built again.
    Over,
}

/// Who has a part in a blocked thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Its own code blocks the thread.
    Culprit,
    /// It lives there too.
    Neighbour,
}

impl<B: Behaviour> Posted<B> {
    pub(super) fn new(post: Arc<Post<B>>, lane: usize, directory: Weak<Directory>) -> Self {
        Self { post, lane, directory }
    }

    fn spawn(self: Arc<Self>, thread: &ArbiterHandle, begin: Begin<B>) -> bool {
        let post = Arc::clone(&self.post);
        thread.spawn_fn(move || {
            let forget = Box::new(move || self.forget());
            actix::spawn(Supervised::new(post, begin, forget));
        })
    }

    fn forget(self: &Arc<Self>) {
        if let Some(directory) = self.directory.upgrade() {
            directory.forget(&(Arc::clone(self) as Arc<dyn Entry>));
        }
    }

    /// Takes the actor from its chain of incarnations, all at once.
    fn supersede(&self, part: Part, why: &str) -> Fate<B> {
        let post = &self.post;
        let vitals = &post.seat.vitals;
        post.supersede(|generation, record| {
            let begin = |mailbox, row_at_crash| Begin { generation, mailbox, rebirth: Rebirth::Again, row_at_crash };
            post.board.clear(generation - 1);
            if matches!(post.state(), State::Stopped | State::Failed | State::Blocked) {
                return Fate::Goes(begin(None, None));
            }
            let row = vitals.row_in_hand().filter(|_| part == Part::Culprit);
            vitals.set_row_in_hand(None);
            vitals.ended(if part == Part::Culprit { Exit::Stuck } else { Exit::Killed });
            vitals.set_error(why);
            if post.spec.restart == Restart::Temporary {
                post.seat.close(TellError::Stopped);
                post.set_state(State::Stopped);
                return Fate::Over;
            }
            let wait = match part {
                Part::Culprit => record.failed(&post.spec, post.seat.clock.elapsed()),
                Part::Neighbour => Some(Duration::ZERO),
            };
            let Some(wait) = wait else {
                post.seat.close(TellError::Failed);
                post.set_state(State::Failed);
                return Fate::GaveUp(begin(None, None));
            };
            let (sender, inlet) = mailbox();
            post.seat.open(sender);
            post.set_state(if part == Part::Culprit { State::Stuck } else { State::Starting });
            Fate::Goes(begin(Some((inlet, wait)), row))
        })
    }
}

impl<B: Behaviour> Entry for Posted<B> {
    fn id(&self) -> &ActorId {
        &self.post.seat.id
    }

    fn kind(&self) -> ActorKind {
        self.post.spec.kind
    }

    fn lane(&self) -> usize {
        self.lane
    }

    fn capacity(&self) -> u32 {
        self.post.seat.mailbox.capacity
    }

    fn snapshot(&self) -> Snapshot {
        self.post.seat.vitals.snapshot()
    }

    fn state(&self) -> State {
        self.post.state()
    }

    fn settled(&self) -> u64 {
        self.post.settled()
    }

    fn restarted(&self) -> u64 {
        self.post.restarted()
    }

    fn order(&self, command: Command) -> bool {
        self.post.order(command)
    }

    fn is_overdue(&self, now: Duration) -> bool {
        self.post.board.overdue(self.post.generation(), now).is_some()
    }

    fn launch(self: Arc<Self>, thread: &ArbiterHandle) -> bool {
        let begin = self.post.supersede(|generation, _| {
            let (sender, inlet) = mailbox();
            self.post.seat.open(sender);
            let mailbox = Some((inlet, Duration::ZERO));
            Begin { generation, mailbox, rebirth: Rebirth::First, row_at_crash: None }
        });
        self.spawn(thread, begin)
    }

    fn rescue(self: Arc<Self>, thread: &ArbiterHandle, why: &str) {
        let part = if self.post.seat.vitals.is_busy() { Part::Culprit } else { Part::Neighbour };
        let fate = self.supersede(part, why);
        if part == Part::Culprit {
            self.post.tell(What::Stuck, why);
        }
        match fate {
            Fate::Goes(begin) => {
                self.spawn(thread, begin);
            }
            Fate::GaveUp(begin) => {
                self.post.tell_gave_up(why);
                self.spawn(thread, begin);
            }
            Fate::Over => {
                self.forget();
                self.post.tell(What::Stopped, why);
            }
        }
    }
}
