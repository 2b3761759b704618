//! Anthropic's `/v1/messages`.

mod event;
mod request;

pub(super) use event::Assembly;
pub(super) use request::body;

/// The version of the protocol that is spoken.
pub(super) const VERSION: &str = "2023-06-01";

#[cfg(test)]
mod tests;
