//! Tests of the log.

mod file;
mod format;
mod mailbox;
mod queue;
mod redact;
mod tail;
