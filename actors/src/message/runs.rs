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
    /// The session's key as the client spelled it, known once the turn has begun.
    spelled: Option<String>,
    opened_ms: i64,
    stand: watch::Sender<RunStand>,
    called_off: Option<&'static str>,
}

impl Runs {
    /// Opens a turn's page before its row is written.
    pub fn open(&self, run: &RunId, session: &SessionKey, now_ms: i64) -> Opened {
        let mut book = self.lock();
        book.forget_old(now_ms);
        if let Some(page) = book.runs.get(run) {
            return Opened::Known(page.stand());
        }
        book.runs.insert(run.clone(), Page::new(session, now_ms));
        Opened::New
    }

    /// Takes a page out again whose row was not written, as far as anybody knows. One that has begun meanwhile had its row. One
    /// that was called off stays as ended: it does not begin either if its row is there after all.
    pub fn close(&self, run: &RunId) {
        let mut book = self.lock();
        let Some(page) = book.runs.get(run).filter(|page| page.is_waiting()) else { return };
        match page.called_off {
            Some(why) => {
                let report = RunReport::never_began(why, page.opened_ms);
                book.end(run, report);
            }
            None => drop(book.runs.remove(run)),
        }
    }

    /// Records that a turn begins, and how its client spelled the session's key. A turn that is run again after a crash opens
    /// its own page; one that had ended is not over any more.
    pub fn began(&self, run: &RunId, session: &SessionKey, spelled: &str, now_ms: i64) {
        let mut book = self.lock();
        book.forget_old(now_ms);
        book.forget_end(run);
        let page = book.runs.entry(run.clone()).or_insert_with(|| Page::new(session, now_ms));
        page.spelled = Some(spelled.to_owned());
        page.stand.send_replace(RunStand::Running { started_ms: now_ms });
    }

    /// Records how a turn ended, and tells whoever waits.
    pub fn ended(&self, run: &RunId, report: RunReport) {
        self.lock().end(run, report);
    }

    /// Returns a turn's session and where it stands.
    #[must_use]
    pub fn find(&self, run: &RunId) -> Option<(SessionKey, RunStand)> {
        self.lock().runs.get(run).map(|page| (page.session.clone(), page.stand()))
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
        let open = |page: &Page| page.session == *session && !page.is_over();
        book.runs.iter().filter(|(_, page)| open(page)).map(|(run, _)| run.clone()).collect()
    }

    /// Says that a turn is not to begin, or not again after a crash, and why. Answers whether that ends it: one that runs has to
    /// be aborted in its session, which knows whether it still can be.
    pub fn call_off(&self, run: &RunId, why: &'static str) -> bool {
        match self.lock().runs.get_mut(run) {
            Some(page) if !page.is_over() => {
                page.called_off.get_or_insert(why);
                page.is_waiting()
            }
            _ => false,
        }
    }

    /// Returns the session's key as the client of a turn spelled it, if the turn has begun.
    #[must_use]
    pub fn spelled(&self, run: &RunId) -> Option<String> {
        self.lock().runs.get(run).and_then(|page| page.spelled.clone())
    }

    /// Returns why a turn was called off, if it was.
    #[must_use]
    pub fn called_off(&self, run: &RunId) -> Option<&'static str> {
        self.lock().runs.get(run).and_then(|page| page.called_off)
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunReport {
    /// The report of a turn that was called off before it began.
    fn never_began(why: &'static str, at_ms: i64) -> Self {
        Self {
            outcome: RunVerdict::Aborted(why),
            text: String::new(),
            usage: Usage::default(),
            provider: String::new(),
            model: String::new(),
            started_ms: at_ms,
            ended_ms: at_ms,
        }
    }
}

impl Page {
    fn new(session: &SessionKey, now_ms: i64) -> Self {
        let (session, stand) = (session.clone(), watch::Sender::new(RunStand::Waiting));
        Self { session, spelled: None, opened_ms: now_ms, stand, called_off: None }
    }

    fn stand(&self) -> RunStand {
        self.stand.borrow().clone()
    }

    fn is_waiting(&self) -> bool {
        matches!(*self.stand.borrow(), RunStand::Waiting)
    }

    fn is_over(&self) -> bool {
        matches!(*self.stand.borrow(), RunStand::Ended(_))
    }
}

impl Book {
    fn end(&mut self, run: &RunId, report: RunReport) {
        let (ended_ms, bytes) = (report.ended_ms, report.text.len());
        let Some(page) = self.runs.get(run).filter(|page| !page.is_over()) else { return };
        page.stand.send_replace(RunStand::Ended(Arc::new(report)));
        self.ended.push_back((ended_ms, bytes, run.clone()));
        self.ended_bytes += bytes;
        self.forget_old(ended_ms);
    }

    /// Takes the end of a turn that begins once more out of what is to be forgotten.
    fn forget_end(&mut self, run: &RunId) {
        if !self.runs.get(run).is_some_and(Page::is_over) {
            return;
        }
        let place = self.ended.iter().position(|(.., ended)| ended == run);
        if let Some((_, bytes, _)) = place.and_then(|place| self.ended.remove(place)) {
            self.ended_bytes -= bytes;
        }
    }

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
