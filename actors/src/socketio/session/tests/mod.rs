//! The parts of a session that need no server, and sessions on a server that a test plays by hand.

mod attempts;
mod played;
mod polled;
mod queue;
mod steps;
