//! What was missed in a place.

use std::collections::HashSet;

use super::api::Api;
use super::config::PAGE_MAX;
use super::message::{Message, Unreadable};
use super::normalise::platform_id;
use super::place::Place;
use super::rest::RestError;

/// How much older than the newest one done with a message may be and still be new, milliseconds: those written at the same time
/// become visible in any order.
pub(super) const LATE_MS: i64 = 60_000;
/// How many messages that did not go by already are read of one place at a time; what is older is left out, and that is said.
pub(super) const MESSAGES_MAX: usize = 5000;
/// How many bytes of them.
const BYTES_MAX: usize = 32 * 1024 * 1024;
/// How many calls that takes at the most, where pages are smaller because messages are long, or hold what went by.
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
    /// Whether what is older than that is left out, rather than read before.
    pub(super) more: More,
    /// How many messages are read at the most that are not among those `known`.
    pub(super) messages_max: usize,
    /// What went by already, by the ids under which the inbox knows it: it is left out, before any bound counts.
    pub(super) known: HashSet<String>,
    /// What is known to be in the way: it is not asked for again.
    pub(super) wall: Option<Wall>,
}

/// What was missed.
#[derive(Clone, Debug, Default)]
pub(super) struct Missed {
    /// The messages in the order of writing.
    pub(super) messages: Vec<Message>,
    /// Others, which could not be read.
    pub(super) bad: Vec<Unreadable>,
    /// Whether there was more than is read.
    pub(super) more: More,
    /// When the oldest was written that was looked at, by the server's clock, milliseconds since 1970.
    pub(super) oldest_ms: Option<i64>,
    /// How many messages a call could read at the end.
    pub(super) limit: u32,
    /// What was in the way.
    pub(super) wall: Option<Wall>,
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
    let Reach { floor_ms, more, limit, messages_max, known, wall } = reach;
    let limit = limit.clamp(1, PAGE_MAX);
    let mut missed = Missed { limit, more, ..Missed::default() };
    let mut bytes: usize = 0;
    let mut before: Option<String> = None;
    let mut left = messages_max;
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
        let oldest_ms = page.messages.iter().filter_map(|message| message.at_ms).min();
        missed.oldest_ms = missed.oldest_ms.into_iter().chain(oldest_ms).min();
        let is_new = |message: &Message| {
            message.at_ms.is_none_or(|at_ms| at_ms >= floor_ms) && !known.contains(&platform_id(message, place))
        };
        let before_page = missed.messages.len();
        missed.messages.extend(page.messages.into_iter().filter(is_new));
        let new = missed.messages.iter().skip(before_page).map(Message::bytes);
        bytes = new.fold(bytes, usize::saturating_add);
        left = left.saturating_sub(missed.messages.len().saturating_sub(before_page).saturating_add(page.bad.len()));
        missed.bad.extend(page.bad);
        if !was_too_long {
            missed.limit = asked.saturating_mul(2).min(PAGE_MAX);
        }
        // A server that gives the same page again would never end.
        if reached || !full || page.before.is_none() || page.before == before {
            missed.messages.reverse();
            return Ok(missed);
        }
        before = page.before;
        if left == 0 || bytes >= BYTES_MAX {
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
