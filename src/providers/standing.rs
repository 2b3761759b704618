//! How backends stand: which of their keys and models rest after a failure.

use callboard_actors::message::Code;
use schemars::JsonSchema;
use serde::Serialize;
use utoipa::ToSchema;

/// A backend, or a provider of the gateway's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderStanding {
    /// Its name in the configuration.
    pub provider: String,
    /// Its keys, in the order in which they are configured; none for one that wants none.
    pub keys: Vec<KeyStanding>,
    /// Those of its models that stand in a choice with fallbacks: only they are left alone after a failure.
    pub models: Vec<ModelStanding>,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyStanding {
    /// What it is called: the name of its profile, or the setting that it stands in. Never the key.
    pub name: String,
    /// How it rests; nothing for one that may be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest: Option<Rest>,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelStanding {
    /// The model, as its backend knows it.
    pub model: String,
    /// How it rests; nothing for one that may be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest: Option<Rest>,
}

/// Why and for how long something is left alone. Where all rest, all are asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rest {
    /// How much longer, milliseconds.
    pub left_ms: u64,
    /// How often it has failed in a row.
    pub failures: u32,
    /// The code of the last failure.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub code: Code,
}

impl ProviderStanding {
    /// Returns how many of its keys rest.
    #[must_use]
    pub fn resting_keys(&self) -> usize {
        self.keys.iter().filter(|key| key.rest.is_some()).count()
    }

    /// Returns how a model of its rests: by itself, or because every key does.
    #[must_use]
    pub fn rest_of(&self, model: &str) -> Option<&Rest> {
        let own = self.models.iter().find(|known| known.model == model).and_then(|known| known.rest.as_ref());
        let every_key = || self.keys.iter().map(|key| key.rest.as_ref()).collect::<Option<Vec<_>>>();
        own.or_else(|| every_key()?.into_iter().min_by_key(|rest| rest.left_ms))
    }
}
