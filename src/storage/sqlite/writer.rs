//! The one thread that writes: it commits what is queued whenever it is free, and answers after the commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use callboard_actors::core::Clock;
use callboard_actors::message::Code;
use callboard_actors::ports::StoreError;
use rusqlite::Connection;

use super::books::Books;
use super::crash;
use super::faults::Faults;
use super::health::{Blame, Gauges, blame, store_error};
use super::open::Options;
use super::queue::{Queue, writer_gone};
use super::request::Request;
use super::tx::Tx;

/// How many requests share one commit at the most: enough that the disk's flush is spread thin, few enough that the first of
/// them does not wait long for the last.
const BATCH_MAX: usize = 256;

type Batch = Vec<Box<dyn Request>>;

/// Whether a commit reached the disk: one that wrote nothing tells nothing about it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrote {
    Nothing,
    Rows,
}

/// The writer's own things; they live and die with its thread.
pub(super) struct Writer {
    conn: Connection,
    books: Books,
    /// Whether a rollback has left the books behind the file.
    stale: bool,
    /// Which request of the batch is being run, to know whom to blame for a panic.
    running: usize,
    options: Options,
    clock: Clock,
    faults: Faults,
    queue: Arc<Queue>,
    gauges: Arc<Gauges>,
}

impl Writer {
    /// Returns a writer over an open connection, its books read from the file.
    pub(super) fn new(conn: Connection, options: &Options, queue: Arc<Queue>, gauges: Arc<Gauges>) -> rusqlite::Result<Self> {
        let books = Books::load(&conn)?;
        gauges.count(&books);
        let (clock, faults) = (options.clock.clone(), options.faults.clone());
        Ok(Self { conn, books, stale: false, running: 0, options: options.clone(), clock, faults, queue, gauges })
    }

    /// Starts the thread.
    pub(super) fn spawn(self) -> std::io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name("store-writer".into()).spawn(move || self.live())
    }

    /// Works until the queue is closed or a request panics; a panic ends this writer and nothing else.
    fn live(mut self) {
        let mut batch = Batch::new();
        let ended = catch_unwind(AssertUnwindSafe(|| {
            while self.queue.take(BATCH_MAX, &mut batch) {
                self.commit(&mut batch);
            }
            self.leave();
        }));
        if ended.is_err() {
            let (gauges, queue, culprit) = (Arc::clone(&self.gauges), Arc::clone(&self.queue), self.running);
            // The connection goes first: it rolls back, so those who are answered now may ask again.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(self)));
            gauges.set_trouble(Code::StoreUnavailable, "the writer panicked and is being started again".into());
            gauges.set_writer_died(true);
            queue.orphan();
            bury_batch(batch, culprit, &queue);
        }
    }

    /// Leaves nothing in hand, so that the next opening counts no crash.
    fn leave(&mut self) {
        if self.faults.abandon() {
            return;
        }
        if let Err(error) = crash::put_all_back(&self.conn) {
            tracing::warn!(event = "store.close", %error, "rows in hand were not put back; the next start counts them as a crash");
        }
    }

    fn commit(&mut self, batch: &mut Batch) {
        match self.transact(batch) {
            Ok(wrote) => self.succeed(batch, wrote),
            Err(error) if batch.len() == 1 || blame(&error) != Blame::Request => self.fail(batch, &error),
            Err(_) => self.commit_one_by_one(batch),
        }
    }

    /// Finds the request that the database does not take, so that it fails alone.
    fn commit_one_by_one(&mut self, batch: &mut Batch) {
        for request in std::mem::take(batch) {
            batch.push(request);
            match self.transact(batch) {
                Ok(wrote) => self.succeed(batch, wrote),
                Err(error) => self.fail(batch, &error),
            }
        }
    }

    fn transact(&mut self, batch: &mut Batch) -> rusqlite::Result<Wrote> {
        if self.stale {
            self.books = Books::load(&self.conn)?;
            self.stale = false;
        }
        let ended = self.write(batch);
        if ended.is_err() {
            self.stale = true;
            if !self.conn.is_autocommit() {
                self.conn.execute_batch("ROLLBACK")?;
            }
        }
        ended
    }

    fn write(&mut self, batch: &mut Batch) -> rusqlite::Result<Wrote> {
        let before = self.conn.total_changes();
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let (limits, now_ms) = (*self.options.limits.get(), self.clock.now_ms());
        let mut tx = Tx { conn: &self.conn, books: &mut self.books, limits, now_ms };
        for (running, request) in batch.iter_mut().enumerate() {
            self.running = running;
            self.faults.panic_if_asked();
            request.run(&mut tx)?;
        }
        self.books.write_numbers(&self.conn)?;
        let wrote = if self.conn.total_changes() == before { Wrote::Nothing } else { Wrote::Rows };
        if wrote == Wrote::Rows {
            self.faults.fail_if_asked()?;
        }
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        Ok(wrote)
    }

    fn succeed(&mut self, batch: &mut Batch, wrote: Wrote) {
        self.books.trim();
        self.gauges.count(&self.books);
        if wrote == Wrote::Rows {
            self.gauges.clear_trouble();
        }
        for request in batch.drain(..) {
            request.answer(Ok(()));
        }
    }

    fn fail(&mut self, batch: &mut Batch, error: &rusqlite::Error) {
        let answer = store_error(error);
        // A request that fails by its own fault says nothing about the disk, and would fail again.
        let own_fault = blame(error) == Blame::Request;
        if !own_fault {
            self.gauges.set_trouble(answer.code(), error.to_string());
        }
        let mut notes = Batch::new();
        for request in batch.drain(..) {
            if request.is_note() && !own_fault {
                notes.push(request);
            } else {
                request.answer(Err(answer.clone()));
            }
        }
        self.queue.hold(notes);
    }
}

/// Answers what a dead writer had in hand; what nobody waits for is kept, but for the one that killed it.
fn bury_batch(batch: Batch, culprit: usize, queue: &Queue) {
    let mut notes = Batch::new();
    for (at, request) in batch.into_iter().enumerate() {
        if at == culprit {
            request.answer(Err(StoreError::Unavailable { reason: "the writer panicked over this request".into() }));
        } else if request.is_note() {
            notes.push(request);
        } else {
            request.answer(Err(writer_gone()));
        }
    }
    queue.hold(notes);
}
