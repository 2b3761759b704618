mod crash;
mod damage;
mod measure;
mod migrate;
mod model;
mod panic;
mod purge;
mod reopen;
mod sessions;
mod stale;
mod trouble;

use std::path::Path;
use std::sync::Arc;

use callboard_actors::core::{Clock, Live};
use callboard_actors::ports::conformance::{self, START_MS};
use callboard_actors::ports::{Store, StoreLimits};

use super::*;

fn options(limits: StoreLimits, clock: &Clock) -> Options {
    Options { limits: Live::fixed(limits), clock: clock.clone(), ..Options::default() }
}

fn still() -> Options {
    options(StoreLimits::default(), &Clock::manual(START_MS))
}

fn open(path: &Path, options: &Options) -> Arc<SqliteStore> {
    SqliteStore::open(path, options.clone()).unwrap()
}

/// Returns a folder in memory where the system has one: these tests are about what is written, not about how fast.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Looks into the file as `sqlite3` would.
fn look<T: rusqlite::types::FromSql>(path: &Path, sql: &str) -> T {
    rusqlite::Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn keeps_the_promises_of_a_store() {
    let folder = folder();
    let number = std::cell::Cell::new(0);
    conformance::run(|limits, clock| {
        number.set(number.get() + 1);
        open(&folder.path().join(format!("{}.db", number.get())), &options(limits, clock))
    })
    .await;
}

#[tokio::test]
async fn a_thousand_callers_share_the_writer_and_are_answered() {
    let folder = folder();
    let store = open(&folder.path().join("s.db"), &still());
    let puts = (0..6_000).map(|n| store.accept(vec![conformance::make::accept("a", &n.to_string())]));
    let answers = futures_util::future::join_all(puts.collect::<Vec<_>>()).await;
    let mut seqs: Vec<u64> = answers.into_iter().map(|answer| conformance::make::new(answer.unwrap()[0]).1).collect();
    seqs.sort_unstable();
    assert!(seqs.into_iter().eq(1..=6_000), "more than the queue holds at a time, none lost, none twice");
}
