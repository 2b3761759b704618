//! The server is asked to tell of places, and what it does not tell of is asked for.

use super::Pump;
use super::jobs::Done;
use super::line::{Asking, State};
use crate::channel::mochat::connector::REFUSED_REFRESHES;
use crate::channel::mochat::payload::Payload;
use crate::channel::mochat::places::{Busy, Phase, Spot, Told};
use crate::channel::mochat::pump::hear::Came;
use crate::channel::mochat::socket::{Join, JoinError, Joined, TOGETHER_MAX};

/// So many of those are asked for at a time.
const ALONE_MAX: usize = 8;
/// So many others are: what the answers hold is in memory until the last of them is there.
const ASKED_MAX: usize = 10 * TOGETHER_MAX;

impl Pump {
    /// Asks the server to tell of the places that it was not asked for; else of those that it refused a while ago, each by itself.
    pub(super) fn join(&mut self) {
        let now = self.clock.elapsed();
        let Some(emitter) = self.line.emitter() else { return };
        let mut join = self.wanted(TOGETHER_MAX, ASKED_MAX, |told| told == Told::No);
        if join.sessions.is_empty() && join.panels.is_empty() {
            join = self.wanted(1, ALONE_MAX, |told| matches!(told, Told::Refused { again } if again <= now));
        }
        if join.sessions.is_empty() && join.panels.is_empty() {
            return;
        }
        self.line.asking = Asking::Yes;
        let (timeout, session) = (self.bounds.socket.timeout, self.line.opened);
        self.job(async move {
            let answer = join.run(&emitter, timeout).await;
            Done::Joined { session, join, answer }
        });
    }

    fn wanted(&self, together: usize, most: usize, wanted: impl Fn(Told) -> bool) -> Join {
        let mut join = Join { limit: self.line.limit.min(self.bounds.limit), together, ..Join::default() };
        for spot in self.places.all().filter(|spot| wanted(spot.told)).take(most) {
            if spot.place.is_session() {
                join.sessions.insert(spot.place.id.clone(), spot.heard);
            } else {
                join.panels.push(spot.place.id.clone());
            }
        }
        join.panels.sort();
        join
    }

    pub(super) fn joined(&mut self, session: u64, join: &Join, answer: Result<Joined, JoinError>) {
        // The session that was asked is gone, and says nothing of the one there is.
        if session != self.line.opened {
            return;
        }
        self.line.asking = Asking::No;
        if !self.line.stands() {
            return;
        }
        let joined = match answer {
            Ok(joined) => joined,
            Err(error) => {
                // The answer may have been larger than is read.
                self.line.ask_for_fewer();
                return self.lost(format!("the server does not tell of the places: {error}"));
            }
        };
        let told_before = self.places.all().any(|spot| spot.told == Told::Yes);
        if let (Some(words), true) = (&joined.words, joined.told.is_empty() && !told_before) {
            return self.lost(format!("the server does not tell of the places: {words}"));
        }
        self.line.limit = self.line.limit.saturating_mul(2).min(self.bounds.limit);
        self.refused(&joined);
        for id in &joined.told {
            self.told(id);
        }
        for payload in joined.payloads {
            match payload {
                Ok(payload) => self.joined_with(join, payload),
                Err(reason) => tracing::warn!(event = "mochat.socket", actor = %self.account, "{reason}"),
            }
        }
        self.count_by_calls();
        self.is_live();
    }

    /// Takes over that the server does not tell of places: they are read by calls, and it is asked again much later.
    fn refused(&mut self, joined: &Joined) {
        let again = self.clock.elapsed() + self.bounds.refresh.saturating_mul(REFUSED_REFRESHES);
        for id in &joined.refused {
            let Some(spot) = self.places.get_mut(id) else { continue };
            if spot.told == Told::No {
                let words = joined.words.as_deref().unwrap_or_default();
                tracing::warn!(event = "mochat.refused", actor = %self.account, place = %id, "the server does not tell of it, and it is read by calls: {words}");
            }
            spot.told = Told::Refused { again };
        }
    }

    fn told(&mut self, id: &str) {
        let Some(spot) = self.places.get_mut(id) else { return };
        spot.told = Told::Yes;
        // What a panel missed before is nowhere but in its list of messages, and a list that is being read may be too old.
        if !spot.place.is_session() {
            if matches!(spot.phase, Phase::Live) {
                spot.phase = Phase::behind();
            }
            if spot.busy == Busy::Yes {
                spot.busy = Busy::Overtaken;
            }
        }
        spot.due = std::time::Duration::ZERO;
    }

    fn joined_with(&mut self, join: &Join, payload: Payload) {
        let from = join.sessions.get(&payload.place).copied().flatten().unwrap_or(0);
        let full = payload.events.as_ref().is_some_and(|events| events.len() >= join.limit as usize);
        let id = payload.place.clone();
        self.session_events(payload, Came::Asked { from });
        let went_on = |spot: &&mut Spot| spot.heard > Some(from) && matches!(spot.phase, Phase::Live);
        if let Some(spot) = self.places.get_mut(&id).filter(|spot| full && went_on(spot)) {
            // There is more, which nobody would tell.
            spot.told = Told::No;
        }
    }

    /// Shows how many places are read by calls while the server tells of others.
    pub(super) fn count_by_calls(&self) {
        let by_calls = if matches!(self.line.state, State::Joining(_) | State::Live(_)) {
            self.places.all().filter(|spot| matches!(spot.told, Told::Refused { .. })).count()
        } else {
            0
        };
        self.shared.set_by_calls(by_calls);
    }
}
