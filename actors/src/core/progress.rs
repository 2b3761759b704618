//! How a child task shows that it is alive, also behind an empty mailbox.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::clock::Clock;

const NO_DEADLINE: u64 = u64::MAX;

struct Cell {
    name: &'static str,
    /// The chain of incarnations the child belongs to.
    generation: u64,
    patience_ms: u64,
    /// When the task must have stamped again, milliseconds on the clock.
    due_ms: AtomicU64,
    over: AtomicBool,
}

/// A child task's deadline. It stamps at each frame, ping or token; once it misses, its actor is `stuck` and is restarted.
#[derive(Clone)]
pub struct Progress {
    cell: Arc<Cell>,
    clock: Clock,
}

impl Progress {
    /// Returns a deadline that nobody watches, for a task that runs outside an actor.
    #[must_use]
    pub fn unwatched(clock: &Clock) -> Self {
        Board::default().register(0, "unwatched", Duration::from_secs(u32::MAX.into()), clock)
    }

    /// Says that the task is alive: it has its full patience again.
    pub fn stamp(&self) {
        let due = millis(self.clock.elapsed()).saturating_add(self.cell.patience_ms);
        self.cell.due_ms.store(due, Ordering::Relaxed);
    }

    /// Says that the task waits for something that may rightly take for ever; the next stamp ends the pause.
    pub fn pause(&self) {
        self.cell.due_ms.store(NO_DEADLINE, Ordering::Relaxed);
    }

    /// Returns what keeps the deadline watched.
    pub(super) fn registration(&self) -> Registration {
        Registration(Arc::clone(&self.cell))
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Progress({})", self.cell.name)
    }
}

/// Ends the watch over a child with its drop, whoever still has its [`Progress`].
pub(super) struct Registration(Arc<Cell>);

impl Drop for Registration {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

/// The deadlines of one actor's children. A child that ended is forgotten with its last handle.
#[derive(Default)]
pub(super) struct Board(Mutex<Vec<Weak<Cell>>>);

impl Board {
    /// Registers a child with a first deadline from now on.
    pub(super) fn register(&self, generation: u64, name: &'static str, patience: Duration, clock: &Clock) -> Progress {
        let cell = Arc::new(Cell {
            name,
            generation,
            patience_ms: millis(patience),
            due_ms: AtomicU64::new(NO_DEADLINE),
            over: AtomicBool::new(false),
        });
        let mut cells = self.lock();
        cells.retain(|cell| cell.strong_count() > 0);
        cells.push(Arc::downgrade(&cell));
        let progress = Progress { cell, clock: clock.clone() };
        progress.stamp();
        progress
    }

    /// Returns the name of a child of that chain of incarnations that has missed its deadline.
    pub(super) fn overdue(&self, generation: u64, now: Duration) -> Option<&'static str> {
        let now = millis(now);
        let late = |cell: &Arc<Cell>| {
            cell.generation == generation && !cell.over.load(Ordering::Relaxed) && cell.due_ms.load(Ordering::Relaxed) < now
        };
        self.lock().iter().filter_map(Weak::upgrade).find(late).map(|cell| cell.name)
    }

    /// Forgets the children of a chain of incarnations, and of those before it.
    pub(super) fn clear(&self, generation: u64) {
        let mut cells = self.lock();
        cells.retain(|cell| cell.upgrade().is_some_and(|cell| cell.generation > generation));
        cells.shrink_to_fit();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Cell>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
