//! The bounded way from whoever logs to the thread that writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use super::error::LogError;

/// How many lines wait at the most; one more is dropped and counted.
pub(super) const LINES_MAX: usize = 4096;
/// How many lines that wait already are written at once.
const BATCH_MAX: usize = 256;

/// What lines are written to.
pub(super) trait Sink: Send + 'static {
    /// Takes a line, which ends with its line feed.
    fn line(&mut self, at_ms: i64, line: &str);

    /// Writes what was taken.
    fn flush(&mut self);

    /// Returns the line that tells how many were dropped.
    fn dropped(&self, at_ms: i64, count: u64) -> String;
}

enum Item {
    Line(i64, Box<str>),
    Flush(SyncSender<()>),
}

/// Takes lines and never waits. The thread ends when the last clone is gone.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    items: SyncSender<Item>,
    dropped: Arc<AtomicU64>,
}

impl Queue {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives none.
    pub(super) fn start(name: &str, lines_max: usize, sink: impl Sink) -> Result<Self, LogError> {
        let (items, taken) = sync_channel(lines_max);
        let dropped = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&dropped);
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || write(&taken, &counted, sink))
            .map_err(LogError::Thread)?;
        Ok(Self { items, dropped })
    }

    /// Hands a line over, or drops it when too many wait.
    pub(super) fn put(&self, at_ms: i64, line: String) {
        if let Err(TrySendError::Full(_)) = self.items.try_send(Item::Line(at_ms, line.into())) {
            self.dropped.fetch_add(1, Relaxed);
        }
    }

    /// Waits until what was put before is written, at most so long.
    pub(super) fn flush(&self, wait: Duration) {
        let (done, heard) = sync_channel(1);
        let mut item = Item::Flush(done);
        for _ in 0..FLUSH_TRIES {
            match self.items.try_send(item) {
                Ok(()) => {
                    let _: Result<(), RecvTimeoutError> = heard.recv_timeout(wait);
                    return;
                }
                Err(TrySendError::Full(back)) => {
                    item = back;
                    std::thread::park_timeout(wait / FLUSH_TRIES);
                }
                Err(TrySendError::Disconnected(_)) => return,
            }
        }
    }
}

/// How often a full queue is asked again before a flush is given up.
const FLUSH_TRIES: u32 = 20;

fn write(items: &Receiver<Item>, dropped: &AtomicU64, mut sink: impl Sink) {
    while let Ok(first) = items.recv() {
        let mut waiting = Vec::new();
        for item in std::iter::once(first).chain(items.try_iter().take(BATCH_MAX)) {
            match item {
                Item::Line(at_ms, line) => {
                    sink.line(at_ms, &line);
                    let lost = dropped.swap(0, Relaxed);
                    if lost > 0 {
                        let line = sink.dropped(at_ms, lost);
                        sink.line(at_ms, &line);
                    }
                }
                Item::Flush(done) => waiting.push(done),
            }
        }
        sink.flush();
        for done in waiting {
            // Whoever waited may have given up.
            let _ = done.try_send(());
        }
    }
}
