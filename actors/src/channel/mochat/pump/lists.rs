//! Which places there are: the lists, what is new in them, and what is gone from them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::Pump;
use super::jobs::Done;
use crate::channel::gap::Gap;
use crate::channel::mochat::api::Extent;
use crate::channel::mochat::discovery::{Discovery, Failure, Found};
use crate::channel::mochat::marks::Mark;
use crate::channel::mochat::places::{Phase, Told};
use crate::channel::mochat::socket;

/// How soon the places are listed again at the earliest where something of an unknown one came.
const LIST_PAUSE: Duration = Duration::from_secs(5);
/// A place that is missing in so many lists in a row is gone: a server that is starting may show a list without it.
const ABSENT_MAX: u32 = 2;

/// When the places are listed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    /// At a moment of the clock.
    At(Duration),
    /// They are being listed.
    Now,
}

impl Pump {
    /// Lists the places again soon, should they not be listed already; once in a while, however often that is wished.
    pub(super) fn list_soon(&mut self) {
        if let Listing::At(at) = self.listing {
            self.listing = Listing::At(at.min(self.listed_at + LIST_PAUSE));
        }
    }

    pub(super) fn list(&mut self) {
        self.listing = Listing::Now;
        let discovery = Discovery {
            api: Arc::clone(&self.api),
            clerk: self.marks.clerk(),
            clock: self.clock.clone(),
            sessions: self.bounds.sessions.clone(),
            panels: self.bounds.panels.clone(),
        };
        let known = self.places.all().map(|spot| spot.place.id.clone()).collect();
        self.job(async move { Done::Listed(discovery.run(known).await) });
    }

    pub(super) fn done_listing(&mut self, answer: Result<Found, Failure>) {
        self.listed_at = self.clock.elapsed();
        self.listing = Listing::At(self.listed_at + self.bounds.refresh);
        match answer {
            Ok(found) => {
                self.called();
                let gone = self.missing(&found);
                self.listed(found);
                self.forget(gone);
            }
            Err(Failure::Rest(error)) => self.failed(None, error),
            Err(Failure::Store(error)) => {
                tracing::warn!(event = "mochat.places", actor = %self.account, "the places are not read anew: {error}");
            }
        }
    }

    /// Takes in places.
    pub(super) fn listed(&mut self, found: Found) {
        for place in found.known {
            self.shared.learn(&place);
            self.places.update(place);
        }
        for (place, mark) in found.new {
            tracing::info!(event = "mochat.place", actor = %self.account, place = %place.id, "listened to");
            self.shared.learn(&place);
            self.places.add(place, mark, self.bounds.limit);
        }
    }

    /// Counts in how many lists in a row each place was missing; returns those that are gone.
    fn missing(&mut self, found: &Found) -> Vec<String> {
        let there: HashSet<&str> = found.known.iter().map(|place| place.id.as_str()).collect();
        let mut gone = Vec::new();
        for spot in self.places.all_mut() {
            let may_be_there = spot.place.is_session() && found.sessions == Extent::Part;
            spot.absent =
                if may_be_there || there.contains(spot.place.id.as_str()) { 0 } else { spot.absent.saturating_add(1) };
            if spot.absent >= ABSENT_MAX {
                gone.push(spot.place.id.clone());
            }
        }
        gone
    }

    /// Forgets places that are gone: nothing is asked for them or told of them any more. Where reading them stopped stays on the disk for
    /// a while, should they come back. What a call of theirs brings that is under way is nobody's.
    fn forget(&mut self, gone: Vec<String>) {
        let (mut sessions, mut panels) = (Vec::new(), Vec::new());
        for id in gone {
            // What came of it is held until its list is read, which never will be: it goes on, and the mark stays where it is.
            if let Some(spot) = self.places.get_mut(&id).filter(|spot| matches!(spot.phase, Phase::Behind { .. })) {
                spot.gap = Gap::Open;
            }
            self.go_on(&id);
            let Some(spot) = self.places.remove(&id) else { continue };
            tracing::info!(event = "mochat.place", actor = %self.account, place = %id, "gone from the lists: listened to no more");
            self.shared.forget(&id);
            self.marks.set(&spot.place, Mark { gone_ms: Some(self.api.rest.server_ms()), ..spot.mark });
            if spot.told == Told::Yes {
                let told = if spot.place.is_session() { &mut sessions } else { &mut panels };
                told.push(id);
            }
        }
        self.count_by_calls();
        self.count_gaps();
        if let Some(emitter) = self.line.emitter().filter(|_| !sessions.is_empty() || !panels.is_empty()) {
            let timeout = self.bounds.socket.timeout;
            self.job(async move {
                socket::leave(emitter, sessions, panels, timeout).await;
                Done::Left
            });
        }
    }
}
