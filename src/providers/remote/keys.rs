//! The keys of one backend, and which of them is taken next.

use std::sync::atomic::{AtomicUsize, Ordering};

use callboard_actors::agent::ProviderError;
use callboard_actors::core::Clock;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;

use super::settings::{Credential, Header};
use super::style::Style;
use crate::providers::cooling::{Cooling, PlaceId};
use crate::providers::standing::KeyStanding;

/// Whole headers, marked as sensitive; a single empty place for a backend that wants no key.
pub(super) struct Keys {
    headers: Vec<Option<(HeaderName, HeaderValue)>>,
    names: Vec<String>,
    /// The one that answered last is taken again: backends cache by key.
    current: AtomicUsize,
    cooling: Cooling,
}

impl Keys {
    /// Reads the keys of the backend at an address.
    ///
    /// # Errors
    /// Names the key that cannot be sent.
    pub(super) fn new(keys: &[Credential], style: Style, at: &str, clock: &Clock) -> Result<Self, String> {
        let filled: Vec<_> = keys.iter().filter(|key| !key.secret.expose_secret().trim().is_empty()).collect();
        let read = |key: &&Credential| header(key, style).map(Some).ok_or_else(|| key.name.clone());
        let mut headers = filled.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut places: Vec<_> = filled.iter().map(|key| PlaceId::new(at, [key.secret.clone()])).collect();
        if headers.is_empty() {
            headers.push(None);
            places.push(PlaceId::new(at, []));
        }
        let names = filled.iter().map(|key| key.name.clone()).collect();
        Ok(Self { headers, names, current: AtomicUsize::new(0), cooling: Cooling::new(places, clock) })
    }

    /// Returns the places of the keys in the order in which they are to be taken; those that failed lately are left out, unless all
    /// did.
    pub(super) fn order(&self) -> Vec<usize> {
        let current = self.current.load(Ordering::Relaxed);
        let count = self.headers.len();
        self.cooling.awake((current..count).chain(0..current).collect())
    }

    pub(super) fn header(&self, place: usize) -> Option<&(HeaderName, HeaderValue)> {
        self.headers.get(place)?.as_ref()
    }

    pub(super) fn answered(&self, place: usize) {
        self.current.store(place, Ordering::Relaxed);
        self.cooling.answered(place);
    }

    pub(super) fn failed(&self, place: usize, error: &ProviderError) {
        self.cooling.failed(place, error);
    }

    /// Returns how each key stands; nothing for a backend that wants none.
    pub(super) fn standing(&self) -> Vec<KeyStanding> {
        let stand = |(place, name): (usize, &String)| KeyStanding { name: name.clone(), rest: self.cooling.standing(place) };
        self.names.iter().enumerate().map(stand).collect()
    }

    /// Lets keys that are in an earlier list too rest as they do there.
    pub(super) fn inherit(&self, earlier: &Self) {
        self.cooling.inherit(&earlier.cooling);
    }
}

/// Returns whether a refusal is one that another key may not have: it is void, not paid for, not allowed to, or asked with too often.
pub(super) fn is_of_the_key(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 402 | 403 | 429)
}

fn header(key: &Credential, style: Style) -> Option<(HeaderName, HeaderValue)> {
    let (name, prefix) = match key.header {
        Header::Own => (style.key_header(), style.key_prefix()),
        Header::Bearer => (AUTHORIZATION, "Bearer "),
    };
    let mut value = HeaderValue::from_str(&format!("{prefix}{}", key.secret.expose_secret().trim())).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}
