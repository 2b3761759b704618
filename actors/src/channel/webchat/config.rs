//! The settings of one account, as they stand under `channels.webchat`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// The settings of one account. Those at the top of `channels.webchat` are the account `default`, which is there without them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct AccountConfig {
    /// The account's name for people.
    pub(super) name: Option<String>,
    /// Whether the account runs. Without it control clients cannot write to the agent.
    pub(super) enabled: bool,
}

impl Default for AccountConfig {
    fn default() -> Self {
        Self { name: None, enabled: true }
    }
}

/// The way in for control clients. Its account `default` is there without any settings.
#[derive(JsonSchema)]
#[schemars(rename = "WebChat", rename_all = "camelCase")]
#[allow(dead_code, reason = "only its schema is used")]
struct Section {
    /// The account `default`.
    #[schemars(flatten)]
    top: AccountConfig,
    /// Further accounts, or more of `default`. They do not inherit from the top.
    #[schemars(default)]
    accounts: BTreeMap<String, AccountConfig>,
}

/// Returns the JSON Schema of `channels.webchat`.
pub(super) fn schema() -> serde_json::Value {
    schemars::schema_for!(Section).to_value()
}
