//! What operators see and do.

pub(super) mod actors;
pub(super) mod channels;
pub(super) mod deadletters;
pub(super) mod messages;
pub(super) mod order;
pub(super) mod pairing;
