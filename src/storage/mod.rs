//! What outlives the process: the store behind the actors' port, and the hold on the folder it stands in.
//!
//! # Layout
//!
//! - [`sqlite`]: the port's embedded implementation, one file
//! - `migrations/`: its schema, numbered
//! - `guardian`: the actor that keeps the store well; `late`: a store that may not be open yet
//! - [`lock`]: keeps two gateways off one state folder
//! - [`folder`]: files and folders that only their owner may read

pub mod folder;
mod guardian;
mod late;
pub mod lock;
pub mod sqlite;

pub use folder::make_private_folder;
pub use guardian::{STORE, StoreGuardian};
pub use late::LateStore;
pub use lock::{LockError, StateLock};
pub use sqlite::{OpenError, Options, Purged, SqliteStore, Stale, StaleQuery};

/// The store's file in the state folder.
pub const STORE_FILE: &str = "callboard.db";
