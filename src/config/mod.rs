//! Configuration: one file, checked whole before anything runs.
//!
//! # Layout
//!
//! - [`paths`], [`env`](mod@env): which files, which variables
//! - `document`, `include`, `substitute`, `coerce`: from text to one tree, remembering the line of every key
//! - [`model`]: the typed keys; `later`: the keys that are known and do nothing yet
//! - [`schema`], `check`, [`reference`]: what the types say as JSON Schema, as a check with lines, as a page for people
//! - `overlay`: what is laid over the file in memory; `layers`: defaults below the file below the environment
//! - [`load`](mod@load): all of it in order; [`slices`]: what each actor gets to see
//! - [`edit`], [`setup`], [`refuse`], [`reload`]: writing back, first run, refusing to start, what a change means
//! - [`desk`]: who reads and writes the file while the gateway runs; `veil`, `secret`, `hidden_url`: what is never shown; `spans`:
//!   where values stand in a text

mod check;
mod coerce;
pub mod desk;
mod document;
pub mod edit;
pub mod env;
mod error;
mod hidden_url;
mod include;
mod keypath;
mod later;
mod layers;
pub mod load;
pub mod model;
mod overlay;
pub mod paths;
pub mod reference;
pub mod refuse;
pub mod reload;
pub mod schema;
mod secret;
pub mod setup;
pub mod slices;
mod spans;
mod stamp;
mod substitute;
mod veil;

#[cfg(test)]
mod tests;

pub(crate) use check::with_underscores;
pub use env::Environment;
pub use error::{ConfigError, Problem};
pub use keypath::{KeyPath, KeyPathError, Segment};
pub use load::{Config, Overrides, load};
pub use overlay::Overlay;
pub use paths::{Instance, Paths};
pub use secret::{REDACTED, redact};
pub use stamp::Stamp;
