//! What the configuration says of providers (`models.providers`).

use super::{OpenAiSettings, ScriptError};

/// One configured provider.
#[derive(Clone, Debug)]
pub enum ProviderSettings {
    /// Answers with the text that it was given.
    Echo {
        /// Its name, the first part of `provider/model`.
        id: String,
    },
    /// Plays a file.
    Script {
        /// Its name, the first part of `provider/model`.
        id: String,
        /// The file's path, for errors.
        path: String,
        /// What stands in it.
        contents: String,
    },
    /// Any endpoint that speaks `/chat/completions`.
    OpenAi(OpenAiSettings),
}

impl ProviderSettings {
    /// Returns the provider's name.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Echo { id } | Self::Script { id, .. } => id,
            Self::OpenAi(settings) => &settings.id,
        }
    }
}

/// Why the providers of a configuration cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// A name that `provider/model` cannot hold.
    #[error("models.providers has the name {0:?}; use letters, digits, - and _")]
    Name(String),
    /// Two providers of one name.
    #[error("models.providers.{0} is there twice; rename one")]
    Twice(String),
    /// An address that cannot be asked.
    #[error("models.providers.{id}.baseUrl {reason}; write something like https://api.example.com/v1")]
    BaseUrl {
        /// The provider.
        id: String,
        /// What is wrong with the address.
        reason: String,
    },
    /// A key that cannot be sent.
    #[error("models.providers.{0}.apiKey has characters that cannot be sent; copy it again")]
    ApiKey(String),
    /// A script that cannot be played.
    #[error("models.providers.{id}: {error}")]
    Script {
        /// The provider.
        id: String,
        /// What is wrong with the file.
        error: ScriptError,
    },
    /// A default that nothing answers to.
    #[error("agents.defaults.model.primary: {0}")]
    Default(String),
}
