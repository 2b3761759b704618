//! Which upload belongs to which row, on the disk: the server has no id of ours for a message with a file, so the row's file is what
//! tells whether the message is there. It is written down before the message is asked for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::channel::Cursors;
use crate::message::OutboxId;
use crate::ports::StoreError;

/// The cursor that holds them, JSON.
const UPLOADS: &str = "uploads";
/// How many are remembered, the newest rows' of them: far more than are tried again at a time.
const UPLOADS_MAX: usize = 256;

/// What was begun for a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Begun {
    /// A file is on the server, and its message may be.
    File(String),
    /// A file of this name was sent with its message in one call, as old servers have it.
    AtOnce(String),
}

/// The uploads of one account during a link's life.
pub(in crate::channel::rocketchat) struct Uploads {
    cursors: Cursors,
    begun: Mutex<BTreeMap<String, Begun>>,
}

impl Uploads {
    /// Reads what was written down.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(in crate::channel::rocketchat) async fn read(cursors: Cursors) -> Result<Self, StoreError> {
        let kept = cursors.read(UPLOADS).await?;
        let begun = kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Ok(Self { cursors, begun: Mutex::new(begun) })
    }

    /// Returns what was begun for a row.
    pub(super) async fn of(&self, row: OutboxId) -> Option<Begun> {
        self.begun.lock().await.get(&row.to_string()).cloned()
    }

    /// Returns whether another row is known to be a message.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) async fn is_of_other(&self, message: &str, row: OutboxId) -> Result<bool, StoreError> {
        Ok(self.cursors.sent_as(message).await?.is_some_and(|known| known != row))
    }

    /// Writes down what was begun for a row; on the disk when this returns.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(super) async fn note(&self, row: OutboxId, what: Begun) -> Result<(), StoreError> {
        let mut begun = self.begun.lock().await;
        begun.insert(row.to_string(), what);
        while begun.len() > UPLOADS_MAX {
            // Ids of rows are in the order of their making.
            begun.pop_first();
        }
        self.cursors.write(UPLOADS, serde_json::to_string(&*begun).unwrap_or_default()).await
    }

    /// Forgets a row whose message is there; written down with the next one.
    pub(super) async fn forget(&self, row: OutboxId) {
        self.begun.lock().await.remove(&row.to_string());
    }
}
