//! The settings of one account, as they stand under `channels.webchat`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::channel::section;

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

/// Returns the JSON Schema of `channels.webchat`.
pub(super) fn schema() -> serde_json::Value {
    let about = "The way in for control clients. Its account `default` is there without any settings.";
    section::schema::<AccountConfig>("WebChat", about, section::Heritage::None)
}
