//! How slowly bytes may come: whoever lets them trickle holds a place that others wait for.

use std::time::Duration;

use bytes::Bytes;
use callboard_actors::core::Clock;
use callboard_actors::ports::{MediaFault, MediaStream};
use futures_util::stream::StreamExt as _;

/// The least that has to come, bytes a second over each window.
pub(super) const BYTES_PER_SEC_MIN: u64 = 1_024;
/// The window.
pub(super) const WINDOW: Duration = Duration::from_secs(10);
/// How long a file may take in all, from its place to its last byte.
pub(super) const TAKE_TIME_MAX: Duration = Duration::from_secs(300);

/// Bytes on their way, and how fast they came.
pub(super) struct Paced {
    bytes: MediaStream,
    clock: Clock,
    began: Duration,
    window_began: Duration,
    in_window: u64,
}

impl Paced {
    pub(super) fn new(bytes: MediaStream, clock: &Clock) -> Self {
        let now = clock.elapsed();
        Self { bytes, clock: clock.clone(), began: now, window_began: now, in_window: 0 }
    }

    /// Returns the next bytes; `None` behind the last.
    ///
    /// # Errors
    /// The stream's own, or they come too slowly.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, MediaFault> {
        loop {
            let now = self.clock.elapsed();
            if now.saturating_sub(self.began) >= TAKE_TIME_MAX {
                return Err(MediaFault::Timeout { seconds: TAKE_TIME_MAX.as_secs() });
            }
            let left = WINDOW.saturating_sub(now.saturating_sub(self.window_began));
            match self.clock.within(left, self.bytes.next()).await {
                Some(part) => {
                    let part = part.transpose()?;
                    let size = part.as_ref().map_or(0, Bytes::len);
                    self.in_window = self.in_window.saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
                    if part.is_none() || self.clock.elapsed().saturating_sub(self.window_began) < WINDOW {
                        return Ok(part);
                    }
                    self.next_window()?;
                    return Ok(part);
                }
                None => self.next_window()?,
            }
        }
    }

    /// Closes a window: what came in it has to have been enough.
    fn next_window(&mut self) -> Result<(), MediaFault> {
        if self.in_window < BYTES_PER_SEC_MIN.saturating_mul(WINDOW.as_secs()) {
            return Err(MediaFault::TooSlow { bytes_per_sec: BYTES_PER_SEC_MIN });
        }
        self.in_window = 0;
        self.window_began = self.clock.elapsed();
        Ok(())
    }
}
