//! Every promise of supervision, broken on purpose.

#![allow(clippy::disallowed_methods, reason = "these tests are about real threads and real waits")]

mod bounds;
mod control;
mod guards;
mod hangs;
mod intensity;
mod panics;
mod probe;
mod rebuild;
mod stage;
mod threads;
mod units;
mod wakes;
