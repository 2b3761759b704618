//! Connections and the numbered migrations.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// Every migration in order; the number of a file is its place here, from 1, and the `user_version` after it.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_base.sql"),
    include_str!("../migrations/0002_control.sql"),
    include_str!("../migrations/0003_queue.sql"),
    include_str!("../migrations/0004_steps.sql"),
    include_str!("../migrations/0005_usage.sql"),
    include_str!("../migrations/0006_summary.sql"),
    include_str!("../migrations/0007_about.sql"),
];

/// The mark of our files, "CBOD".
const APPLICATION_ID: i64 = 0x4342_4f44;

/// How long a connection waits for another program's lock.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// How much of the file the writer keeps in memory, KiB.
const WRITER_CACHE_KIB: i64 = 4_096;

/// How much of the file each reader keeps in memory, KiB.
const READER_CACHE_KIB: i64 = 1_024;

/// After how many pages the log is written back into the file: 32 MiB, so that a burst pays for it seldom, and a start after an
/// abort still reads it in a fraction of a second.
const CHECKPOINT_PAGES: i64 = 8_192;

/// How large the log may stay on the disk after it was written back, bytes.
const LOG_BYTES_MAX: i64 = 64 * 1_024 * 1_024;

/// How many prepared statements a connection keeps: more than there are in the code.
const STATEMENTS_MAX: usize = 128;

/// Why a file's schema is not one to work with.
#[derive(Debug, thiserror::Error)]
pub(super) enum SchemaError {
    /// A later version wrote it.
    #[error("schema version {found} is newer than {known}, the newest that this version knows")]
    Newer {
        /// The file's.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// It is another program's.
    #[error("it is another program's database")]
    Foreign,
    /// The database failed.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
}

/// Opens the writer's connection; the file is there. Until [`trust`] its end leaves file and log as they were found.
pub(super) fn connect_writer(path: &Path, pages_max: Option<u32>) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // A plan that depends on the values bound would be made anew at each use.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.busy_timeout(BUSY_WAIT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    conn.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
    conn.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES_MAX, |_| Ok(()))?;
    if let Some(pages) = pages_max {
        conn.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(conn)
}

/// Lets the connection's end write the log back into the file, which was found whole.
pub(super) fn trust(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map(drop)
}

/// Opens a reader's connection.
pub(super) fn connect_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    // A plan that depends on the values bound would be made anew at each use.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.busy_timeout(BUSY_WAIT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    Ok(conn)
}

/// Brings a file to our schema, each migration in its own transaction.
pub(super) fn migrate(conn: &Connection) -> Result<(), SchemaError> {
    let known = MIGRATIONS.len() as i64;
    let found: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(SchemaError::Foreign);
    }
    if found > known {
        return Err(SchemaError::Newer { found, known });
    }
    let done = usize::try_from(found).unwrap_or(0);
    for (at, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        conn.execute_batch(&format!("BEGIN IMMEDIATE; {migration} PRAGMA user_version = {}; COMMIT;", at + 1))?;
    }
    Ok(())
}

/// Reads the last page of every table's tree and of its indexes: what a torn or overwritten file fails at.
pub(super) fn first_read(conn: &Connection) -> rusqlite::Result<()> {
    for table in ["accounts", "chats", "sessions", "transcript", "inbox", "outbox", "deadletters"] {
        let mut last = conn.prepare(&format!("SELECT * FROM {table} ORDER BY rowid DESC LIMIT 1"))?;
        last.query([])?.next()?;
    }
    Ok(())
}
