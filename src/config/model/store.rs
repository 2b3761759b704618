//! `store.*`, `deadletters.*` and `supervision.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bounds and ages of the durable rows.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Store {
    /// Open rows of the inbox; above, channels stop acknowledging.
    #[schemars(range(min = 100, max = 100_000_000))]
    pub inbox_rows_max: u64,
    /// Open rows of the outbox; above, turns and sends wait.
    #[schemars(range(min = 100, max = 100_000_000))]
    pub outbox_rows_max: u64,
    /// How long answered messages are kept so that a repeated one is known, in hours.
    #[schemars(range(min = 1, max = 87_600))]
    pub inbox_retention_hours: u32,
    /// How long confirmed payloads are kept, in hours.
    #[schemars(range(min = 1, max = 87_600))]
    pub outbox_retention_hours: u32,
    /// How long dead letters are kept, in hours.
    #[schemars(range(min = 1, max = 87_600))]
    pub deadletters_retention_hours: u32,
    /// How long transcripts are kept, in hours; 0 keeps them for ever.
    #[schemars(range(min = 0, max = 876_000))]
    pub transcript_retention_hours: u32,
    /// For how many days what turns used and cost is kept, today included.
    #[schemars(range(min = 1, max = 3650))]
    pub usage_retention_days: u32,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            inbox_rows_max: 1_000_000,
            outbox_rows_max: 1_000_000,
            inbox_retention_hours: 7 * 24,
            outbox_retention_hours: 24,
            deadletters_retention_hours: 30 * 24,
            transcript_retention_hours: 0,
            usage_retention_days: 400,
        }
    }
}

/// When a message is given up.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Deadletters {
    /// How many crashes a message in hand survives before it is kept out of the way.
    #[schemars(range(min = 1, max = 100))]
    pub crashes_max: u32,
    /// How often a payload is tried before it is given up.
    #[schemars(range(min = 1, max = 1000))]
    pub attempts_max: u32,
    /// How long a payload may wait for its link before it is given up, in hours; 0 is for ever.
    #[schemars(range(min = 0, max = 8760))]
    pub age_max_hours: u32,
}

impl Default for Deadletters {
    fn default() -> Self {
        Self { crashes_max: 3, attempts_max: 10, age_max_hours: 72 }
    }
}

/// When an actor counts as stuck, and when it is given up.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Supervision {
    /// How long an actor thread may be blocked before its actors are rebuilt elsewhere, in seconds.
    #[schemars(range(min = 1, max = 3600))]
    pub stuck_sec: u64,
    /// How many restarts an actor may have within the window before it is given up.
    #[schemars(range(min = 1, max = 1000))]
    pub restarts_max: u32,
    /// The window in which restarts are counted, in seconds.
    #[schemars(range(min = 1, max = 86_400))]
    pub restarts_window_sec: u64,
    /// The first wait before a restart, in milliseconds; it doubles from there.
    #[schemars(range(min = 1, max = 60_000))]
    pub backoff_base_ms: u64,
    /// The longest wait before a restart, in milliseconds.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub backoff_max_ms: u64,
    /// How long an actor has to run until its failures are forgotten, in seconds.
    #[schemars(range(min = 1, max = 86_400))]
    pub stable_sec: u64,
}

impl Default for Supervision {
    fn default() -> Self {
        Self {
            stuck_sec: 10,
            restarts_max: 10,
            restarts_window_sec: 60,
            backoff_base_ms: 100,
            backoff_max_ms: 30_000,
            stable_sec: 60,
        }
    }
}
