//! The bounds of supervision.

use std::time::Duration;

/// How many messages, and how many timers, an actor handles before its neighbours on the thread have their turn.
pub(super) const BURST_CALLS_MAX: u32 = 64;

/// How many bytes of a panic's text are kept as `lastError`.
pub(super) const ERROR_TEXT_BYTES_MAX: usize = 512;

/// How often children's deadlines and threads are looked at.
pub(super) const SWEEP_EVERY: Duration = Duration::from_millis(250);

/// How long a drill that blocks its thread lasts at the most, in multiples of the watchdog's patience.
pub(super) const BLOCK_DRILL_FACTOR: u32 = 3;

/// How many orders wait for one actor; only behind a blocked thread is there ever more than one. One more is refused.
pub(super) const ORDERS_MAX: usize = 32;

/// How many mailboxes in a row a message tries that are closed under its hand; after that the actor counts as stopped.
pub(super) const TELL_TRIES_MAX: u32 = 8;

/// How many turns of its thread an actor waits for its cut child tasks to be dropped; each needs one.
pub(super) const ORPHAN_TURNS_MAX: u32 = 1000;
