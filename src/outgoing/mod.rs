//! Messages that no turn wrote: sent by an operator, a script or a tool, durable like every other.
//!
//! # Layout
//!
//! - [`Outgoing`]: from a message to its rows, and the wait for the platform's word; `changing`: the same for a [`Change`] of a message
//!   that is there
//! - [`ChannelsView`]: the configured accounts and their links
//! - [`SendError`]: why a message was not taken

mod accounts;
mod change;
mod changing;
mod error;
mod message;
mod sending;

pub use accounts::{ChannelsView, find};
pub use change::{At, Change, Reach, What, Which};
pub use error::{Field, SendError};
pub(crate) use message::is_web_address;
pub use message::{IDEMPOTENCY_KEY_BYTES_MAX, Message};
pub use sending::{Outgoing, SendState, Sent};
