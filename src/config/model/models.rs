//! `models.*`: LLM backends.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// LLM backends.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Models {
    /// The backends by name; without any, `echo` answers with the text it was given.
    pub providers: BTreeMap<String, Provider>,
}

/// One backend.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Provider {
    /// What it speaks.
    pub api: Api,
    /// Its address, up to and without `/chat/completions`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Its key; best as `${NAME}`.
    #[serde(skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub api_key: Option<SecretString>,
    /// Its models; the first is the one that answers when only the backend is named.
    #[schemars(length(max = 1000))]
    pub models: Vec<ModelEntry>,
    /// The file that `api: "script"` plays, relative to the config file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script_file: Option<String>,
    /// How long to wait for the connection, TLS included, in milliseconds.
    #[schemars(range(min = 1, max = 600_000))]
    pub connect_timeout_ms: u64,
    /// How long to wait for the first token, in milliseconds.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub first_token_timeout_ms: u64,
    /// How long to wait between tokens, in milliseconds.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub token_timeout_ms: u64,
}

impl Default for Provider {
    fn default() -> Self {
        Self {
            api: Api::default(),
            base_url: None,
            api_key: None,
            models: Vec::new(),
            script_file: None,
            connect_timeout_ms: 10_000,
            first_token_timeout_ms: 120_000,
            token_timeout_ms: 60_000,
        }
    }
}

/// What a backend speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    /// `POST …/chat/completions`.
    #[default]
    OpenaiCompletions,
    /// Answers with the text it was given.
    Echo,
    /// Plays a file, for tests and demonstrations.
    Script,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ModelEntry {
    /// By its id alone.
    Id(String),
    /// With more about it.
    About {
        /// The id as the backend knows it.
        id: String,
        /// Its name for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
}

impl ModelEntry {
    /// Returns the id as the backend knows it.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) | Self::About { id, .. } => id,
        }
    }
}
