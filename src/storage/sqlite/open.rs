//! How a store is opened, and why it may not be.

use std::path::{Path, PathBuf};

use callboard_actors::core::{Clock, Live};
use callboard_actors::ports::StoreLimits;
use rusqlite::Connection;

use super::books::Books;
use super::crash;
use super::faults::Faults;
use super::health::{Blame, blame};
use super::schema::{self, SchemaError};
use super::tx::{Fault, Tx};
use crate::storage::folder;

/// What every SQLite file begins with.
const HEADER: &[u8] = b"SQLite format 3\0";

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The bounds and retention times, read anew at each commit.
    pub limits: Live<StoreLimits>,
    /// What tells the time.
    pub clock: Clock,
    /// At how many crashes a row in hand becomes a dead letter (`deadletters.crashesMax`).
    pub crashes_max: u32,
    /// Failures on demand.
    #[doc(hidden)]
    pub faults: Faults,
    /// A bound on the file, for tests of a full disk.
    #[doc(hidden)]
    pub pages_max: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Live::fixed(StoreLimits::default()),
            clock: Clock::system(),
            crashes_max: 3,
            faults: Faults::default(),
            pages_max: None,
        }
    }
}

/// Why a store was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is damaged. It was set aside untouched, so the next start makes a fresh one.
    #[error(
        "{} was damaged ({reason}) and is now {}: start again for a fresh store, or put a backup in its place first",
        file.display(), aside.display()
    )]
    Damaged {
        /// Where it was.
        file: PathBuf,
        /// Where it is.
        aside: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A later version has written it.
    #[error("{} has schema version {found} and this version knows {known}: start the version that wrote it, or a later one", file.display())]
    NewerSchema {
        /// The file.
        file: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// It is a database of another program.
    #[error("{} is another program's database: move it, or name another state folder", file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// The file or its folder cannot be made or read.
    #[error("{} cannot be opened: {source}", file.display())]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database failed for a reason that may pass: a full disk, another program's lock.
    #[error("{} cannot be opened: {source}", file.display())]
    Sql {
        /// The file.
        file: PathBuf,
        /// What the database said.
        source: rusqlite::Error,
    },
}

/// Opens the file for writing: makes it when it is not there, sets it aside when it is damaged, brings it to our schema.
pub(super) fn open_file(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let io = |source| OpenError::Io { file: path.to_owned(), source };
    folder::make_private_parent(path).map_err(io)?;
    folder::make_private_file(path).map_err(io)?;
    check_header(path, &options.clock)?;
    prepare(path, options).map_err(|error| explain(path, error, &options.clock))
}

/// Counts a crash against whatever an aborted process left in hand.
pub(super) fn recover(conn: &Connection, path: &Path, options: &Options) -> Result<(), OpenError> {
    let recovered = in_transaction(conn, |conn| {
        let mut books = Books::default();
        let limits = *options.limits.get();
        let mut tx = Tx { conn, books: &mut books, limits, now_ms: options.clock.now_ms() };
        match crash::recover(&mut tx, options.crashes_max) {
            Ok(rows) => Ok(rows),
            Err(Fault::Sql(error)) => Err(error),
            Err(Fault::Refused(error)) => Err(rusqlite::Error::ToSqlConversionFailure(Box::new(error))),
        }
    });
    let rows = recovered.map_err(|error| explain(path, error.into(), &options.clock))?;
    if rows > 0 {
        tracing::warn!(event = "store.recovered", rows, "the last run was aborted with rows in hand; they wait again");
    }
    Ok(())
}

fn in_transaction<T>(conn: &Connection, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    conn.execute_batch("BEGIN IMMEDIATE")?;
    let done = work(conn).and_then(|done| conn.execute_batch("COMMIT").map(|()| done));
    if done.is_err() && !conn.is_autocommit() {
        conn.execute_batch("ROLLBACK")?;
    }
    done
}

fn prepare(path: &Path, options: &Options) -> Result<Connection, SchemaError> {
    let conn = schema::connect_writer(path, options.pages_max)?;
    schema::migrate(&conn)?;
    schema::first_read(&conn)?;
    Ok(conn)
}

/// Looks at the first bytes before SQLite does, which would take any others for an encrypted file.
fn check_header(path: &Path, clock: &Clock) -> Result<(), OpenError> {
    let head = folder::head(path, HEADER.len()).map_err(|source| OpenError::Io { file: path.to_owned(), source })?;
    if head.is_empty() || head == HEADER {
        return Ok(());
    }
    Err(set_aside(path, "its header is not a database's".into(), clock))
}

fn explain(path: &Path, error: SchemaError, clock: &Clock) -> OpenError {
    let file = path.to_owned();
    match error {
        SchemaError::Newer { found, known } => OpenError::NewerSchema { file, found, known },
        SchemaError::Foreign => OpenError::Foreign { file },
        SchemaError::Sql(error) if blame(&error) == Blame::File => set_aside(path, error.to_string(), clock),
        SchemaError::Sql(source) => OpenError::Sql { file, source },
    }
}

/// Renames a damaged file and its log, so that nothing ever writes over them.
fn set_aside(path: &Path, reason: String, clock: &Clock) -> OpenError {
    let file = path.to_owned();
    match folder::set_aside(path, clock.now_ms()) {
        Ok(aside) => OpenError::Damaged { file, aside, reason },
        Err(source) => OpenError::Io { file, source },
    }
}
