//! Lanes: how many turns of one sort run at a time. Turns beyond wait in the order in which they came.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::message::SessionKey;

/// Which turns share a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Those of ordinary sessions.
    Main,
    /// Those of sessions that an agent made.
    Subagent,
    /// Those of sessions that the clock made.
    Cron,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 3] = [Self::Main, Self::Subagent, Self::Cron];

    /// Returns the lane of a session's turns.
    #[must_use]
    pub fn of(session: &SessionKey) -> Self {
        let own = session.agent().and_then(|agent| session.as_str().strip_prefix("agent:")?.strip_prefix(agent));
        match own.unwrap_or_default() {
            own if own.starts_with(":subagent:") => Self::Subagent,
            own if own.starts_with(":cron:") => Self::Cron,
            _ => Self::Main,
        }
    }

    /// Returns its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Subagent => "subagent",
            Self::Cron => "cron",
        }
    }
}

/// How many turns each lane lets run at a time, 1 at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneLimits {
    /// `agents.defaults.maxConcurrent`.
    pub main: usize,
    /// `agents.defaults.subagents.maxConcurrent`.
    pub subagent: usize,
    /// `cron.maxConcurrentRuns`.
    pub cron: usize,
}

impl LaneLimits {
    /// Returns one lane's.
    #[must_use]
    pub const fn of(&self, lane: Lane) -> usize {
        match lane {
            Lane::Main => self.main,
            Lane::Subagent => self.subagent,
            Lane::Cron => self.cron,
        }
    }
}

impl Default for LaneLimits {
    fn default() -> Self {
        Self { main: 4, subagent: 8, cron: 1 }
    }
}

/// How a lane stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneStand {
    /// Turns that run.
    pub running: usize,
    /// Turns that wait, at most one for each session in memory.
    pub waiting: usize,
}

/// All lanes. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Lanes([Arc<Mutex<Row>>; 3]);

#[derive(Debug, Default)]
struct Row {
    running: usize,
    max: usize,
    waiting: VecDeque<oneshot::Sender<LanePass>>,
}

/// What became of a turn that wants to run.
#[derive(Debug)]
pub(super) enum Entered {
    /// It may.
    Now(LanePass),
    /// It may once this answers.
    Later(oneshot::Receiver<LanePass>),
}

impl Lanes {
    /// Lets a turn run, or wait behind those that came before; `max` is the lane's limit of this moment.
    pub(super) fn enter(&self, lane: Lane, max: usize) -> Entered {
        let row = self.row(lane);
        let mut inner = lock(row);
        inner.max = max.max(1);
        if inner.running < inner.max && inner.waiting.iter().all(oneshot::Sender::is_closed) {
            inner.waiting.clear();
            inner.running += 1;
            return Entered::Now(LanePass(Arc::clone(row)));
        }
        let (sender, pass) = oneshot::channel();
        inner.waiting.push_back(sender);
        let granted = grant(&mut inner, row);
        drop(inner);
        hand_over(granted);
        Entered::Later(pass)
    }

    /// Returns how a lane stands.
    #[must_use]
    pub fn stand(&self, lane: Lane) -> LaneStand {
        let inner = lock(self.row(lane));
        let waiting = inner.waiting.iter().filter(|sender| !sender.is_closed()).count();
        LaneStand { running: inner.running, waiting }
    }

    fn row(&self, lane: Lane) -> &Arc<Mutex<Row>> {
        let [main, subagent, cron] = &self.0;
        match lane {
            Lane::Main => main,
            Lane::Subagent => subagent,
            Lane::Cron => cron,
        }
    }
}

type Granted = Vec<(oneshot::Sender<LanePass>, LanePass)>;

/// Takes those out of the row who may run now.
fn grant(inner: &mut Row, row: &Arc<Mutex<Row>>) -> Granted {
    let mut granted = Vec::new();
    while inner.running < inner.max
        && let Some(next) = inner.waiting.pop_front()
    {
        if !next.is_closed() {
            inner.running += 1;
            granted.push((next, LanePass(Arc::clone(row))));
        }
    }
    granted
}

/// Tells them; the pass of one that has gone meanwhile comes back when it is dropped, which needs the lock.
fn hand_over(granted: Granted) {
    for (next, pass) in granted {
        drop(next.send(pass));
    }
}

/// One running turn's place in its lane; free again when this is dropped.
#[derive(Debug)]
pub(super) struct LanePass(Arc<Mutex<Row>>);

impl Drop for LanePass {
    fn drop(&mut self) {
        let granted = {
            let mut inner = lock(&self.0);
            inner.running = inner.running.saturating_sub(1);
            grant(&mut inner, &self.0)
        };
        hand_over(granted);
    }
}

fn lock(row: &Mutex<Row>) -> MutexGuard<'_, Row> {
    row.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
