//! Which messages of a connection went by lately: a server tells one over several ways, and again after a break or a change.

use std::collections::{HashSet, VecDeque};

/// How many ids are remembered; the store knows the others.
const IDS_MAX: usize = 8192;

/// The ids of late, the oldest forgotten first.
#[derive(Debug, Default)]
pub(super) struct Seen {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    /// Returns whether an id went by before.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Returns all that went by.
    pub(super) fn ids(&self) -> HashSet<String> {
        self.ids.clone()
    }

    /// Returns whether an id went by before; it has from now on.
    pub(super) fn again(&mut self, id: &str) -> bool {
        if self.ids.contains(id) {
            return true;
        }
        if self.order.len() >= IDS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        self.ids.insert(id.to_owned());
        self.order.push_back(id.to_owned());
        false
    }
}
