//! The Mochat channel against the stand-in: the real program, as an operator runs it.

mod checks;
mod delay;
mod messages;
mod rig;
mod sends;
mod setup;
mod setup_by_tool;
mod soak;
mod ways;
