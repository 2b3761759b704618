//! `media.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The media room: pictures and files beside the store.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Media {
    /// How long a file is kept that no open row needs, in hours.
    #[schemars(range(min = 1, max = 8_760))]
    pub ttl_hours: u32,
    /// How much the room holds, in MiB. When it is full, files that no row needs go sooner; what finds no place is not taken, and its
    /// message says so.
    #[schemars(range(min = 64, max = 1_048_576))]
    pub room_max_mb: u32,
}

impl Default for Media {
    fn default() -> Self {
        Self { ttl_hours: 168, room_max_mb: 2048 }
    }
}
