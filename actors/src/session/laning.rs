//! How a session's turn keeps to its lane.

use std::time::Duration;

use super::actor::{Rows, SessionActor, Work};
use super::lanes::{Entered, Lane};
use super::seed::{Seed, Source};
use crate::core::Scope;

/// How long a turn waits in its lane before it asks anew.
const LANE_WAIT: Duration = Duration::from_secs(24 * 3600);

impl SessionActor {
    /// Returns whether a turn has to enter its lane first. A client that waits is not held up by turns of others: the port that it
    /// comes by bounds how many there are.
    pub(super) fn wants_lane(&self, seed: &Seed) -> bool {
        self.lane.is_none() && matches!(seed.source, Source::Row(_))
    }

    /// Returns whether there is room in the lane for a turn that answers rows. Where there is none the rows are left in their places:
    /// one that only waits is not in hand at a crash. The session looks for them when it has found room.
    pub(super) fn finds_room(&mut self, scope: &mut Scope<'_, Self>) -> bool {
        if self.queue.room.is_none() {
            self.lane = self.queue.granted.take();
            let lane = Lane::of(&self.key);
            let entered = match self.lane {
                Some(_) => return true,
                None => self.parts.gate.lanes().enter(lane, self.settings().lanes.of(lane)),
            };
            match entered {
                Entered::Now(pass) => {
                    self.lane = Some(pass);
                    return true;
                }
                Entered::Later(pass) => {
                    self.queue.engaged = true;
                    self.queue.room = Some(scope.run(LANE_WAIT, pass, |session, pass, scope| {
                        session.queue.room = None;
                        // A place is not held while a client's turn runs: the rows ask anew after it.
                        session.queue.granted = pass.and_then(Result::ok).filter(|_| matches!(session.work, Work::Idle));
                        session.rows = Rows::Waiting;
                        session.next(scope);
                    }));
                }
            }
        }
        // Nothing runs meanwhile, so a gateway that goes down does not wait for it; a client that comes does not either.
        self.pass = None;
        false
    }

    /// Returns whether turns of other sessions wait in the lane: they go before the next of this one.
    pub(super) fn others_wait(&self) -> bool {
        self.parts.gate.lanes().stand(Lane::of(&self.key)).waiting > 0
    }

    /// Begins a turn as soon as its lane has room. One that waits holds nobody up: not the gate at the end, not an abort.
    pub(super) fn enter_lane(&mut self, seed: Seed, scope: &mut Scope<'_, Self>) {
        let lane = Lane::of(&self.key);
        match self.parts.gate.lanes().enter(lane, self.settings().lanes.of(lane)) {
            Entered::Now(pass) => {
                self.lane = Some(pass);
                self.begin(seed, scope);
            }
            Entered::Later(pass) => {
                self.pass = None;
                self.queue.engaged = true;
                let task = scope.run(LANE_WAIT, pass, |session, pass, scope| {
                    session.lane = pass.and_then(Result::ok);
                    session.with_prepared(scope, Self::let_in);
                });
                self.work = Work::Preparing { seed, task };
                self.look_soon(scope);
            }
        }
    }

    fn let_in(&mut self, seed: Seed, scope: &mut Scope<'_, Self>) {
        self.pass = self.parts.gate.enter();
        if self.pass.is_some() {
            self.begin(seed, scope);
        } else {
            // With the gate closed the row stays in hand: the store puts it back in its place when it closes.
            self.lane = None;
        }
    }
}
