//! What is known of the turns that control clients ordered: who waits for one hears how it ended.
//!
//! Kept in memory only. What a restart forgets can be asked of the rows: whether a message was accepted, and whether it is done.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::{RunId, SessionKey, TurnFailure, Usage};

/// How long the end of a turn is remembered, milliseconds.
pub const RUN_MEMORY_MS: i64 = 600_000;

/// How many ended turns are remembered; above, the one that ended first is forgotten.
pub const RUNS_ENDED_MAX: usize = 10_000;

/// How many bytes of answers are remembered; above, the one that ended first is forgotten.
pub const RUNS_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Where an ordered turn stands.
#[derive(Clone, Debug, PartialEq)]
pub enum RunStand {
    /// Its row waits.
    Waiting,
    /// It runs.
    Running {
        /// Since when, milliseconds since 1970.
        started_ms: i64,
    },
    /// It is over.
    Ended(Arc<RunReport>),
}

/// How an ordered turn ended.
#[derive(Clone, Debug, PartialEq)]
pub struct RunReport {
    /// Whether there is a whole answer.
    pub outcome: RunVerdict,
    /// All the text that was written.
    pub text: String,
    /// What was counted.
    pub usage: Usage,
    /// The provider and the model that answered; empty when none was asked.
    pub provider: String,
    /// The model.
    pub model: String,
    /// When it began; the same as its end when it never did.
    pub started_ms: i64,
    /// When it ended.
    pub ended_ms: i64,
}

/// Whether there is a whole answer.
#[derive(Clone, Debug, PartialEq)]
pub enum RunVerdict {
    /// There is.
    Done,
    /// There is not, for this reason.
    Failed(TurnFailure),
    /// It was ended by hand: `rpc`, `stop` or `timeout`.
    Aborted(&'static str),
}

/// Whether a turn is ordered for the first time.
#[derive(Clone, Debug, PartialEq)]
pub enum Opened {
    /// It is.
    New,
    /// It was ordered before, by the same name.
    Known(RunStand),
}

/// The book of ordered turns.
#[derive(Debug, Default)]
pub struct Runs(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    runs: HashMap<RunId, Page>,
    /// In the order of their ends, each with the bytes of its answer.
    ended: VecDeque<(i64, usize, RunId)>,
    ended_bytes: usize,
}

#[derive(Debug)]
struct Page {
    session: SessionKey,
    stand: watch::Sender<RunStand>,
    called_off: Option<&'static str>,
}

impl Runs {
    /// Opens a turn's page before its row is written.
    pub fn open(&self, run: &RunId, session: &SessionKey, now_ms: i64) -> Opened {
        let mut book = self.lock();
        book.forget_old(now_ms);
        if let Some(page) = book.runs.get(run) {
            return Opened::Known(page.stand.borrow().clone());
        }
        let page = Page { session: session.clone(), stand: watch::Sender::new(RunStand::Waiting), called_off: None };
        book.runs.insert(run.clone(), page);
        Opened::New
    }

    /// Takes a page out again whose row was not written.
    pub fn close(&self, run: &RunId) {
        self.lock().runs.remove(run);
    }

    /// Records that a turn begins. A turn that is run again after a crash opens its own page.
    pub fn began(&self, run: &RunId, session: &SessionKey, now_ms: i64) {
        self.open(run, session, now_ms);
        self.set(run, RunStand::Running { started_ms: now_ms });
    }

    /// Records how a turn ended, and tells whoever waits.
    pub fn ended(&self, run: &RunId, report: RunReport) {
        let mut book = self.lock();
        let (ended_ms, bytes) = (report.ended_ms, report.text.len());
        let Some(page) = book.runs.get(run) else { return };
        if matches!(*page.stand.borrow(), RunStand::Ended(_)) {
            return;
        }
        page.stand.send_replace(RunStand::Ended(Arc::new(report)));
        book.ended.push_back((ended_ms, bytes, run.clone()));
        book.ended_bytes += bytes;
        book.forget_old(ended_ms);
    }

    /// Returns a turn's session and where it stands.
    #[must_use]
    pub fn find(&self, run: &RunId) -> Option<(SessionKey, RunStand)> {
        self.lock().runs.get(run).map(|page| (page.session.clone(), page.stand.borrow().clone()))
    }

    /// Returns a way to follow a turn.
    #[must_use]
    pub fn follow(&self, run: &RunId) -> Option<watch::Receiver<RunStand>> {
        self.lock().runs.get(run).map(|page| page.stand.subscribe())
    }

    /// Returns a session's turns that are not over.
    #[must_use]
    pub fn open_in(&self, session: &SessionKey) -> Vec<RunId> {
        let book = self.lock();
        let open = |page: &Page| page.session == *session && !matches!(*page.stand.borrow(), RunStand::Ended(_));
        book.runs.iter().filter(|(_, page)| open(page)).map(|(run, _)| run.clone()).collect()
    }

    /// Says that a turn is not to begin, and why; one that runs has to be aborted in its session. Answers whether it was open.
    pub fn call_off(&self, run: &RunId, why: &'static str) -> bool {
        match self.lock().runs.get_mut(run) {
            Some(page) if !matches!(*page.stand.borrow(), RunStand::Ended(_)) => {
                page.called_off.get_or_insert(why);
                true
            }
            _ => false,
        }
    }

    /// Returns why a turn was called off, if it was.
    #[must_use]
    pub fn called_off(&self, run: &RunId) -> Option<&'static str> {
        self.lock().runs.get(run).and_then(|page| page.called_off)
    }

    fn set(&self, run: &RunId, stand: RunStand) {
        if let Some(page) = self.lock().runs.get(run) {
            page.stand.send_replace(stand);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn forget_old(&mut self, now_ms: i64) {
        let too_old = |ended_ms: i64| now_ms.saturating_sub(ended_ms) >= RUN_MEMORY_MS;
        let too_many = |book: &Self| book.ended.len() > RUNS_ENDED_MAX || book.ended_bytes > RUNS_BYTES_MAX;
        while too_many(self) || self.ended.front().is_some_and(|(ended_ms, ..)| too_old(*ended_ms)) {
            let Some((_, bytes, run)) = self.ended.pop_front() else { return };
            self.ended_bytes -= bytes;
            self.runs.remove(&run);
        }
    }
}

#[cfg(test)]
mod tests;
