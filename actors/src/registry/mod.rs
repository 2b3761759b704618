//! The registry: who is there, and which message belongs to whom.
//!
//! The [`Board`] is what it knows, apart from the actor, so that a crash of the actor forgets nothing; to everybody else the
//! board is the [`crate::message::Switchboard`].

mod actor;
mod board;
mod casting;
mod fanout;
mod keys;
mod routes;
mod settings;

#[cfg(test)]
mod tests;

pub use actor::{REGISTRY, RegistryActor, RegistryMessage};
pub use board::Board;
pub use casting::{Casting, NoSession, Reconciled};
pub use fanout::{FANOUT, FanoutActor, FanoutMessage};
pub use keys::{
    CLIENT_KEY_BYTES_MAX, KeyError, client_key, escape, main_key, named_key, normalise_agent, openai_key, openai_user_key,
    responses_key, responses_user_key,
};
pub use routes::RouteTable;
pub use settings::{Binding, DmScope, RouteSettings};
