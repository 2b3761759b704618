//! Who has failed lately, and for how long it is left alone: a model of a chain, or a key of a backend.

use std::sync::Mutex;
use std::time::Duration;

use callboard_actors::agent::ProviderError;
use callboard_actors::core::{Backoff, Clock};
use callboard_actors::message::Code;
use secrecy::{ExposeSecret as _, SecretString};

use super::standing::Rest;

/// How the time of rest grows with each failure in a row.
const REST: Backoff = Backoff { base: Duration::from_secs(30), max: Duration::from_secs(600), jitter: 0.0 };
/// The longest rest that a backend may ask for.
const REST_ASKED_MAX: Duration = Duration::from_secs(3_600);

/// A place for each of a fixed number of them, so it never grows. Made anew with the configuration, and takes over what is still
/// the same: whoever mended a key or a model need not wait.
#[derive(Debug)]
pub(super) struct Cooling {
    clock: Clock,
    ids: Vec<PlaceId>,
    places: Mutex<Vec<Place>>,
}

/// What a place is for: the same thing with the same secrets is the same place.
#[derive(Clone, Debug)]
pub(super) struct PlaceId {
    what: String,
    secrets: Vec<SecretString>,
}

impl PlaceId {
    /// Returns the place of something that is asked with these secrets.
    pub(super) fn new(what: &str, secrets: impl IntoIterator<Item = SecretString>) -> Self {
        Self { what: what.to_owned(), secrets: secrets.into_iter().collect() }
    }
}

impl PartialEq for PlaceId {
    fn eq(&self, other: &Self) -> bool {
        let same = |(one, other): (&SecretString, &SecretString)| one.expose_secret() == other.expose_secret();
        self.what == other.what
            && self.secrets.len() == other.secrets.len()
            && self.secrets.iter().zip(&other.secrets).all(same)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    failures: u32,
    /// The last failure's.
    code: Option<Code>,
    /// By the clock's own time.
    until: Duration,
}

impl Cooling {
    pub(super) fn new(ids: Vec<PlaceId>, clock: &Clock) -> Self {
        let places = Mutex::new(vec![Place::default(); ids.len()]);
        Self { clock: clock.clone(), ids, places }
    }

    /// Takes over how those stand that are in an earlier list too.
    pub(super) fn inherit(&self, earlier: &Self) {
        for (place, id) in self.ids.iter().enumerate() {
            let before = earlier.ids.iter().position(|known| known == id);
            let before = before.and_then(|before| earlier.with(before, |place| *place));
            if let Some(before) = before {
                self.with(place, |place| *place = before);
            }
        }
    }

    /// Returns how a place rests; `None` for one that may be asked.
    pub(super) fn standing(&self, place: usize) -> Option<Rest> {
        let left = self.rest(place)?;
        let Place { failures, code, .. } = self.with(place, |place| *place)?;
        let left_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        Some(Rest { left_ms, failures, code: code? })
    }

    /// Returns how long a place still rests, `None` when it may be asked.
    pub(super) fn rest(&self, place: usize) -> Option<Duration> {
        let now = self.clock.elapsed();
        let until = self.with(place, |place| place.until)?;
        until.checked_sub(now).filter(|rest| !rest.is_zero())
    }

    /// Notes a failure: the place rests, twice as long as the time before, and no shorter than the backend asked for.
    pub(super) fn failed(&self, place: usize, error: &ProviderError) {
        let asked = error.retry_after.unwrap_or_default().min(REST_ASKED_MAX);
        let now = self.clock.elapsed();
        self.with(place, |place| {
            place.failures = place.failures.saturating_add(1);
            place.code = Some(error.code);
            let rest = REST.wait(place.failures).max(asked);
            place.until = now.saturating_add(rest);
        });
    }

    /// Notes that a place answered.
    pub(super) fn answered(&self, place: usize) {
        self.with(place, |place| *place = Place::default());
    }

    /// Returns those of the places that may be asked, in the same order; all of them when all rest.
    pub(super) fn awake(&self, places: Vec<usize>) -> Vec<usize> {
        let awake: Vec<usize> = places.iter().copied().filter(|place| self.rest(*place).is_none()).collect();
        if awake.is_empty() { places } else { awake }
    }

    /// A lock that a panic has spoiled is none: who fails is asked, and says so.
    fn with<T>(&self, place: usize, look: impl FnOnce(&mut Place) -> T) -> Option<T> {
        self.places.lock().ok()?.get_mut(place).map(look)
    }
}

/// Returns whether another model may not have this failure. What the backend refused for its contents, the next would refuse too.
pub(super) fn is_of_the_model(error: &ProviderError) -> bool {
    matches!(
        error.code,
        Code::ProviderAuth
            | Code::ProviderModel
            | Code::ProviderBusy
            | Code::ProviderBroken
            | Code::Misconfigured
            | Code::Timeout
            | Code::Unavailable
    )
}

#[cfg(test)]
mod tests;
