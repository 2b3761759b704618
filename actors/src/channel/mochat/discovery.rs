//! Which places there are to listen to, each with where reading it stopped.

use std::collections::HashSet;
use std::sync::Arc;

use super::api::{Api, Extent};
use super::config::{Rest, Wanted};
use super::marks::{Clerk, Mark};
use super::place::{Place, Sort};
use super::rest::RestError;
use crate::core::Clock;
use crate::ports::StoreError;

/// How many places one account listens to; those beyond are not heard, and that is said.
pub(super) const PLACES_MAX: usize = 2000;
/// How far back messages of a place count that is new to the account and was not made since the last listing, milliseconds: as long as
/// it may have taken to be noticed, and no long history.
const NOTICED_MS: i64 = 120_000;

/// Why the places are not known.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server.
    Rest(RestError),
    /// The store.
    Store(StoreError),
}

impl From<RestError> for Failure {
    fn from(error: RestError) -> Self {
        Self::Rest(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The places that were found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// All that are listened to and were not known, with where reading them stopped.
    pub(super) new: Vec<(Place, Mark)>,
    /// What is told of those that were known and are still there.
    pub(super) known: Vec<Place>,
    /// Whether sessions that are in neither are gone.
    pub(super) sessions: Extent,
    /// Who is in each session that the server told of, the account among them.
    pub(super) people: Vec<Vec<String>>,
}

/// Looks for places.
pub(super) struct Discovery {
    pub(super) api: Arc<Api>,
    pub(super) clerk: Clerk,
    pub(super) clock: Clock,
    pub(super) sessions: Wanted,
    pub(super) panels: Wanted,
}

impl Discovery {
    /// Asks the server for the places. Their marks, and then the moment of asking, are on the disk when this answers.
    ///
    /// # Errors
    /// The server does not say, or the store cannot be read or written.
    pub(super) async fn run(self, known: HashSet<String>) -> Result<Found, Failure> {
        let begun = self.clock.elapsed();
        let mut found = Found::default();
        let mut places = self.list_sessions(&mut found).await?;
        places.extend(self.list_panels().await?);
        let took_ms = self.clock.elapsed().saturating_sub(begun).as_millis() as i64;
        let at_ms = self.api.rest.server_ms().saturating_sub(took_ms);
        let before = self.clerk.listed().await?;
        if places.len() > PLACES_MAX {
            tracing::warn!(
                event = "mochat.places",
                count = places.len(),
                "too many sessions and panels: only {PLACES_MAX} are heard"
            );
        }
        // What is heard already stays so.
        places.sort_by_key(|place| !known.contains(&place.id));
        for place in places.into_iter().take(PLACES_MAX) {
            if known.contains(&place.id) {
                found.known.push(place);
                continue;
            }
            let first = Mark::first(first_ms(place.created_ms, before, at_ms));
            let mark = self.clerk.mark(&place, first, at_ms).await?;
            found.new.push((place, mark));
        }
        self.clerk.keep_listed(at_ms).await?;
        Ok(found)
    }

    async fn list_sessions(&self, found: &mut Found) -> Result<Vec<Place>, RestError> {
        if self.sessions.is_nothing() {
            return Ok(Vec::new());
        }
        let listed = self.api.sessions().await?;
        let mut places = Vec::new();
        found.sessions = listed.extent;
        for (place, people) in listed.list {
            found.people.push(people);
            places.push(place);
        }
        let unknown = |id: &str| Place {
            id: id.to_owned(),
            sort: Sort::Session { converse: None, people: 0 },
            name: None,
            created_ms: None,
        };
        Ok(chosen(places, &self.sessions, unknown))
    }

    async fn list_panels(&self) -> Result<Vec<Place>, RestError> {
        if self.panels.is_nothing() {
            return Ok(Vec::new());
        }
        let listed = self.api.group().await?.panels;
        let unknown = |id: &str| Place { id: id.to_owned(), sort: Sort::Panel { group: None }, name: None, created_ms: None };
        Ok(chosen(listed, &self.panels, unknown))
    }
}

/// Returns what is listened to: of what the server lists, what is wanted; and what is wanted by its id, listed or not.
fn chosen(listed: Vec<Place>, wanted: &Wanted, unknown: impl Fn(&str) -> Place) -> Vec<Place> {
    let there: HashSet<String> = listed.iter().map(|place| place.id.clone()).collect();
    let missing: Vec<Place> = wanted.ids.iter().filter(|id| !there.contains(*id)).map(|id| unknown(id)).collect();
    let mut seen = HashSet::new();
    let of_listed = listed.into_iter().filter(|place| wanted.rest == Rest::Discovered || wanted.ids.contains(&place.id));
    of_listed.chain(missing).filter(|place| seen.insert(place.id.clone())).collect()
}

/// Returns since when a place counts that is new: since the last listing where it was made after that, else not long before it was
/// noticed; at the very first listing since that moment.
pub(super) fn first_ms(created_ms: Option<i64>, listed_before_ms: Option<i64>, now_ms: i64) -> i64 {
    match (listed_before_ms, created_ms) {
        (None, _) => now_ms,
        (Some(before_ms), Some(created_ms)) if created_ms >= before_ms => before_ms,
        (Some(before_ms), _) => before_ms.max(now_ms.saturating_sub(NOTICED_MS)),
    }
}
