//! The plain thread that notices what no actor can notice itself: a child that hangs, a thread that is blocked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use super::clock::Clock;
use super::directory::Directory;
use super::lanes::Replaced;
use super::limits::SWEEP_EVERY;
use super::post::Command;

pub(super) struct Watchdog {
    rounds: Arc<Rounds>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Rounds {
    directory: Arc<Directory>,
    clock: Clock,
    stuck_after: Duration,
    over: AtomicBool,
}

impl Watchdog {
    /// Starts the thread. Where time is moved by hand, the rounds are made by hand too.
    pub(super) fn start(directory: Arc<Directory>, clock: Clock, stuck_after: Duration) -> Self {
        let by_hand = clock.is_manual();
        let rounds = Arc::new(Rounds { directory, clock, stuck_after, over: AtomicBool::new(false) });
        let thread = if by_hand { None } else { walker(Arc::clone(&rounds)) };
        Self { rounds, thread: Mutex::new(thread) }
    }

    /// Makes one round now.
    pub(super) fn sweep(&self) {
        self.rounds.sweep();
    }

    /// Ends the thread and waits for it.
    pub(super) fn stop(&self) {
        self.rounds.over.store(true, Ordering::Release);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            Thread::unpark(thread.thread());
            let _ = thread.join();
        }
    }
}

fn walker(rounds: Arc<Rounds>) -> Option<JoinHandle<()>> {
    match std::thread::Builder::new().name("watchdog".into()).spawn(move || rounds.walk()) {
        Ok(thread) => Some(thread),
        Err(error) => {
            tracing::error!(event = "watchdog", "no thread for the watchdog: {error}");
            None
        }
    }
}

impl Rounds {
    fn walk(&self) {
        while !self.over.load(Ordering::Acquire) {
            self.sweep();
            std::thread::park_timeout(SWEEP_EVERY);
        }
    }

    fn sweep(&self) {
        let now = self.clock.elapsed();
        for entry in self.directory.all() {
            if entry.is_overdue(now) {
                entry.order(Command::Cut);
            }
        }
        for lane in self.directory.lanes.beat(now, self.stuck_after) {
            self.give_up(lane);
        }
    }

    /// Takes all actors of a blocked thread to another one. The thread itself is left to whatever blocks it.
    fn give_up(&self, lane: usize) {
        let Some(Replaced { blocked, fresh }) = self.directory.lanes.replace(lane) else { return };
        let why = format!("its thread was blocked for more than {} s and was given up", self.stuck_after.as_secs_f64());
        tracing::error!(event = "watchdog", lane, "a thread was blocked and was given up");
        for entry in self.directory.all() {
            if entry.lane() == lane {
                entry.rescue(&fresh, &why);
            }
        }
        // Only now, that nothing on it is anybody's any more: it ends as soon as it is free again, with all it holds.
        blocked.stop();
    }
}
