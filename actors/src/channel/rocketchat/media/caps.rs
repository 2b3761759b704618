//! How large files may be: the account's word, and that of single rooms.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The largest files of one account, bytes. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::channel::rocketchat) struct Caps {
    usual: u64,
    rooms: Arc<BTreeMap<String, u64>>,
}

impl Caps {
    /// Returns the bounds of an account, and those of rooms by id.
    pub(in crate::channel::rocketchat) fn new(usual: u64, rooms: BTreeMap<String, u64>) -> Self {
        Self { usual, rooms: Arc::new(rooms) }
    }

    /// Returns the largest file of a room; of one that is not known, the account's.
    pub(in crate::channel::rocketchat) fn of(&self, room: Option<&str>) -> u64 {
        room.and_then(|room| self.rooms.get(room)).copied().unwrap_or(self.usual)
    }
}
