//! The two threads that read, each with its own connection, so that a long list never stands in the writer's way.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use callboard_actors::ports::{Answer, StoreError};
use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};

use super::health::store_error;
use super::schema;
use super::tx::{Fault, Outcome};

/// How many threads read.
const READERS: usize = 2;

/// How many reads wait at the most; who comes later waits for room.
const READ_QUEUE_MAX: usize = 1_024;

type Job = Box<dyn FnOnce(rusqlite::Result<&Connection>) + Send>;

/// The reading side of a store.
pub(super) struct Readers {
    queue: Arc<ReadQueue>,
    room: Arc<Semaphore>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts the threads. Each opens its connection at its first read.
    pub(super) fn start(path: &Path) -> std::io::Result<Self> {
        let room = Arc::new(Semaphore::new(READ_QUEUE_MAX));
        let mut readers = Self { queue: Arc::default(), room, threads: Vec::with_capacity(READERS) };
        for number in 0..READERS {
            let (queue, path) = (Arc::clone(&readers.queue), path.to_owned());
            let thread = std::thread::Builder::new().name(format!("store-reader-{number}"));
            readers.threads.push(thread.spawn(move || read_until_closed(&queue, &path))?);
        }
        Ok(readers)
    }

    /// Submits a read once there is room.
    pub(super) fn read<T, W>(&self, work: W) -> Answer<T>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        let (queue, room) = (Arc::clone(&self.queue), Arc::clone(&self.room));
        Box::pin(async move {
            let room = room.acquire_owned().await.map_err(|_| StoreError::Closed)?;
            let (reply, answer) = oneshot::channel();
            queue.push(Box::new(move |conn| {
                let outcome = run(conn, work);
                drop(room);
                // A caller that went away has nothing to hear.
                let _ = reply.send(outcome);
            }))?;
            let gone = || StoreError::Unavailable { reason: "the reader stopped over this request".into() };
            answer.await.unwrap_or_else(|_| Err(gone()))
        })
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            // A thread that panicked is gone as well.
            let _ = thread.join();
        }
    }
}

#[derive(Default)]
struct ReadQueue {
    inner: Mutex<Waiting>,
    filled: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl ReadQueue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) -> Result<(), StoreError> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(StoreError::Closed);
        }
        waiting.jobs.push_back(job);
        drop(waiting);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits for a job; `None` when the queue is closed and empty.
    fn take(&self) -> Option<Job> {
        let mut waiting = self.lock();
        loop {
            match waiting.jobs.pop_front() {
                Some(job) => return Some(job),
                None if waiting.closed => return None,
                None => waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }
}

fn run<T, W>(conn: rusqlite::Result<&Connection>, work: W) -> Result<T, StoreError>
where
    W: FnOnce(&Connection) -> Outcome<T>,
{
    let outcome = match conn.map(work) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(Fault::Refused(error))) => Err(error),
        Ok(Err(Fault::Sql(error))) | Err(error) => Err(store_error(&error)),
    };
    if let Err(error @ StoreError::Corrupt { .. }) = &outcome {
        tracing::error!(event = "store.damaged", %error, "a read found damage: run the full check");
    }
    outcome
}

fn read_until_closed(queue: &ReadQueue, path: &Path) {
    let mut conn = None;
    while let Some(job) = queue.take() {
        let ended = catch_unwind(AssertUnwindSafe(|| match open_once(&mut conn, path) {
            Ok(conn) => job(Ok(conn)),
            Err(error) => job(Err(error)),
        }));
        if ended.is_err() {
            conn = None;
        }
    }
}

fn open_once<'a>(conn: &'a mut Option<Connection>, path: &Path) -> rusqlite::Result<&'a Connection> {
    match conn {
        Some(open) => Ok(open),
        None => Ok(conn.insert(schema::connect_reader(path)?)),
    }
}
