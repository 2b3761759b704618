//! What was missed in a place.

use super::api::Api;
use super::message::{Message, Unreadable};
use super::place::Place;
use super::rest::RestError;

/// How much older than the newest one done with a message may be and still be new, milliseconds: those written at the same time
/// become visible in any order.
pub(super) const LATE_MS: i64 = 60_000;
/// How many pages are read of one place at a time; what is older is left out, and that is said.
pub(super) const PAGES_MAX: usize = 50;
/// How many calls that takes at the most, where pages are smaller because messages are long.
const CALLS_MAX: usize = 250;

/// Before which message nothing can be read, since the answer with that one alone is too long; without an id it is the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wall(pub(super) Option<String>);

/// How a place is read.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    /// From when on, by the server's clock, milliseconds since 1970.
    pub(super) floor_ms: i64,
    /// How many messages the first call reads.
    pub(super) limit: u32,
    /// How many a call reads at the most.
    pub(super) limit_max: u32,
    /// How many pages of so many are read at the most.
    pub(super) pages_max: usize,
    /// What is known to be in the way: it is not asked for again.
    pub(super) wall: Option<Wall>,
}

/// What was missed.
#[derive(Clone, Debug)]
pub(super) struct Missed {
    /// The messages in the order of writing.
    pub(super) messages: Vec<Message>,
    /// Others, which could not be read.
    pub(super) bad: Vec<Unreadable>,
    /// Whether there was more than is read.
    pub(super) more: More,
    /// How many messages a call could read at the end.
    pub(super) limit: u32,
    /// What was in the way.
    pub(super) wall: Option<Wall>,
}

impl Missed {
    /// Returns that nothing was.
    pub(super) const fn nothing(limit: u32) -> Self {
        Self { messages: Vec::new(), bad: Vec::new(), more: More::Nothing, limit, wall: None }
    }
}

/// Whether older messages were left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum More {
    /// None were.
    #[default]
    Nothing,
    /// Some were.
    LeftOut,
}

/// Reads a place's messages back to a moment. Where an answer is too long fewer are asked for, down to one at a time; behind one that is
/// too long by itself nothing can be reached.
///
/// # Errors
/// The server does not answer, or not with a success; nothing counts as read then.
pub(super) async fn since(api: &Api, place: &Place, reach: Reach) -> Result<Missed, RestError> {
    let Reach { floor_ms, limit, limit_max, pages_max, wall } = reach;
    let mut missed = Missed::nothing(limit.clamp(1, limit_max.max(1)));
    let mut before: Option<String> = None;
    let mut left = pages_max.saturating_mul(limit_max as usize);
    // Where one answer was too long the next may be as well.
    let mut was_too_long = false;
    for _ in 0..CALLS_MAX {
        let in_the_way = || Wall(before.clone());
        if before.is_some() && wall == Some(in_the_way()) {
            missed.wall = Some(in_the_way());
            break;
        }
        let asked = missed.limit;
        let page = match api.messages(place, before.as_deref(), asked).await {
            Err(RestError::TooLong { .. }) if asked > 1 => {
                missed.limit = asked / 2;
                was_too_long = true;
                continue;
            }
            Err(RestError::TooLong { .. }) => {
                missed.wall = Some(in_the_way());
                break;
            }
            page => page?,
        };
        let reached = page.messages.iter().any(|message| message.at_ms.is_none_or(|at_ms| at_ms < floor_ms));
        let full = page.count >= asked as usize;
        left = left.saturating_sub(page.count);
        missed.messages.extend(page.messages.into_iter().filter(|message| message.at_ms.is_none_or(|at_ms| at_ms >= floor_ms)));
        missed.bad.extend(page.bad);
        if !was_too_long {
            missed.limit = asked.saturating_mul(2).min(limit_max.max(1));
        }
        // A server that gives the same page again would never end.
        if reached || !full || page.before.is_none() || page.before == before {
            missed.messages.reverse();
            return Ok(missed);
        }
        before = page.before;
        if left == 0 {
            missed.more = More::LeftOut;
            break;
        }
    }
    if missed.wall.is_none() {
        missed.more = More::LeftOut;
    }
    missed.messages.reverse();
    Ok(missed)
}
