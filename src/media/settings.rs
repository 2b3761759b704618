//! What the configuration says of the room.

use std::time::Duration;

use callboard_actors::ports::MediaBounds;

/// The settings of the media room, read at each use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaSettings {
    /// How large files may be where no account says it (`agents.defaults.mediaMaxMb`).
    pub bounds: MediaBounds,
    /// How long a file stays that no open row needs (`media.ttlHours`).
    pub retention: Duration,
    /// How much the room holds, bytes (`media.roomMaxMb`).
    pub room_bytes_max: u64,
}

impl Default for MediaSettings {
    fn default() -> Self {
        Self { bounds: MediaBounds::default(), retention: Duration::from_secs(7 * 24 * 3600), room_bytes_max: 2 << 30 }
    }
}

impl MediaSettings {
    /// Returns the same with `agents.defaults.mediaMaxMb`, where it is set.
    #[must_use]
    pub fn with_file_mb(self, media_max_mb: Option<u32>) -> Self {
        let Some(mb) = media_max_mb else { return self };
        let bytes = u64::from(mb) << 20;
        Self { bounds: MediaBounds { file_bytes_max: bytes, sent_bytes_max: bytes, attachment_bytes_max: bytes }, ..self }
    }
}
