//! The HTTP edge: admin, health, metrics and the chat completions endpoint. It decides no route and holds no state of its own
//! beside counters; everything is asked of what [`Parts`] lends.
//!
//! # Layout
//!
//! - [`serve`]: the server with its limits; `routes`: every path there is
//! - `observe`, `guard`: what every request passes: its trace, its counters, host and origin, credentials
//! - `error`: the one place that turns a failure into a status and a body
//! - `admin`, `health`, `metrics`, `openai`: the handlers; `openapi`: their description, from the same types

mod accounts;
mod admin;
mod auth;
mod body;
mod counters;
mod error;
mod fields;
mod gateway;
mod guard;
mod health;
mod limiter;
mod metrics;
mod observe;
mod openai;
mod openapi;
mod origin;
mod process;
mod query;
mod readiness;
mod routes;
mod serve;
mod settings;

#[cfg(test)]
mod tests;

pub use accounts::ChannelsView;
pub use error::{ApiError, ErrorBody, ErrorDetail};
pub use gateway::{Gateway, Parts};
pub use openapi::document;
pub use readiness::{Phase, Readiness};
pub use serve::serve;
pub use settings::{Auth, Exposure, HttpSettings};
