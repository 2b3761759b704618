//! `cron.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Turns that the clock begins.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Cron {
    /// How many of them run at a time; more wait in order.
    #[schemars(range(min = 1, max = 1_000))]
    pub max_concurrent_runs: usize,
}

impl Default for Cron {
    fn default() -> Self {
        Self { max_concurrent_runs: 1 }
    }
}
