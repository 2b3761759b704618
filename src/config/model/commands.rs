//! `commands.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What may be ordered from outside the configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Commands {
    /// Whether SIGUSR1 restarts the gateway within its process; otherwise the signal is ignored.
    pub restart: bool,
}
