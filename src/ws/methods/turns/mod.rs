//! What the methods have in common that order turns: which session is meant, the order's row, its end.

mod ending;
mod naming;
mod order;
mod stopping;

pub(super) use ending::{ended, failed, refused, remembered};
pub(super) use naming::{Named, agent_named, own_session, session_named};
pub(super) use order::{Ordered, Wishes, is_known, order, recall};
pub(super) use stopping::{quiet, stop};
