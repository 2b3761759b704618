//! Large messages of control clients: how many bytes of them may be on their way at once, of one client and of all.
//!
//! A client that is let in may send 25 MiB in a message, and there are many clients. So a large frame has its places before its first
//! byte is kept, and keeps them until nobody holds its bytes: while it is put together, while it waits to be looked at, and until the
//! request in it is answered. Who finds none is closed with 1013 and may come again; nobody waits with half a message in hand.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest frame that needs no places, bytes: the bound of the whole in the protocol's first version.
pub(super) const SMALL_BYTES: usize = 512 * 1024;
/// How many bytes of large frames are on their way at once, of all clients.
const LARGE_BYTES_MAX: usize = 128 << 20;
/// How many of one client.
const CLIENT_BYTES_MAX: usize = 52 << 20;
/// What a place stands for, bytes.
const PLACE_BYTES: usize = 1024;

static PLACES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| room_for(LARGE_BYTES_MAX));

fn room_for(bytes: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(bytes / PLACE_BYTES))
}

/// Places of bytes; given back when they are dropped.
#[derive(Debug)]
pub(super) struct Places {
    own: OwnedSemaphorePermit,
    all: OwnedSemaphorePermit,
}

/// Puts places of one client together.
pub(super) fn together(one: Option<Places>, other: Option<Places>) -> Option<Places> {
    match (one, other) {
        (Some(mut one), Some(other)) => {
            one.own.merge(other.own);
            one.all.merge(other.all);
            Some(one)
        }
        (one, other) => one.or(other),
    }
}

/// Returns bytes that hold their places as long as anybody holds them.
pub(super) fn held(bytes: Bytes, places: Option<Places>) -> Bytes {
    struct Held {
        bytes: Bytes,
        _places: Places,
    }
    impl AsRef<[u8]> for Held {
        fn as_ref(&self) -> &[u8] {
            &self.bytes
        }
    }
    match places {
        Some(places) => Bytes::from_owner(Held { bytes, _places: places }),
        None => bytes,
    }
}

/// What one connection has of the places.
#[derive(Clone, Debug)]
pub(super) struct Purse {
    own: Arc<Semaphore>,
    all: Arc<Semaphore>,
    /// The places of large frames whose bytes have not all come, in the order of their heads.
    coming: Rc<RefCell<VecDeque<Places>>>,
}

impl Default for Purse {
    fn default() -> Self {
        Self::of(Arc::clone(&PLACES))
    }
}

impl Purse {
    fn of(all: Arc<Semaphore>) -> Self {
        Self { own: room_for(CLIENT_BYTES_MAX), all, coming: Rc::default() }
    }

    /// Takes places for so many bytes; `None` where there are none.
    pub(super) fn places(&self, bytes: usize) -> Option<Places> {
        let count = u32::try_from(bytes.div_ceil(PLACE_BYTES)).ok()?;
        let own = Arc::clone(&self.own).try_acquire_many_owned(count).ok()?;
        let all = Arc::clone(&self.all).try_acquire_many_owned(count).ok()?;
        Some(Places { own, all })
    }

    /// Takes the places of a frame at its head; says whether it has those that it needs.
    pub(super) fn take(&self, bytes: usize) -> bool {
        if bytes <= SMALL_BYTES {
            return true;
        }
        let places = self.places(bytes);
        let has_some = places.is_some();
        self.coming.borrow_mut().extend(places);
        has_some
    }

    /// Hands over the places of a frame that is here; none for one that needed none.
    pub(super) fn places_of(&self, bytes: usize) -> Option<Places> {
        (bytes > SMALL_BYTES).then(|| self.coming.borrow_mut().pop_front()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGEST: usize = 25 << 20;

    #[test]
    fn a_client_has_its_share_and_gives_it_back() {
        let purse = Purse::of(room_for(LARGE_BYTES_MAX));
        assert!(purse.take(SMALL_BYTES) && purse.places_of(SMALL_BYTES).is_none(), "a small one needs none");
        assert!(purse.take(LARGEST) && purse.take(LARGEST) && !purse.take(LARGEST));
        let first = held(Bytes::from_static(b"{}"), purse.places_of(LARGEST));
        let copy = first.clone();
        drop(first);
        assert!(!purse.take(LARGEST), "somebody holds its bytes");
        drop(copy);
        assert!(purse.take(LARGEST) && !purse.take(LARGEST));
        drop(together(purse.places_of(LARGEST), purse.places_of(LARGEST)));
        assert!(purse.take(LARGEST) && purse.take(LARGEST) && !purse.take(LARGEST));
    }

    #[test]
    fn all_clients_share_what_there_is() {
        let all = room_for(LARGE_BYTES_MAX);
        let purses: Vec<_> = (0..4).map(|_| Purse::of(Arc::clone(&all))).collect();
        let taken = purses.iter().map(|purse| usize::from(purse.take(LARGEST)) + usize::from(purse.take(LARGEST)));
        assert_eq!(taken.sum::<usize>(), LARGE_BYTES_MAX / LARGEST);
        // A connection that is gone leaves nothing behind.
        drop(purses);
        assert_eq!(all.available_permits(), LARGE_BYTES_MAX / PLACE_BYTES);
    }
}
