//! What was missed in a room: read from where reading stopped, bounded in age and number.

use std::time::Duration;

use super::api::{Api, ApiError, Found};
use super::rest::RestError;
use super::room::RoomInfo;
use crate::channel::seen::Seen;
use crate::core::Backoff;

/// How much further back is read than reading went: two writers at once may be stored in either order, milliseconds.
const OVERLAP_MS: i64 = 10_000;
/// How waits grow between tries of one room.
pub(super) const AGAIN: Backoff = Backoff { base: Duration::from_secs(2), max: Duration::from_secs(60), jitter: 0.2 };
/// How often a room that cannot be read for now is tried before it goes on without what was missed: some two minutes. An outage of
/// the whole server counts for nothing.
pub(super) const FAILURES_MAX: u32 = 6;
/// How waits grow between tries of a room that goes on without.
pub(super) const AGAIN_LASTING: Backoff =
    Backoff { base: Duration::from_secs(300), max: Duration::from_secs(3600), jitter: 0.2 };

/// What bounds a catching up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How old a message may be, milliseconds.
    pub(super) age_max_ms: i64,
    /// How many are taken of one room.
    pub(super) messages_max: u32,
}

/// What was missed.
#[derive(Clone, Debug, Default)]
pub(super) struct Missed {
    /// The messages.
    pub(super) found: Found,
    /// How many were too many; at the least, where the server's answer was too long to be read whole.
    pub(super) left_out: u64,
}

impl Missed {
    /// Returns the same in the order of writing, without what went by already, which takes no place of what did not, and without those
    /// that are too many.
    pub(super) fn unseen(mut self, seen: &Seen, messages_max: u32) -> Self {
        self.found.messages.retain(|message| !seen.knows(&message.id));
        let Self { found, left_out } = bounded(self.found, messages_max);
        Self { found, left_out: left_out.max(self.left_out) }
    }
}

/// Reads what was missed in a room, once.
///
/// # Errors
/// The server does not give it.
pub(super) async fn read(api: &Api, now_ms: i64, room: &RoomInfo, done_ms: i64, bounds: Bounds) -> Result<Missed, ApiError> {
    let oldest_ms = now_ms.saturating_sub(bounds.age_max_ms);
    let since_ms = done_ms.saturating_sub(OVERLAP_MS).max(oldest_ms);
    match api.changed_since(&room.id, since_ms).await? {
        Some(found) => Ok(Missed { found, left_out: 0 }),
        None => newest(api, room, since_ms, bounds.messages_max).await,
    }
}

/// Reads the newest of more than can be taken at once: by half fewer until it can.
async fn newest(api: &Api, room: &RoomInfo, since_ms: i64, messages_max: u32) -> Result<Missed, ApiError> {
    let mut count = messages_max.max(1);
    loop {
        match api.history(room, since_ms, count).await {
            Err(ApiError::Rest(RestError::TooLong { .. })) if count > 1 => count /= 2,
            Err(error) => return Err(error),
            Ok(found) => {
                let full = found.messages.len() >= usize::try_from(count).unwrap_or(usize::MAX);
                return Ok(Missed { found, left_out: u64::from(full) });
            }
        }
    }
}

/// Puts messages in the order of writing and keeps the newest. The server lists the newest first; its order decides between
/// messages of one millisecond.
fn bounded(mut found: Found, messages_max: u32) -> Missed {
    if !found.messages.is_sorted_by_key(|message| message.at_ms) || is_one_moment(&found) {
        found.messages.reverse();
    }
    found.messages.sort_by_key(|message| message.at_ms);
    let max = usize::try_from(messages_max).unwrap_or(usize::MAX);
    let left_out = found.messages.len().saturating_sub(max);
    found.messages.drain(..left_out);
    Missed { found, left_out: u64::try_from(left_out).unwrap_or(u64::MAX) }
}

/// Returns whether the order of a list cannot be seen by its moments.
fn is_one_moment(found: &Found) -> bool {
    found.messages.first().map(|message| message.at_ms) == found.messages.last().map(|message| message.at_ms)
}
