//! What the settings of an integration say of its groups, in the names of the public configuration.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// The groups of `groupPolicy: "allowlist"`: a list of ids or `*`, or an object of groups by their id with more about each.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Groups {
    /// Ids or `*`.
    Ids(Vec<String>),
    /// By id or `*`.
    Entries(BTreeMap<String, GroupEntry>),
}

impl Default for Groups {
    fn default() -> Self {
        Self::Ids(Vec::new())
    }
}

impl Groups {
    /// Returns the ids.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        match self {
            Self::Ids(ids) => ids.clone(),
            Self::Entries(entries) => entries.keys().cloned().collect(),
        }
    }
}

/// What is said of one group.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct GroupEntry {
    /// Which tools turns in the group have; a group without has those of the group `*`.
    pub tools: Option<GroupRules>,
    /// Which tools turns for a writer have, instead, by the platform's own id or `*`.
    pub tools_by_sender: BTreeMap<String, GroupRules>,
}

/// Which tools there are: names, names with `*` for any part, and groups such as `group:fs`. What is allowed nowhere else is not
/// allowed by this.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct GroupRules {
    /// The only ones; an empty list is all.
    #[schemars(length(max = 256))]
    pub allow: Vec<String>,
    /// Tools beside those of `allow`.
    #[schemars(length(max = 256))]
    pub also_allow: Vec<String>,
    /// Tools that there are not.
    #[schemars(length(max = 256))]
    pub deny: Vec<String>,
}
