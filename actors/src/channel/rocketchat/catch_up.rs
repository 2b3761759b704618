//! What was missed in a room: read from where reading stopped, bounded in age and number, tried until the server gives it.

use std::sync::Arc;
use std::time::Duration;

use super::api::{Api, ApiError, Found};
use super::room::RoomInfo;
use crate::core::{Backoff, Clock};

/// How much further back is read than reading went: two writers at once may be stored in either order, milliseconds.
const OVERLAP_MS: i64 = 10_000;
/// How waits grow between tries.
const AGAIN: Backoff = Backoff { base: Duration::from_secs(2), max: Duration::from_secs(60), jitter: 0.2 };

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
    /// The messages in the order of writing, those too many left out.
    pub(super) found: Found,
    /// How many were too many.
    pub(super) left_out: usize,
}

/// Reads what was missed in a room.
///
/// # Errors
/// The server refuses it for good.
pub(super) async fn read(
    api: Arc<Api>,
    clock: Clock,
    room: RoomInfo,
    done_ms: i64,
    bounds: Bounds,
) -> Result<Missed, ApiError> {
    let oldest_ms = clock.now_ms().saturating_sub(bounds.age_max_ms);
    let since_ms = done_ms.saturating_sub(OVERLAP_MS).max(oldest_ms);
    let mut tries = 0;
    loop {
        let error = match once(&api, &room, since_ms, bounds).await {
            Ok(found) => return Ok(bounded(found, bounds.messages_max)),
            Err(error) if !error.passes() => return Err(error),
            Err(error) => error,
        };
        tries += 1;
        tracing::warn!(event = "rocketchat.catch_up", room = %room.id, tries, "not yet: {error}");
        clock.sleep(AGAIN.wait(tries)).await;
    }
}

async fn once(api: &Api, room: &RoomInfo, since_ms: i64, bounds: Bounds) -> Result<Found, ApiError> {
    match api.changed_since(&room.id, since_ms).await? {
        Some(found) => Ok(found),
        // More than can be taken: the newest of it.
        None => api.history(room, since_ms, bounds.messages_max).await,
    }
}

/// Puts messages in the order of writing and keeps the newest. The server lists the newest first; its order decides between
/// messages of one millisecond.
pub(super) fn bounded(mut found: Found, messages_max: u32) -> Missed {
    if !found.messages.is_sorted_by_key(|message| message.at_ms) || is_one_moment(&found) {
        found.messages.reverse();
    }
    found.messages.sort_by_key(|message| message.at_ms);
    let max = usize::try_from(messages_max).unwrap_or(usize::MAX);
    let left_out = found.messages.len().saturating_sub(max);
    found.messages.drain(..left_out);
    Missed { found, left_out }
}

/// Returns whether the order of a list cannot be seen by its moments.
fn is_one_moment(found: &Found) -> bool {
    found.messages.first().map(|message| message.at_ms) == found.messages.last().map(|message| message.at_ms)
}
