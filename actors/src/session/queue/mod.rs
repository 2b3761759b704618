//! Messages that come while a turn runs. The waiting messages are the rows of the inbox: nothing here holds one longer than it
//! takes to decide about it.

mod held;
mod looking;
mod merge;
mod plan;
mod policy;
mod steering;
mod stopping;

pub(super) use looking::Standing;
pub(super) use merge::Writers;
pub(super) use plan::{Waiting, shares_turn};
pub use policy::{QUEUE_CAP_MAX, QUEUE_DEBOUNCE_MAX, QueueDrop, QueueMode, QueuePolicy, QueueRules, QueueWish, QueueWishError};
pub(super) use stopping::Stop;

#[cfg(test)]
mod tests;
