//! The Rocket.Chat channel against a server of ours: the real program, as an operator runs it.

mod acts;
mod faults;
mod hostile;
mod links;
mod media;
mod messages;
mod outage;
mod policies;
mod rig;
mod soak;
mod streaming;
