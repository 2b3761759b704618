//! The threads that actors live on.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix::{Arbiter, ArbiterHandle};

use super::ids::ActorId;
use super::spec::Place;

/// The number of the lane for routing; the shared ones follow.
const ROUTING: usize = 0;

/// All lanes, and one thread more that is ready to take the place of a blocked one.
pub(super) struct Lanes {
    lanes: Vec<Mutex<Lane>>,
    spare: Arc<Mutex<Spare>>,
}

/// One place in the order of threads; the thread itself changes when it is given up.
struct Lane {
    thread: ArbiterHandle,
    /// Counts the threads this place has had.
    turn: u64,
    beat: Option<Beat>,
}

/// A question to a thread whether it still answers.
struct Beat {
    sent: Duration,
    answered: Arc<AtomicBool>,
    /// It was late when it was looked at before. Once is not enough: the whole process may have been halted meanwhile.
    suspect: bool,
}

/// A change of threads.
pub(super) struct Replaced {
    pub(super) blocked: ArbiterHandle,
    pub(super) fresh: ArbiterHandle,
}

enum Spare {
    Ready(ArbiterHandle),
    Making,
    Missing,
}

impl Lanes {
    /// Starts one thread for routing, `shared` more, and the spare one. Must be called inside an actix system.
    pub(super) fn new(shared: usize) -> Self {
        let lane = || Mutex::new(Lane { thread: Arbiter::new().handle(), turn: 0, beat: None });
        let lanes = (0..=shared.max(1)).map(|_| lane()).collect();
        Self { lanes, spare: Arc::new(Mutex::new(Spare::Ready(Arbiter::new().handle()))) }
    }

    /// Returns the lane for an actor.
    pub(super) fn choose(&self, place: Place, id: &ActorId) -> usize {
        match place {
            Place::Routing => ROUTING,
            Place::Shared => {
                let mut hasher = DefaultHasher::new();
                id.hash(&mut hasher);
                let shared = self.lanes.len() as u64 - 1;
                1 + usize::try_from(hasher.finish() % shared).unwrap_or_default()
            }
        }
    }

    /// Returns the thread of a lane, and how many it has had before.
    pub(super) fn thread(&self, lane: usize) -> Option<(ArbiterHandle, u64)> {
        self.lanes.get(lane).map(|lane| {
            let lane = lock(lane);
            (lane.thread.clone(), lane.turn)
        })
    }

    /// Sends a beat to every thread that has answered the one before; returns the lanes that owe an answer for longer than
    /// `patience`, and owed it already when this was asked the last time.
    pub(super) fn beat(&self, now: Duration, patience: Duration) -> Vec<usize> {
        self.renew_spare();
        let blocked = |lane: &Mutex<Lane>| lock(lane).is_blocked(now, patience);
        self.lanes.iter().enumerate().filter(|(_, lane)| blocked(lane)).map(|(number, _)| number).collect()
    }

    /// Returns how many threads owe an answer to their beat.
    #[cfg(test)]
    pub(super) fn owing(&self) -> usize {
        let owes = |lane: &&Mutex<Lane>| lock(lane).beat.as_ref().is_some_and(|beat| !beat.answered.load(Ordering::Acquire));
        self.lanes.iter().filter(owes).count()
    }

    /// Puts the spare thread in the place of a blocked one and has a new spare made; `None` when there is no spare yet.
    pub(super) fn replace(&self, number: usize) -> Option<Replaced> {
        let lane = self.lanes.get(number)?;
        let spare = {
            let mut spare = lock(&self.spare);
            match std::mem::replace(&mut *spare, Spare::Missing) {
                Spare::Ready(thread) => thread,
                other => {
                    *spare = other;
                    return None;
                }
            }
        };
        let mut lane = lock(lane);
        let blocked = std::mem::replace(&mut lane.thread, spare.clone());
        lane.turn += 1;
        lane.beat = None;
        self.make_spare(&spare);
        Some(Replaced { blocked, fresh: spare })
    }

    /// Ends all threads; what runs on them is dropped.
    pub(super) fn stop(&self) {
        for lane in &self.lanes {
            lock(lane).thread.stop();
        }
        if let Spare::Ready(spare) = std::mem::replace(&mut *lock(&self.spare), Spare::Making) {
            spare.stop();
        }
    }

    /// Has the spare thread made when the last try went wrong.
    fn renew_spare(&self) {
        if matches!(*lock(&self.spare), Spare::Missing)
            && let Some(maker) = self.lanes.iter().find_map(|lane| lock(lane).thread_at_rest())
        {
            self.make_spare(&maker);
        }
    }

    /// Only a thread of the actix system can start another one.
    fn make_spare(&self, maker: &ArbiterHandle) {
        *lock(&self.spare) = Spare::Making;
        let slot = Arc::clone(&self.spare);
        maker.spawn_fn(move || {
            *lock(&slot) = match Arbiter::try_new() {
                Ok(thread) => Spare::Ready(thread.handle()),
                Err(error) => {
                    tracing::error!(event = "watchdog", "no spare thread could be started: {error}");
                    Spare::Missing
                }
            };
        });
    }
}

impl Lane {
    /// Tells whether the thread owes an answer for too long; asks when nothing is asked yet.
    fn is_blocked(&mut self, now: Duration, patience: Duration) -> bool {
        match &mut self.beat {
            Some(beat) if !beat.answered.load(Ordering::Acquire) => {
                let late = now.saturating_sub(beat.sent) > patience;
                late && std::mem::replace(&mut beat.suspect, true)
            }
            _ => {
                let answered = Arc::new(AtomicBool::new(false));
                self.beat = Some(Beat { sent: now, answered: Arc::clone(&answered), suspect: false });
                self.thread.spawn_fn(move || answered.store(true, Ordering::Release));
                false
            }
        }
    }

    fn thread_at_rest(&self) -> Option<ArbiterHandle> {
        let answered = self.beat.as_ref().is_some_and(|beat| beat.answered.load(Ordering::Acquire));
        answered.then(|| self.thread.clone())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
