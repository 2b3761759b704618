//! `tools.*` and `gateway.tools.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What agents and clients can have done; turns are offered no tools yet. Lists hold names, names with `*` for any part, and the
/// groups `group:messaging`, `group:sessions` and `group:web`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Tools {
    /// The only tools there are, for everybody; an empty list is all.
    #[schemars(length(max = 256))]
    pub allow: Vec<String>,
    /// Tools that there are not, for anybody; wins over every `allow`.
    #[schemars(length(max = 256))]
    pub deny: Vec<String>,
}

/// What clients over HTTP can have done by `POST /tools/invoke`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct HttpTools {
    /// Tools that clients may call though they are kept from HTTP by themselves: `exec`, `spawn`, `shell`, `fs_write`, `fs_delete`,
    /// `fs_move`, `apply_patch`, `sessions_spawn`, `sessions_send`, `cron`, `gateway`, `nodes`.
    #[schemars(length(max = 256))]
    pub allow: Vec<String>,
    /// Tools that clients may not call; wins over `allow`.
    #[schemars(length(max = 256))]
    pub deny: Vec<String>,
}
