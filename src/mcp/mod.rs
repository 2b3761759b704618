//! The outside of MCP servers: their processes, and the connections to them.
//!
//! # Layout
//!
//! - [`Dialer`]: connects, by process or by streamable HTTP
//! - `link`: one connection, over the client of the protocol's own library
//! - `process`: a server's process, behind a guard
//! - [`guard`]: the guard itself, a process that ends a server with everything it started when the gateway is gone

mod answer;
mod dialer;
pub mod guard;
mod link;
mod process;

#[cfg(test)]
mod tests;

pub use dialer::Dialer;
