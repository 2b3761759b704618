//! The gateway, from its options to its last breath.
//!
//! # Layout
//!
//! - [`run`]: one life after the other in the same process; `life`: the phases of one: open the store, start the actors, serve, drain
//! - `live`: the configuration of the moment, cut for everybody who reads it; `reload`: the next one
//! - `restart`: who asks for the next life; `sentinel`: what one life tells the next
//! - `descriptors`, `listener`, `signals`, `pulse`: how much may be open, the port, what ends a life, what beats while it lasts
//! - `models`, `logging`, `view`: between the terms of configuration and those of providers, logs and HTTP

mod announce;
mod bodies;
mod descriptors;
mod error;
mod life;
mod listener;
mod live;
mod logging;
mod models;
mod places;
mod pulse;
mod reload;
mod restart;
mod run;
mod sentinel;
mod signals;
mod view;

use crate::config::{Config, Environment, Overrides, Paths};

pub use error::AppError;
pub use listener::ListenError;
pub use restart::RestartHandle;
pub use run::run;

/// How much the console shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verbosity {
    /// What `logging.consoleLevel` says.
    #[default]
    Usual,
    /// Every event of the log file.
    Everything,
}

/// What the command line decides.
#[derive(Debug)]
pub struct Options {
    /// The configuration, flags included.
    pub config: Config,
    /// The places.
    pub paths: Paths,
    /// The variables, for loading the configuration again.
    pub env: Environment,
    /// The flags, for loading the configuration again.
    pub overrides: Overrides,
    /// How much the console shows.
    pub verbosity: Verbosity,
}
