//! The control plane over its socket, as clients meet it.

mod cli;
mod devices;
mod fuzz;
mod groups;
mod hello;
mod resilience;
mod socket;
mod turns;
