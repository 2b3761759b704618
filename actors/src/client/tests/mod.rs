//! A client's actor and what it stands on, without a socket.

mod actor;
mod backlog;
mod bench;
mod frame;
mod presence;
mod seats;
