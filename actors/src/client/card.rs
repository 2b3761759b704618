//! What a client says of itself.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a client says of itself at `connect`; shown, and never a reason to trust it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientCard {
    /// Its program: `cli`, `webchat`, any other.
    pub id: String,
    /// What it is used as: `cli`, `ui`, `webchat`, `backend`, `node`, `probe`, `test`, `operator`.
    pub mode: String,
    /// Its version.
    pub version: String,
    /// What it runs on.
    pub platform: String,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What sort of machine it runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_family: Option<String>,
    /// Which model of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_identifier: Option<String>,
    /// The same over its reconnects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
}

/// What a node says that it can do; empty for an operator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeFacts {
    /// What it can do.
    pub caps: Vec<String>,
    /// Which commands it says that it takes.
    pub commands: Vec<String>,
    /// What its owner allowed it.
    pub permissions: BTreeMap<String, bool>,
    /// Its search path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_env: Option<String>,
}
