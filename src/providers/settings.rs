//! What the configuration says of providers (`models.providers`).

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::{RemoteSettings, ScriptError, Stock};

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
    /// Is asked over HTTP.
    Remote(RemoteSettings),
}

impl ProviderSettings {
    /// Returns the provider's name.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Echo { id } | Self::Script { id, .. } => id,
            Self::Remote(settings) => &settings.id,
        }
    }

    /// Returns what makes it the same as another of its name: where it is, and the secrets that it is asked with.
    pub(super) fn ident(&self) -> (String, Vec<SecretString>) {
        match self {
            Self::Echo { .. } | Self::Script { .. } => Default::default(),
            Self::Remote(settings) => {
                let keys = settings.keys.iter().map(|key| key.secret.clone());
                (settings.base_url.clone(), keys.chain(settings.headers.iter().map(|(_, value)| value.clone())).collect())
            }
        }
    }

    /// Returns which models it has.
    #[must_use]
    pub fn stock(&self) -> Stock {
        match self {
            Self::Echo { .. } | Self::Script { .. } => Stock::Own,
            Self::Remote(settings) => Stock::listed(settings.models.iter().map(|about| about.id.clone())),
        }
    }
}

/// A model with those that step in for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// `provider/model`, a bare model or a provider's name; `None` the first provider's first model.
    pub primary: Option<String>,
    /// The same of those that step in, in order.
    pub fallbacks: Vec<String>,
}

/// Which models answer when nobody asks for another by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// For every agent without a choice of its own.
    pub default: Choice,
    /// Those of single agents, by id; without a primary the default one is theirs.
    pub agents: BTreeMap<String, Choice>,
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
    #[error("a key of models.providers.{id} has characters that cannot be sent: {key}; copy it again")]
    ApiKey {
        /// The provider.
        id: String,
        /// What the key is called.
        key: String,
    },
    /// A header that cannot be sent.
    #[error("models.providers.{id}.headers: {name:?} {reason}")]
    Header {
        /// The provider.
        id: String,
        /// The header.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A script that cannot be played.
    #[error("models.providers.{id}: {error}")]
    Script {
        /// The provider.
        id: String,
        /// What is wrong with the file.
        error: ScriptError,
    },
    /// A model of a choice that nothing answers to.
    #[error("{at}: {reason}")]
    Choice {
        /// Where the choice is made.
        at: String,
        /// Why it leads nowhere.
        reason: String,
    },
}
