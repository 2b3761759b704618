//! Places that are shared out by owner, so that one who takes many holds nobody else up.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Semaphore;

/// Shares by their owner. One that nobody holds or waits for is forgotten at the next look.
#[derive(Debug)]
pub struct Shares<K> {
    places: usize,
    known: Mutex<HashMap<K, Weak<Semaphore>>>,
}

impl<K: Clone + Eq + Hash> Shares<K> {
    /// Returns shares of so many places each.
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self { places, known: Mutex::default() }
    }

    /// Returns an owner's share. It is never closed.
    #[must_use]
    pub fn of(&self, owner: &K) -> Arc<Semaphore> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = known.get(owner).and_then(Weak::upgrade) {
            return share;
        }
        known.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(self.places));
        known.insert(owner.clone(), Arc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_owner_has_a_share_of_its_own_until_nobody_holds_it() {
        let shares = Shares::new(1);
        let held = shares.of(&"ann").try_acquire_owned().unwrap();
        assert!(shares.of(&"ann").try_acquire_owned().is_err());
        drop(shares.of(&"bob").try_acquire_owned().unwrap());
        drop(held);
        let _kept = shares.of(&"cat");
        assert_eq!(shares.known.lock().unwrap().len(), 1, "only what is held is known");
        drop(shares.of(&"ann").try_acquire_owned().unwrap());
    }
}
