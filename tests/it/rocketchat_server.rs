//! The stand-in Rocket.Chat server itself: as the real one answers, and as a test has it go wrong.

mod clients;
mod ddp;
mod long_run;
mod peers;
mod requests;
mod troubles;
