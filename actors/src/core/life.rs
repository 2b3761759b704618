//! One chain of incarnations on one thread: what shell, scope and supervised future tell each other.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::task::AbortHandle;
use uuid::Uuid;

use super::error::BuildError;
use super::limits::ORPHAN_TURNS_MAX;

pub(super) struct Life {
    /// Which chain it is, counted over the threads that were given up.
    pub(super) generation: u64,
    pub(super) phase: Cell<Phase>,
    /// The behaviour crashed: none of its own code is to run any more.
    pub(super) crashed: Cell<bool>,
    pub(super) row_at_crash: Cell<Option<Uuid>>,
    /// What building said, until the supervised future has looked.
    pub(super) build_failure: RefCell<Option<BuildFailure>>,
    /// How many futures go in front of the mailbox.
    held: Cell<u32>,
    /// Child tasks that were cut and may not have been dropped yet.
    orphans: RefCell<Vec<AbortHandle>>,
}

/// What the shell is to do when actix restarts its context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Drop the behaviour and build nothing.
    Clear,
    /// Build a behaviour.
    Build,
}

/// Why nothing was built.
pub(super) enum BuildFailure {
    Blocked(BuildError),
    Panicked(String),
}

impl Life {
    pub(super) fn new(generation: u64, row_at_crash: Option<Uuid>) -> Self {
        Self {
            generation,
            phase: Cell::new(Phase::Build),
            crashed: Cell::new(false),
            row_at_crash: Cell::new(row_at_crash),
            build_failure: RefCell::new(None),
            held: Cell::new(0),
            orphans: RefCell::default(),
        }
    }

    /// Tells whether a future goes in front of the mailbox.
    pub(super) fn is_held(&self) -> bool {
        self.held.get() > 0
    }

    /// Records a child task that was just cut.
    pub(super) fn orphan(&self, task: AbortHandle) {
        let mut orphans = self.orphans.borrow_mut();
        orphans.retain(|task| !task.is_finished());
        orphans.push(task);
    }

    /// Waits until the cut child tasks are dropped, their sockets with them: the next incarnation may want the same port. They
    /// live on this thread and need a turn each, so the wait is counted in turns; after the last one it goes on without.
    pub(super) async fn orphans_gone(&self) {
        for _ in 0..ORPHAN_TURNS_MAX {
            self.orphans.borrow_mut().retain(|task| !task.is_finished());
            if self.orphans.borrow().is_empty() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

/// One future that goes in front of the mailbox, for as long as this lives.
pub(super) struct Hold(Rc<Life>);

impl Hold {
    pub(super) fn new(life: &Rc<Life>) -> Self {
        life.held.set(life.held.get() + 1);
        Self(Rc::clone(life))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.held.set(self.0.held.get().saturating_sub(1));
    }
}
