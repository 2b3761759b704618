//! `commands.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What may be ordered from outside the configuration.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Commands {
    /// Whether messages that begin with `/` and a command's name are carried out instead of answered. A stop always is.
    pub text: bool,
    /// Whether `/config` and `/allowlist` may be used, by those whom `allowFrom` names by their id.
    pub config: bool,
    /// Whether `/debug` may be used, by those whom `allowFrom` names by their id.
    pub debug: bool,
    /// Whether SIGUSR1 restarts the gateway within its process, otherwise the signal is ignored; and whether `/restart` may be used.
    pub restart: bool,
    /// Whether the access lists of an account decide whose commands are carried out: in a direct chat those who are listed or were
    /// approved, in a group those whom `allowFrom` or `groupAllowFrom` names. Without, everybody who may talk may order what
    /// concerns the session.
    pub use_access_groups: bool,
}

impl Default for Commands {
    fn default() -> Self {
        Self { text: true, config: false, debug: false, restart: false, use_access_groups: true }
    }
}
