//! What an account keeps on the disk of where it stopped reading.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::message::{AccountKey, ChatRef, OutboxId};
use crate::ports::{Store, StoreError};

/// One account's cursors, by names of its own. Cheap to clone.
#[derive(Clone)]
pub struct Cursors {
    store: Arc<dyn Store>,
    account: AccountKey,
    prefix: Arc<str>,
}

impl Cursors {
    /// Returns the cursors of an account.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, account: &AccountKey) -> Self {
        Self { store, account: account.clone(), prefix: format!("{account}:").into() }
    }

    /// Returns what a cursor says, `None` for one that was never written.
    ///
    /// # Errors
    /// The store cannot be read.
    #[must_use]
    pub fn read(&self, name: &str) -> BoxFuture<'static, Result<Option<String>, StoreError>> {
        self.store.cursor(format!("{}{name}", self.prefix))
    }

    /// Returns the row that the platform confirmed under an id of its own; for platforms where a message of unknown fate has to be told
    /// from others like it.
    ///
    /// # Errors
    /// The store cannot be read.
    #[must_use]
    pub fn sent_as(&self, platform_id: &str) -> BoxFuture<'static, Result<Option<OutboxId>, StoreError>> {
        self.store.sent_as(self.account.clone(), platform_id.to_owned())
    }

    /// Returns whether a row waits for a chat of the account, or is on its way there.
    ///
    /// # Errors
    /// The store cannot be read.
    #[must_use]
    pub fn owes(&self, chat: &ChatRef) -> BoxFuture<'static, Result<bool, StoreError>> {
        self.store.owes(self.account.clone(), chat.clone())
    }

    /// Writes a cursor; done when it is on the disk.
    ///
    /// # Errors
    /// The store cannot be written.
    #[must_use]
    pub fn write(&self, name: &str, value: String) -> BoxFuture<'static, Result<(), StoreError>> {
        self.store.set_cursor(format!("{}{name}", self.prefix), value)
    }
}

impl fmt::Debug for Cursors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursors({})", self.prefix)
    }
}
