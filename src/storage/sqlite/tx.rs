//! What a request works on: one transaction of the writer.

use callboard_actors::ports::{StoreError, StoreLimits};
use rusqlite::{CachedStatement, Connection};

use super::books::Books;

/// A row that waits.
pub(super) const WAITING: i64 = 0;
/// A row in hand.
pub(super) const BEGUN: i64 = 1;
/// A row that is answered or confirmed.
pub(super) const DONE: i64 = 2;
/// A row that stands in the dead letters.
pub(super) const DEAD: i64 = 3;
/// A row that stood in the dead letters and was given up for good.
pub(super) const DISCARDED: i64 = 4;

/// The lease's epoch that every row carries; one node never has another.
pub(super) const EPOCH: i64 = 1;

/// The writer's open transaction.
pub(super) struct Tx<'a> {
    /// The writer's own connection.
    pub conn: &'a Connection,
    /// The writer's memory.
    pub books: &'a mut Books,
    /// The bounds of this moment.
    pub limits: StoreLimits,
    /// When the transaction began, milliseconds since 1970.
    pub now_ms: i64,
}

impl<'a> Tx<'a> {
    /// Prepares a statement, once for the life of the connection.
    pub(super) fn sql(&self, sql: &str) -> rusqlite::Result<CachedStatement<'a>> {
        self.conn.prepare_cached(sql)
    }
}

/// Why a request was not done.
#[derive(Debug)]
pub(super) enum Fault {
    /// It was refused before it wrote anything, so those beside it in the transaction are unhurt.
    Refused(StoreError),
    /// The database failed: the transaction is over.
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

/// What a request came to.
pub(super) type Outcome<T> = Result<T, Fault>;

/// Refuses with the name of what is not there.
pub(super) fn missing<T>(what: impl Into<String>) -> Outcome<T> {
    Err(Fault::Refused(StoreError::Missing { what: what.into() }))
}
