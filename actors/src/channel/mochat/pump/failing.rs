//! Calls that failed: what becomes of their place, when they are made again, and when the server is away.

use std::time::Duration;

use super::{End, Pump};
use crate::channel::gap::Gap;
use crate::channel::mochat::connector::RETRY_MAX;
use crate::channel::mochat::places::{Phase, Spot, Told};
use crate::channel::mochat::rest::RestError;
use crate::channel::mochat::shared::Way;
use crate::channel::mochat::unread::Fault;
use crate::core::Backoff;

/// So many calls that failed one after the other, over so long, mean that the server is away.
const FAILURES_MAX: u32 = 6;
/// By how much waits differ, so that calls do not come together.
const JITTER: f64 = 0.2;
/// See [`FAILURES_MAX`].
const AWAY_AFTER: Duration = Duration::from_secs(10);

/// Whether a call failed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    First,
    Again,
}

/// Of what a call was that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// Of one place.
    ItsOwn,
    /// Of all.
    Servers,
}

impl Pump {
    /// Has a place whose list could not be read be read again later. What comes of it meanwhile waits for that, for the sake of its order,
    /// unless the fault lasts: then it goes on, and its mark stays before what is unread, which is read as soon as it can be.
    pub(super) fn unread(&mut self, id: &str, error: RestError) {
        let now = self.clock.elapsed();
        let Some(spot) = self.places.get_mut(id) else { return };
        let fault = spot.unread.note(&error, now, self.succeeded);
        let lasts = matches!(fault, Fault::Lasts(_)) || spot.gap == Gap::Open;
        let max = if lasts { self.bounds.seldom() } else { RETRY_MAX };
        let wait = Backoff { base: self.bounds.retry, max, jitter: JITTER }.wait(fault.count());
        spot.again = now + wait;
        let watched = spot.place.is_session() && matches!(spot.phase, Phase::Live);
        spot.due = if watched { now } else { now + wait };
        let repeated = if fault.count() > 1 { Failure::Again } else { Failure::First };
        self.say(id, &error, repeated);
        if !error.asks_for_mending() && lasts {
            self.go_on_without(id);
        }
        self.count_failure(error, Whose::ItsOwn);
    }

    /// Has a place whose list cannot be read go on with what the server tells of it, where that waits.
    fn go_on_without(&mut self, id: &str) {
        let heard = |spot: &&mut Spot| spot.told == Told::Yes || spot.place.is_session();
        let waits = |spot: &&mut Spot| matches!(spot.phase, Phase::Behind { .. });
        let Some(spot) = self.places.get_mut(id).filter(heard).filter(waits) else { return };
        let before = std::mem::replace(&mut spot.gap, Gap::Open);
        if before != Gap::Open {
            tracing::warn!(event = "mochat.gap", actor = %self.account, place = %id,
                "its list of messages cannot be read: it goes on with what the server tells, and what was missed is answered when it can be");
        }
        self.count_gaps();
        self.go_on(id);
    }

    /// Shows how many places go on while something of them is unread.
    pub(super) fn count_gaps(&self) {
        self.shared.set_gaps(self.places.all().filter(|spot| spot.gap == Gap::Open).count());
    }

    /// Says that a call failed, of a session where it is one's. What is refused for one place alone is asked for ever more seldom: it may
    /// be closed, or forbidden.
    pub(super) fn failed(&mut self, id: Option<&str>, error: RestError) {
        let now = self.clock.elapsed();
        let spot = id.and_then(|id| self.places.get_mut(id));
        let repeated = spot.map_or(Failure::First, |spot| {
            spot.failures = spot.failures.saturating_add(1);
            let max = if error.is_its_own() { self.bounds.seldom() } else { RETRY_MAX };
            spot.due = now + Backoff { base: self.bounds.retry, max, jitter: JITTER }.wait(spot.failures);
            if spot.failures > 1 { Failure::Again } else { Failure::First }
        });
        self.say(id.unwrap_or_default(), &error, repeated);
        self.count_failure(error, if id.is_some() { Whose::ItsOwn } else { Whose::Servers });
    }

    fn say(&self, place: &str, error: &RestError, repeated: Failure) {
        if error.is_its_own() && repeated == Failure::Again {
            tracing::debug!(event = "mochat.call", actor = %self.account, place, "{error}");
        } else {
            tracing::warn!(event = "mochat.call", actor = %self.account, place, "{error}");
        }
    }

    /// Ends the connection where no call can succeed, or the server is away. That one place alone fails says nothing of the server: then it is
    /// asked for the places, which tells.
    fn count_failure(&mut self, error: RestError, whose: Whose) {
        if error.asks_for_mending() {
            self.end = Some(End::Refused(error));
            return;
        }
        if error.is_its_own() {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let away = self.failures >= FAILURES_MAX && self.clock.elapsed().saturating_sub(self.succeeded) >= AWAY_AFTER;
        match whose {
            Whose::ItsOwn if away => self.list_soon(),
            Whose::Servers if away && self.shared.way() == Way::Rest => self.end = Some(End::Refused(error)),
            Whose::ItsOwn | Whose::Servers => {}
        }
    }
}
