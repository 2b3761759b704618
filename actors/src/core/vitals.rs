//! What can be seen of an actor from outside, exact at every moment and cheap to keep.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use super::clock::Clock;
use super::gauge::{Gauge, Refused};

/// How many classes of message age there are: class `n` holds ages below 2ⁿ microseconds.
pub const AGE_CLASSES: usize = 32;

macro_rules! byte_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "lowercase")]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            const ALL: &[Self] = &[$(Self::$variant),*];

            /// Returns the word used in logs and lists.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

byte_enum! {
    /// Where an actor stands.
    State {
        /// Being built, or its `started` has not returned.
        Starting = "starting",
        /// Handling messages.
        Running = "running",
        /// Crashed, waiting for its next start; its mailbox fills.
        Backoff = "backoff",
        /// Its settings do not allow it to be built.
        Blocked = "blocked",
        /// A child or its thread hangs; about to be restarted.
        Stuck = "stuck",
        /// Stopped by hand, or over.
        Stopped = "stopped",
        /// Given up after too many failures.
        Failed = "failed",
    }
}

byte_enum! {
    /// How an incarnation ended.
    Exit {
        /// By itself or by hand.
        Stopped = "stopped",
        /// Its settings could not be used.
        Failed = "failed",
        /// By a panic.
        Panicked = "panicked",
        /// By a missed deadline or a blocked thread.
        Stuck = "stuck",
        /// With its thread or the process.
        Killed = "killed",
    }
}

/// An actor's counters. At most 256 bytes, so that ten thousand idle actors stay small.
#[derive(Debug)]
pub struct Vitals {
    since_ms: AtomicI64,
    handled: AtomicU64,
    rejected: AtomicU64,
    busy_us: AtomicU64,
    row_in_hand: [AtomicU64; 2],
    /// How many messages wait in the newest mailbox.
    pub(super) depth: Gauge,
    high_water: AtomicU32,
    restarts: AtomicU32,
    state: AtomicU8,
    in_code: AtomicBool,
    /// 0 is "never ended", else an [`Exit`] and one.
    last_exit: AtomicU8,
    last_error: Mutex<Option<Box<str>>>,
    ages: [AtomicU32; AGE_CLASSES],
}

impl Default for Vitals {
    fn default() -> Self {
        Self {
            since_ms: AtomicI64::new(0),
            handled: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            busy_us: AtomicU64::new(0),
            row_in_hand: [const { AtomicU64::new(0) }; 2],
            depth: Gauge::default(),
            high_water: AtomicU32::new(0),
            restarts: AtomicU32::new(0),
            state: AtomicU8::new(State::Starting as u8),
            in_code: AtomicBool::new(false),
            last_exit: AtomicU8::new(0),
            last_error: Mutex::new(None),
            ages: [const { AtomicU32::new(0) }; AGE_CLASSES],
        }
    }
}

impl Vitals {
    /// Returns where the actor stands.
    #[must_use]
    pub fn state(&self) -> State {
        State::ALL.get(usize::from(self.state.load(Relaxed))).copied().unwrap_or(State::Failed)
    }

    /// Returns how the last incarnation ended, `None` for the first.
    #[must_use]
    pub fn last_exit(&self) -> Option<Exit> {
        Exit::ALL.get(usize::from(self.last_exit.load(Relaxed)).checked_sub(1)?).copied()
    }

