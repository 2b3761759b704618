//! The keys of one backend, and which of them is taken next.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use callboard_actors::core::Clock;
use reqwest::StatusCode;
use reqwest::header::{HeaderValue, InvalidHeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use super::style::Style;
use crate::providers::cooling::Cooling;

/// Whole headers, marked as sensitive; a single empty place for a backend that wants no key.
pub(super) struct Keys {
    headers: Vec<Option<HeaderValue>>,
    /// The one that answered last is taken again: backends cache by key.
    current: AtomicUsize,
    cooling: Cooling,
}

impl Keys {
    pub(super) fn new(keys: &[SecretString], style: Style, clock: &Clock) -> Result<Self, InvalidHeaderValue> {
        let filled = keys.iter().filter(|key| !key.expose_secret().trim().is_empty());
        let mut headers = filled.map(|key| header(key, style).map(Some)).collect::<Result<Vec<_>, _>>()?;
        if headers.is_empty() {
            headers.push(None);
        }
        let cooling = Cooling::new(headers.len(), clock);
        Ok(Self { headers, current: AtomicUsize::new(0), cooling })
    }

    /// Returns the places of the keys in the order in which they are to be taken; those that failed lately are left out, unless all
    /// did.
    pub(super) fn order(&self) -> Vec<usize> {
        let current = self.current.load(Ordering::Relaxed);
        let count = self.headers.len();
        self.cooling.awake((current..count).chain(0..current).collect())
    }

    pub(super) fn header(&self, place: usize) -> Option<&HeaderValue> {
        self.headers.get(place)?.as_ref()
    }

    pub(super) fn answered(&self, place: usize) {
        self.current.store(place, Ordering::Relaxed);
        self.cooling.answered(place);
    }

    pub(super) fn failed(&self, place: usize, asked: Option<Duration>) {
        self.cooling.failed(place, asked);
    }
}

/// Returns whether a refusal is one that another key may not have: it is void, not paid for, not allowed to, or asked with too often.
pub(super) fn is_of_the_key(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 402 | 403 | 429)
}

fn header(key: &SecretString, style: Style) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut header = HeaderValue::from_str(&format!("{}{}", style.key_prefix(), key.expose_secret().trim()))?;
    header.set_sensitive(true);
    Ok(header)
}
