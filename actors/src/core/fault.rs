//! Failures made on purpose, for drills.

use std::time::Duration;

/// A failure to make inside an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its handler panics.
    Panic,
    /// It waits for something that never comes, and misses a deadline of this length.
    Hang(Duration),
    /// It blocks its thread for this long.
    Block(Duration),
    /// It ends by itself.
    Stop,
}

impl actix::Message for Fault {
    type Result = ();
}
