//! Servers of the Model Context Protocol: each a supervised actor that keeps a connection and lends the server's tools to the toolbox.
//!
//! # Layout
//!
//! - [`McpActor`]: one server's life: connect, lend, watch, connect anew after a growing wait
//! - [`McpFleet`]: which of them there are, by the configuration of the moment
//! - [`McpDesk`]: what others see of them, and the way of a call to its server
//! - `lent`: a server's tool as a tool of ours, its name and its bounds

mod actor;
mod desk;
mod fleet;
mod lent;
mod settings;

#[cfg(test)]
mod tests;

pub use actor::McpActor;
pub use desk::{McpDesk, McpState, McpStatus};
pub use fleet::{McpFleet, McpFleetParts};
pub use lent::{DESCRIPTION_CHARS_MAX, SCHEMA_BYTES_MAX, TOOLS_MAX};
pub use settings::McpSettings;
