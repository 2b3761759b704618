//! `auth.*`: the keys of LLM backends, apart from the backends themselves.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Keys of LLM backends under names of their own.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ModelAuth {
    /// The keys by name, for example `anthropic:work`. They are taken before the backend's own `apiKey`.
    pub profiles: BTreeMap<String, AuthProfile>,
    /// Which keys of a backend are taken, in order; without it all of them, in the order of their names.
    pub order: BTreeMap<String, Vec<String>>,
}

/// One key.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct AuthProfile {
    /// The backend that it is for, by its name in `models.providers`.
    pub provider: String,
    /// How it is sent.
    pub mode: ProfileMode,
    /// The key of `api_key`; best as `${NAME}`. A profile without one is passed over with a warning.
    #[serde(skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub api_key: Option<SecretString>,
    /// The token of `token`; best as `${NAME}`.
    #[serde(skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub token: Option<SecretString>,
    /// Whose it is, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// How a key is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProfileMode {
    /// As the backend's protocol has it.
    #[default]
    ApiKey,
    /// As `Authorization: Bearer …`.
    Token,
    /// By a login that renews itself, which is not built: passed over with a warning.
    Oauth,
}
