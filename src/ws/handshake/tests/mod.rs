//! Tests of the decision: every row of the protocol's table of refusals, and what each credential gives.

mod credentials;
mod devices;
mod fuzz;
mod limits;
mod params;
mod protocols;
mod refusals;
mod rig;
