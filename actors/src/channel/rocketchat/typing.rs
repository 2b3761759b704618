//! That the account writes, shown in a room from the moment that a message has its row until it is answered.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::api::Me;

/// How often it is told again: the server's users forget it after some 15 seconds.
const AGAIN_AFTER: Duration = Duration::from_secs(8);
/// How long it is told without an answer: a turn that ends in silence is not seen here.
const SHOWN_MAX: Duration = Duration::from_secs(180);
/// In how many places at a time; in a further one it is not shown.
const PLACES_MAX: usize = 256;

/// A room and a thread in it.
pub(super) type Place = (String, Option<String>);

#[derive(Clone, Copy, Debug)]
struct Shown {
    since: Duration,
    told: Duration,
}

/// Where the account is shown to write.
#[derive(Debug, Default)]
pub(super) struct Typing(HashMap<Place, Shown>);

impl Typing {
    /// Begins to show it; returns the calls' parameters.
    pub(super) fn begin(&mut self, place: Place, me: &Me, now: Duration) -> Vec<Value> {
        if self.0.len() >= PLACES_MAX && !self.0.contains_key(&place) {
            return Vec::new();
        }
        let told = tell(&place, me, Activity::Typing);
        self.0.insert(place, Shown { since: now, told: now });
        told
    }

    /// Ends it; returns the calls' parameters, none where it was not shown.
    pub(super) fn end(&mut self, place: &Place, me: &Me) -> Vec<Value> {
        self.0.remove(place).map(|_| tell(place, me, Activity::None)).unwrap_or_default()
    }

    /// Tells it again where that is due, and ends it where it was told for too long.
    pub(super) fn tick(&mut self, me: &Me, now: Duration) -> Vec<Value> {
        let mut told = Vec::new();
        self.0.retain(|place, shown| {
            let over = now.saturating_sub(shown.since) >= SHOWN_MAX;
            if over {
                told.extend(tell(place, me, Activity::None));
            } else if now.saturating_sub(shown.told) >= AGAIN_AFTER {
                shown.told = now;
                told.extend(tell(place, me, Activity::Typing));
            }
            !over
        });
        told
    }

    /// Ends it everywhere.
    pub(super) fn end_all(&mut self, me: &Me) -> Vec<Value> {
        std::mem::take(&mut self.0).keys().flat_map(|place| tell(place, me, Activity::None)).collect()
    }
}

#[derive(Clone, Copy)]
enum Activity {
    Typing,
    None,
}

/// The server takes it from the user's name, or from the name for people where it is set to show those; it says nothing of a
/// mismatch, so it hears both.
fn tell((room, thread): &Place, me: &Me, activity: Activity) -> Vec<Value> {
    let activities: &[&str] = match activity {
        Activity::Typing => &["user-typing"],
        Activity::None => &[],
    };
    let extra = thread.as_ref().map_or_else(|| json!({}), |thread| json!({ "tmid": thread }));
    let other = me.name.as_deref().filter(|name| *name != me.username);
    let names = std::iter::once(me.username.as_str()).chain(other);
    let calls = names.map(|name| json!([format!("{room}/user-activity"), name, activities, extra]));
    // Servers of old know this one only; for the others it is nothing.
    let of_old = json!([format!("{room}/typing"), me.username, !activities.is_empty()]);
    calls.chain(std::iter::once(of_old)).collect()
}
