//! The deciding half of Callboard.
//!
//! Every channel connection, agent session and control client is an actix actor that a supervisor restarts when it crashes; a
//! registry actor routes between them. Nothing here touches a file, a database, an environment variable or a listening
//! socket: what the actors need of the outside is lent to them through [`ports`].
//!
//! # Layout
//!
//! - [`message`]: the vocabulary between actors, plain data
//! - [`ports`]: what the outside lends
//! - [`core`]: supervision over actix; the only place that knows actix's contexts and addresses
//! - [`socketio`]: a client of Socket.IO, for channels
//! - [`registry`], [`session`], [`channel`], [`client`], [`agent`], [`mcp`]: the actors; siblings that never name each other's types
//! - [`troupe`]: who makes whom; the only place that knows all of them
//!
//! The direction of dependency is `message` ← `ports`, `core` ← the actors.

pub mod agent;
pub mod channel;
pub mod client;
pub mod core;
pub mod mcp;
pub mod message;
pub mod ports;
pub mod registry;
pub mod session;
pub mod socketio;
pub mod troupe;

#[cfg(test)]
mod doubles;
