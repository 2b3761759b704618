//! The log: JSON lines in a file a day, a human form on the console, and the mailbox events.
//!
//! # Layout
//!
//! - [`install`]: puts the log in place for the whole process; [`Logs`] is its handle
//! - `layer`, `record`: from an event and the spans around it to one record
//! - `line`: the two forms of a record; `redact`: what never stands in either
//! - `queue`: the bounded way to the threads that write; `file`, `console`: what they write to
//! - [`tail`]: the end of the newest file, for who follows it from afar
//! - [`mailbox`]: what actors' mailboxes did
//!
//! Whoever logs never waits: a line that finds the queue full is dropped, and how many were is written as `log.dropped`.

mod console;
mod error;
mod file;
mod handle;
mod layer;
mod levels;
mod line;
pub mod mailbox;
mod queue;
mod record;
mod redact;
mod settings;
pub mod tail;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use handle::build;

pub use error::LogError;
pub use handle::{Logs, install};
pub use redact::hide_what_looks_secret;
pub use settings::{ConsoleStyle, LogSettings, Mirror};
