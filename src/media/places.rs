//! Who takes files in at the same time: so many for one person, so many for one account, so many in all.
//!
//! A place is held until the last byte is here, so that a slow sender keeps his own places and nobody else's. Whoever finds none waits,
//! in order of arrival; how long is for whoever asks to say.

use std::sync::Arc;

use callboard_actors::core::Shares;
use callboard_actors::message::AccountKey;
use callboard_actors::ports::Patron;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many files of one person are taken in at a time.
const PEER_MAX: usize = 2;
/// How many files of one account.
const ACCOUNT_MAX: usize = 8;
/// How many files of all accounts.
const ACCOUNTS_MAX: usize = 32;
/// How many files of the gateway itself, its agents and its control clients; theirs are places of their own.
const HOUSE_MAX: usize = 16;
/// How many files of requests over HTTP.
const REQUESTS_MAX: usize = 16;

/// The places.
pub(super) struct Places {
    house: Arc<Semaphore>,
    requests: Arc<Semaphore>,
    accounts: Arc<Semaphore>,
    by_account: Shares<AccountKey>,
    by_peer: Shares<Patron>,
}

/// A place; given back when it is dropped.
pub(super) struct Place {
    _held: Vec<OwnedSemaphorePermit>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            house: Arc::new(Semaphore::new(HOUSE_MAX)),
            requests: Arc::new(Semaphore::new(REQUESTS_MAX)),
            accounts: Arc::new(Semaphore::new(ACCOUNTS_MAX)),
            by_account: Shares::new(ACCOUNT_MAX),
            by_peer: Shares::new(PEER_MAX),
        }
    }
}

impl Places {
    /// Waits for a place: the narrowest share first, so that whoever waits for his own holds none of the others'.
    pub(super) async fn take(&self, patron: &Patron) -> Place {
        let shares = match patron {
            Patron::House => vec![Arc::clone(&self.house)],
            Patron::Request => vec![Arc::clone(&self.requests)],
            Patron::Peer { account, .. } => {
                vec![self.by_peer.of(patron), self.by_account.of(account), Arc::clone(&self.accounts)]
            }
        };
        let mut held = Vec::with_capacity(shares.len());
        for share in shares {
            // None of them is ever closed.
            held.extend(share.acquire_owned().await.ok());
        }
        Place { _held: held }
    }
}
