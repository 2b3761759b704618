//! One conversation: what is lost, doubled or out of order when anything around it fails.

mod asks;
pub(super) mod bench;
mod commands;
mod compaction;
mod crashes;
mod ends;
mod events;
mod laned;
mod lost;
mod modes;
mod orders;
mod readying;
mod rows;
mod shared;
mod speaking;
mod stops;
mod tools;
mod traits;
