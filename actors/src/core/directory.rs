//! The list of all actors there are.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::entry::Entry;
use super::error::ControlError;
use super::ids::ActorId;
use super::lanes::Lanes;

pub(super) struct Directory {
    pub(super) lanes: Lanes,
    entries: Mutex<BTreeMap<ActorId, Arc<dyn Entry>>>,
}

impl Directory {
    pub(super) fn new(lanes: Lanes) -> Self {
        Self { lanes, entries: Mutex::default() }
    }

    /// Lists an actor and begins its life on a thread of its lane.
    pub(super) fn launch(&self, entry: Arc<dyn Entry>) -> Result<(), ControlError> {
        self.add(Arc::clone(&entry))?;
        let lane = entry.lane();
        let Some((thread, turn)) = self.lanes.thread(lane) else {
            self.forget(&entry);
            return Err(ControlError::Impossible("there are no threads".into()));
        };
        if !Arc::clone(&entry).launch(&thread) {
            self.forget(&entry);
            return Err(ControlError::Impossible(format!("`{}` cannot start: its thread has ended", entry.id())));
        }
        // The thread may have been given up in this moment, and the actor with it.
        if let Some((thread, now)) = self.lanes.thread(lane)
            && now != turn
        {
            entry.rescue(&thread, "its thread was given up when it was about to start");
        }
        Ok(())
    }

    fn add(&self, entry: Arc<dyn Entry>) -> Result<(), ControlError> {
        match self.entries().entry(entry.id().clone()) {
            btree_map::Entry::Vacant(place) => {
                place.insert(entry);
                Ok(())
            }
            btree_map::Entry::Occupied(place) => {
                Err(ControlError::Impossible(format!("an actor with the id `{}` is there already", place.key())))
            }
        }
    }

    /// Takes this very actor off the list; one that has its id by now stays.
    pub(super) fn forget(&self, entry: &Arc<dyn Entry>) {
        let mut entries = self.entries();
        if entries.get(entry.id()).is_some_and(|listed| Arc::ptr_eq(listed, entry)) {
            entries.remove(entry.id());
        }
    }

    /// Takes every actor off the list.
    pub(super) fn clear(&self) {
        let entries = std::mem::take(&mut *self.entries());
        // Not under the lock: what an actor is made of may know the list.
        drop(entries);
    }

    pub(super) fn find(&self, id: &ActorId) -> Result<Arc<dyn Entry>, ControlError> {
        self.entries().get(id).cloned().ok_or_else(|| ControlError::Unknown(id.to_string()))
    }

    pub(super) fn count(&self) -> usize {
        self.entries().len()
    }

    pub(super) fn all(&self) -> Vec<Arc<dyn Entry>> {
        self.entries().values().cloned().collect()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<ActorId, Arc<dyn Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
