//! The store as a whole: its threads, and how requests get to them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use callboard_actors::ports::{Answer, StoreError};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::health::Gauges;
use super::open::{self, OpenError, Options};
use super::purge::{self, Purged};
use super::queue::{Queue, writer_gone};
use super::reader::Readers;
use super::request::{Call, Note};
use super::tx::{Outcome, Tx};
use super::writer::Writer;
use super::{schema, small};

/// How many writes whose callers wait are queued at the most; who comes later waits for room.
const WRITE_QUEUE_MAX: usize = 4_096;

/// The store in one SQLite file.
///
/// Dropping it finishes what was submitted and waits for the threads, which is milliseconds; nothing is left in hand then.
pub struct SqliteStore {
    path: PathBuf,
    options: Options,
    queue: Arc<Queue>,
    room: Arc<Semaphore>,
    gauges: Arc<Gauges>,
    readers: Option<Readers>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl SqliteStore {
    /// Opens the store's file, made when it is not there. Rows that an aborted process left in hand count one crash.
    ///
    /// Blocks for milliseconds, longer when a log has to be read back or a schema brought up to date.
    ///
    /// # Errors
    /// The file is damaged (it has been set aside then), of a later version or another program, or the disk refuses.
    pub fn open(path: &Path, options: Options) -> Result<Arc<Self>, OpenError> {
        let conn = open::open_file(path, &options)?;
        open::recover(&conn, path, &options)?;
        let (queue, gauges) = (Arc::new(Queue::new()), Arc::new(Gauges::default()));
        let writer = start_writer(conn, path, &options, &queue, &gauges)?;
        let readers = Readers::start(path).map_err(|source| OpenError::Io { file: path.to_owned(), source })?;
        Ok(Arc::new(Self {
            path: path.to_owned(),
            options,
            queue,
            room: Arc::new(Semaphore::new(WRITE_QUEUE_MAX)),
            gauges,
            readers: Some(readers),
            writer: Mutex::new(Some(writer)),
        }))
    }

    /// Returns the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns how many writes wait.
    #[must_use]
    pub fn queue_depth(&self) -> usize {
        self.queue.depth()
    }

    /// Returns whether the writer has died of a panic: every write is answered `Unavailable` until
    /// [`SqliteStore::restart_writer`].
    #[must_use]
    pub fn needs_restart(&self) -> bool {
        self.gauges.writer_died()
    }

    /// Starts another writer in place of one that died; does nothing while one lives, nor in a closed store. Rows in hand stay in
    /// hand: those who hold them are alive. Blocks for milliseconds.
    ///
    /// # Errors
    /// The file cannot be opened; to be tried again.
    pub fn restart_writer(&self) -> Result<(), OpenError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.needs_restart() || self.queue.is_closed() {
            return Ok(());
        }
        if let Some(dead) = writer.take() {
            // It has told its panic already.
            let _ = dead.join();
        }
        let conn = open::open_file(&self.path, &self.options)?;
        *writer = Some(start_writer(conn, &self.path, &self.options, &self.queue, &self.gauges)?);
        self.gauges.set_writer_died(false);
        self.queue.adopt();
        // A first write of its own, which also takes along what was kept.
        self.queue.push(Box::new(Note::new("probe", small::probe)));
        Ok(())
    }

    /// Tries to write while the last commit failed, so that health clears without traffic; writes nothing otherwise.
    pub fn probe(&self) -> Answer<()> {
        if self.gauges.in_trouble() { self.write(small::probe) } else { Box::pin(std::future::ready(Ok(()))) }
    }

    /// Deletes what is older than its retention, in steps of at most 1,000 rows between which others are served.
    pub fn purge(self: &Arc<Self>, now_ms: i64) -> Answer<Purged> {
        let store = Arc::clone(self);
        Box::pin(async move {
            let (mut purged, mut stage) = (Purged::default(), Some(purge::FIRST));
            while let Some(at) = stage {
                let so_far = purged;
                (stage, purged) = store
                    .write(move |tx| {
                        let mut purged = so_far;
                        let next = purge::step(tx, at, now_ms, &mut purged)?;
                        Ok((next, purged))
                    })
                    .await?;
            }
            Ok(purged)
        })
    }

    /// Finishes what was submitted, puts back what is in hand and ends the writer; every later write is answered `Closed`. Blocks
    /// for milliseconds. Dropping the store does the same: this is for one that somebody may still hold when the file is opened
    /// again, whose writer would put back what the next one has in hand.
    pub fn close(&self) {
        self.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // A writer that panicked is gone as well.
            let _ = writer.join();
        }
    }

    pub(super) fn gauges(&self) -> &Gauges {
        &self.gauges
    }

    /// Submits a write: at once while there is room, else as soon as there is.
    pub(super) fn write<T, W>(&self, work: W) -> Answer<T>
    where
        T: Send + 'static,
        W: FnMut(&mut Tx<'_>) -> Outcome<T> + Send + 'static,
    {
        if let Ok(room) = Arc::clone(&self.room).try_acquire_owned() {
            let answer = submit(&self.queue, room, work);
            return Box::pin(async move { answer.await.unwrap_or_else(|_| Err(writer_gone())) });
        }
        let (queue, room) = (Arc::clone(&self.queue), Arc::clone(&self.room));
        Box::pin(async move {
            let room = room.acquire_owned().await.map_err(|_| StoreError::Closed)?;
            submit(&queue, room, work).await.unwrap_or_else(|_| Err(writer_gone()))
        })
    }

    /// Submits a write that nobody waits for.
    pub(super) fn note<W>(&self, what: &'static str, work: W)
    where
        W: FnMut(&mut Tx<'_>) -> Outcome<()> + Send + 'static,
    {
        self.queue.push(Box::new(Note::new(what, work)));
    }

    /// Submits a read. It sees what was committed when it runs.
    pub(super) fn read<T, W>(&self, work: W) -> Answer<T>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        match &self.readers {
            Some(readers) => readers.read(work),
            None => Box::pin(std::future::ready(Err(StoreError::Closed))),
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // The readers go first: the last connection to close writes the log back into the file.
        self.readers = None;
        self.close();
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

fn submit<T, W>(queue: &Queue, room: OwnedSemaphorePermit, work: W) -> oneshot::Receiver<Result<T, StoreError>>
where
    T: Send + 'static,
    W: FnMut(&mut Tx<'_>) -> Outcome<T> + Send + 'static,
{
    let (call, answer) = Call::new(work, room);
    queue.push(Box::new(call));
    answer
}

fn start_writer(
    conn: Connection,
    path: &Path,
    options: &Options,
    queue: &Arc<Queue>,
    gauges: &Arc<Gauges>,
) -> Result<JoinHandle<()>, OpenError> {
    let sql = |source| OpenError::Sql { file: path.to_owned(), source };
    schema::trust(&conn).map_err(sql)?;
    let writer = Writer::new(conn, options, Arc::clone(queue), Arc::clone(gauges)).map_err(sql)?;
    writer.spawn().map_err(|source| OpenError::Io { file: path.to_owned(), source })
}
