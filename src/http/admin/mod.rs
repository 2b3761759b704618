//! What operators see and do. What the control plane offers under other names is here too, over plain parts.

pub(crate) mod actors;
pub(super) mod channels;
pub(crate) mod deadletters;
pub(super) mod messages;
pub(super) mod models;
pub(crate) mod order;
pub(crate) mod pairing;
