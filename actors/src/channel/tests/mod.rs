//! One account's connection: what is lost, doubled or out of order when platform, store or actor fail.
#![allow(clippy::disallowed_methods, reason = "tests wait for other threads in real time")]

mod ack;
mod admission;
mod bench;
mod gap;
mod inbound;
mod intake;
mod late_cursors;
mod links;
mod marks;
mod outbound;
mod outflow;
mod policy;
mod sending;
mod stand_in;
mod talks;
