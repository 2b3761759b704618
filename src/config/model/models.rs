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
    /// Its address, up to and without `/chat/completions`, `/responses` or `/v1/messages`. Not needed for a backend that is called
    /// `ollama` (`http://127.0.0.1:11434/v1`), nor with `anthropic-messages` (`https://api.anthropic.com`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Its key; best as `${NAME}`.
    #[serde(skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub api_key: Option<SecretString>,
    /// Further keys; the next one is taken when one is refused or asked with too often, and that one rests for a while.
    #[serde(skip_serializing)]
    #[schemars(with = "Vec<String>", length(max = 32))]
    pub api_keys: Vec<SecretString>,
    /// Headers of every request beside those of its protocol; one that the protocol has too takes its place. At most 32; values best as `${NAME}`.
    #[serde(skip_serializing)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub headers: BTreeMap<String, SecretString>,
    /// Whether keys go as `Authorization: Bearer …` also where its protocol has another header, as many proxies want it.
    pub auth_header: bool,
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
            api_keys: Vec::new(),
            headers: BTreeMap::new(),
            auth_header: false,
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
    /// `POST …/responses`.
    OpenaiResponses,
    /// `POST …/v1/messages`.
    AnthropicMessages,
    /// Answers with the text it was given.
    Echo,
    /// Plays a file, for tests and demonstrations.
    Script,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ModelEntry {
    /// By its id alone.
    Id(String),
    /// With more about it.
    About(AboutModel),
}

/// What is known of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AboutModel {
    /// The id as the backend knows it.
    pub id: String,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it can think first; without it, it is asked to when a session says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<bool>,
    /// What it takes; images are only named in the text where they are not listed. Without it, images are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    pub input: Option<Vec<ModelInput>>,
    /// How many tokens it reads at the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// How many tokens it writes at the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// What its tokens cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<ModelCost>,
}

/// What a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ModelInput {
    /// Words.
    Text,
    /// Images.
    Image,
}

/// What tokens cost, for a million of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelCost {
    /// Read.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub input: f64,
    /// Written.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub output: f64,
    /// Read from the backend's cache.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub cache_read: f64,
    /// Put into the backend's cache.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub cache_write: f64,
}

impl ModelEntry {
    /// Returns what is known of it.
    #[must_use]
    pub fn about(&self) -> AboutModel {
        match self {
            Self::Id(id) => AboutModel { id: id.clone(), ..AboutModel::default() },
            Self::About(about) => about.clone(),
        }
    }
}
