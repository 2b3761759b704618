//! What the configuration says of the room.

use std::time::Duration;

use callboard_actors::ports::MEDIA_BYTES_DEFAULT;

/// The largest attachment of a control client where the configuration says nothing, bytes.
const ATTACHMENT_BYTES: u64 = 5_000_000;

/// The settings of the media room, read at each use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaSettings {
    /// How large a file of an agent may be, bytes (`agents.defaults.mediaMaxMb`).
    pub file_bytes_max: u64,
    /// How large an attachment of a control client may be, bytes (the same).
    pub attachment_bytes_max: u64,
    /// How long a file stays that no open row needs (`media.ttlHours`).
    pub retention: Duration,
    /// How much the room holds, bytes (`media.roomMaxMb`).
    pub room_bytes_max: u64,
}

impl Default for MediaSettings {
    fn default() -> Self {
        Self {
            file_bytes_max: MEDIA_BYTES_DEFAULT,
            attachment_bytes_max: ATTACHMENT_BYTES,
            retention: Duration::from_secs(7 * 24 * 3600),
            room_bytes_max: 2 << 30,
        }
    }
}

impl MediaSettings {
    /// Returns the same with `agents.defaults.mediaMaxMb`, where it is set.
    #[must_use]
    pub fn with_file_mb(self, media_max_mb: Option<u32>) -> Self {
        let Some(mb) = media_max_mb else { return self };
        let bytes = u64::from(mb) << 20;
        Self { file_bytes_max: bytes, attachment_bytes_max: bytes, ..self }
    }
}
