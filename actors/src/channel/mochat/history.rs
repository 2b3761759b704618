//! What was missed in a place.

use super::api::Api;
use super::message::{Message, Unreadable};
use super::place::Place;
use super::rest::RestError;

/// How much older than the newest one done with a message may be and still be new, milliseconds: those written at the same time
/// become visible in any order.
pub(super) const LATE_MS: i64 = 60_000;
/// How many pages are read of one place at a time; what is older is left out, and that is said.
const PAGES_MAX: usize = 50;

/// What was missed.
#[derive(Clone, Debug, Default)]
pub(super) struct Missed {
    /// The messages in the order of writing.
    pub(super) messages: Vec<Message>,
    /// Others, which could not be read.
    pub(super) bad: Vec<Unreadable>,
    /// Whether there was more than is read.
    pub(super) more: More,
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

/// Reads a place's messages back to a moment.
///
/// # Errors
/// The server does not answer, or not with a success; nothing counts as read then.
pub(super) async fn since(api: &Api, place: &Place, floor_ms: i64, limit: u32) -> Result<Missed, RestError> {
    let mut missed = Missed::default();
    let mut before: Option<String> = None;
    for page_number in 1..=PAGES_MAX {
        let page = api.messages(place, before.as_deref(), limit).await?;
        let reached = page.messages.iter().any(|message| message.at_ms.is_none_or(|at_ms| at_ms < floor_ms));
        let full = page.count >= limit as usize;
        missed.messages.extend(page.messages.into_iter().filter(|message| message.at_ms.is_none_or(|at_ms| at_ms >= floor_ms)));
        missed.bad.extend(page.bad);
        // A server that gives the same page again would never end.
        if reached || !full || page.before.is_none() || page.before == before {
            break;
        }
        before = page.before;
        if page_number == PAGES_MAX {
            missed.more = More::LeftOut;
        }
    }
    missed.messages.reverse();
    Ok(missed)
}
