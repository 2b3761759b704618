//! The store in one SQLite file: write-ahead log, every commit flushed to the disk.
//!
//! # Layout
//!
//! - `store`: [`SqliteStore`], which turns each outcome of the port into a request; `port`: the port itself
//! - `queue`, `request`, `writer`: the one thread that writes. It commits what is queued whenever it is free, so the more wait,
//!   the fewer flushes each costs; there is no timer
//! - `reader`: the two threads that read
//! - `tx`, `books`, `lanes`: what a request works on, and what the writer remembers so that it need not count or search
//! - `inbox`, `outbox`, `sessions`, `transcript`, `deadletters`, `pairing`, `usage`, `small`: the outcomes
//! - `open`, `schema`, `crash`: opening, migrations, and what an aborted process left in hand
//! - `purge`: retention; `health`: the state as others see it; `faults`: failures on demand
//!
//! # When something fails
//!
//! - The disk takes no write: whoever waits is answered `Unavailable`, nothing was written; what nobody waits for is kept and
//!   goes first with the next commit. [`SqliteStore::probe`] tries while there is no traffic.
//! - One request is not taken by the database: those beside it are committed one by one, and it fails alone.
//! - The writer panics: those in its hand are answered, the queue stays, [`SqliteStore::restart_writer`] starts another.
//! - The file is damaged: it is renamed untouched and opening fails with both names; the next opening makes a fresh one.

mod books;
mod codec;
mod context;
mod crash;
mod deadletters;
mod faults;
mod health;
mod inbox;
mod lanes;
mod media;
mod open;
mod outbox;
mod pairing;
mod port;
mod purge;
mod queue;
mod reader;
mod request;
mod schema;
mod sessions;
mod small;
mod stale;
mod steps;
mod store;
mod transcript;
mod tx;
mod usage;
mod writer;

pub use faults::Faults;
pub use open::{OpenError, Options};
pub use purge::Purged;
pub use stale::{Stale, StaleQuery};
pub use store::SqliteStore;

#[cfg(test)]
mod tests;
