//! What the parts do, each by itself.

mod accounts;
mod catch_up;
mod frame;
mod mention;
mod message;
mod normalise;
mod rooms;
mod send;
mod target;
mod wire;