    /// Returns how often the actor was rebuilt since the process started.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        self.restarts.load(Relaxed)
    }

    /// Returns how many messages wait.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.depth.count()
    }

    pub(super) fn set_state(&self, state: State) {
        self.state.store(state as u8, Relaxed);
    }

    /// Begins an incarnation.
    pub(super) fn born(&self, now_ms: i64, rebirth: Rebirth) {
        self.since_ms.store(now_ms, Relaxed);
        if rebirth == Rebirth::Again {
            self.restarts.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn ended(&self, exit: Exit) {
        self.last_exit.store(exit as u8 + 1, Relaxed);
    }

    pub(super) fn set_error(&self, text: &str) {
        let mut end = text.len().min(super::limits::ERROR_TEXT_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let kept = text.get(..end).unwrap_or_default();
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept.into());
    }

    pub(super) fn set_row_in_hand(&self, row: Option<Uuid>) {
        let (high, low) = row.unwrap_or(Uuid::nil()).as_u64_pair();
        let [first, second] = &self.row_in_hand;
        first.store(high, Relaxed);
        second.store(low, Relaxed);
    }

    pub(super) fn row_in_hand(&self) -> Option<Uuid> {
        let [first, second] = &self.row_in_hand;
        let row = Uuid::from_u64_pair(first.load(Relaxed), second.load(Relaxed));
        (!row.is_nil()).then_some(row)
    }

    /// Marks the actor's own code as running until the guard is dropped; the time counts as busy.
    pub(super) fn busy<'a>(&'a self, clock: &'a Clock) -> Busy<'a> {
        self.in_code.store(true, Relaxed);
        Busy { vitals: self, clock, began: clock.elapsed() }
    }

    /// Tells whether the actor's own code has its thread at this moment.
    pub(super) fn is_busy(&self) -> bool {
        self.in_code.load(Relaxed)
    }

    /// Takes a place in a mailbox when fewer than `capacity` are taken.
    pub(super) fn enter(&self, mailbox: u32, capacity: u32) -> Result<(), Refused> {
        let depth = self.depth.take(mailbox, capacity)?;
        self.high_water.fetch_max(depth, Relaxed);
        Ok(())
    }

    pub(super) fn count_rejected(&self) {
        self.rejected.fetch_add(1, Relaxed);
    }

    pub(super) fn count_handled(&self, age: Duration) {
        self.handled.fetch_add(1, Relaxed);
        let micros = u64::try_from(age.as_micros()).unwrap_or(u64::MAX);
        let class = usize::try_from(u64::BITS - micros.leading_zeros()).unwrap_or(AGE_CLASSES).min(AGE_CLASSES - 1);
        if let Some(class) = self.ages.get(class) {
            class.fetch_add(1, Relaxed);
        }
    }

    /// Returns the counters of this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            state: self.state(),
            since_ms: self.since_ms.load(Relaxed),
            restarts: self.restarts(),
            last_exit: self.last_exit(),
            last_error: self.last_error.lock().unwrap_or_else(PoisonError::into_inner).as_deref().map(str::to_owned),
            row_in_hand: self.row_in_hand(),
            busy: Duration::from_micros(self.busy_us.load(Relaxed)),
            depth: self.depth(),
            high_water: self.high_water.load(Relaxed),
            handled: self.handled.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
            ages: Ages(std::array::from_fn(|class| self.ages.get(class).map_or(0, |count| count.load(Relaxed)))),
        }
    }
}

/// The actor's own code has the thread.
pub(super) struct Busy<'a> {
    vitals: &'a Vitals,
    clock: &'a Clock,
    began: Duration,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let time = self.clock.elapsed().saturating_sub(self.began);
        self.vitals.busy_us.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Relaxed);
        self.vitals.in_code.store(false, Relaxed);
    }
}

/// Whether an incarnation is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rebirth {
    First,
    Again,
}

/// The counters of one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Where the actor stands.
    pub state: State,
    /// Start of this incarnation, milliseconds since 1970.
    pub since_ms: i64,
    /// Rebuilds since the process started, those by hand included.
    pub restarts: u32,
    /// How the last incarnation ended.
    pub last_exit: Option<Exit>,
    /// What the last failure said, at most 512 bytes.
    pub last_error: Option<String>,
    /// The row that the actor works on.
    pub row_in_hand: Option<Uuid>,
    /// Time spent in the actor's own code.
    pub busy: Duration,
    /// How many messages wait.
    pub depth: u32,
    /// The most that ever waited.
    pub high_water: u32,
    /// How many were handled.
    pub handled: u64,
    /// How many found no room, or were dropped to make some.
    pub rejected: u64,
    /// How long the handled ones had waited.
    pub ages: Ages,
}

/// How long handled messages had waited, counted in classes that double.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ages([u32; AGE_CLASSES]);

impl Ages {
    /// Returns the counts that came after an earlier look.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut counts = self.0;
        for (now, before) in counts.iter_mut().zip(earlier.0) {
            *now = now.wrapping_sub(before);
        }
        Self(counts)
    }

    /// Returns the age, in milliseconds, that the given share of messages did not exceed: the upper edge of its class.
    #[must_use]
    pub fn percentile_ms(&self, share: f64) -> f64 {
        let total: u64 = self.0.iter().map(|&count| u64::from(count)).sum();
        if total == 0 {
            return 0.0;
        }
        let wanted = share * total as f64;
        let mut seen = 0.0;
        for (class, &count) in self.0.iter().enumerate() {
            seen += f64::from(count);
            if seen >= wanted && count > 0 {
                return (1_u64 << class) as f64 / 1000.0;
            }
        }
        (1_u64 << (AGE_CLASSES - 1)) as f64 / 1000.0
    }
}
