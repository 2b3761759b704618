//! The HTTP edge: admin, health, metrics and the chat completions endpoint. It decides no route and holds no state of its own
//! beside counters; everything is asked of what [`Parts`] lends.
//!
//! # Layout
//!
//! - [`serve`]: the server with its limits; `routes`: every path there is
//! - `observe`, `guard`, `auth`: what every request passes: its trace, its counters, host and origin, credentials
//! - [`Upgrades`]: where requests go that want to become a socket
//! - `error`: the one place that turns a failure into a status and a body
//! - `methods`, `cors`: what is answered before that: wrong methods, questions of browsers
//! - `admin`, `health`, `metrics`, `openai`, `tools`: the handlers; `openapi`: their description, from the same types

pub(crate) mod admin;
mod auth;
mod body;
mod cors;
mod counters;
mod doctor;
mod error;
mod fields;
mod gateway;
mod guard;
mod health;
mod methods;
mod metrics;
mod named;
mod observe;
mod openai;
mod openapi;
mod process;
mod query;
mod readiness;
mod routes;
mod serve;
mod settings;
mod tools;
mod upgrades;

#[cfg(test)]
mod tests;

pub use doctor::{Doctor, Look, Reason};
pub use error::{ApiError, ErrorBody, ErrorDetail};
pub use gateway::{Gateway, Parts};
pub use openai::{BodyRules, ByAddress, Kinds};
pub use openapi::document;
pub use readiness::{Phase, Readiness};
pub use serve::serve;
pub use settings::HttpSettings;
pub use upgrades::Upgrades;

pub use crate::outgoing::ChannelsView;
