//! The Mochat channel against the stand-in: the real program, as an operator runs it.

mod checks;
mod delay;
mod docs_page;
mod gaps;
mod hot;
mod long_answers;
mod messages;
mod places;
mod rig;
mod sends;
mod setup;
mod setup_by_tool;
mod soak;
mod troubled_ways;
mod ways;
