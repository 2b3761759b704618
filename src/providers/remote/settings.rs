//! What the configuration says of a backend.

use std::time::Duration;

use callboard_actors::message::Usage;
use secrecy::SecretString;

use super::Style;

/// One configured backend (`models.providers.<id>`).
#[derive(Clone, Debug)]
pub struct RemoteSettings {
    /// Its name, the first part of `provider/model`.
    pub id: String,
    /// How it is spoken to (`api`).
    pub style: Style,
    /// Where it is, for example `https://api.openai.com/v1` (`baseUrl`).
    pub base_url: String,
    /// Its keys, none for backends that want none; the next one is taken when one is refused or limited.
    pub keys: Vec<Credential>,
    /// Headers of every request beside those of its style, which they replace (`headers`).
    pub headers: Vec<(String, SecretString)>,
    /// The models that may be asked for; empty is any (`models`).
    pub models: Vec<AboutModel>,
    /// How long it may take.
    pub limits: TimeLimits,
}

/// A key of a backend.
#[derive(Clone, Debug)]
pub struct Credential {
    /// What it is called, for people.
    pub name: String,
    /// The key.
    pub secret: SecretString,
    /// Where it stands in a request.
    pub header: Header,
}

/// Where a key stands in a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Header {
    /// Where the style has it.
    #[default]
    Own,
    /// In `Authorization`, behind `Bearer`.
    Bearer,
}

/// For tests, and wherever there is one key only.
impl From<&str> for Credential {
    fn from(secret: &str) -> Self {
        Self { name: "apiKey".to_owned(), secret: secret.into(), header: Header::Own }
    }
}

/// What is known of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AboutModel {
    /// Its id as the backend knows it.
    pub id: String,
    /// Whether it takes images.
    pub images: Ability,
    /// Whether it can be asked to think.
    pub thinking: Ability,
    /// The most tokens that it reads, where that is known.
    pub context_tokens: Option<u64>,
    /// The most tokens that it writes, where that is known.
    pub output_tokens_max: Option<u64>,
    /// What its tokens cost.
    pub price: Price,
}

/// Whether a model can do something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ability {
    /// It does, as far as is known.
    #[default]
    Can,
    /// The configuration says that it does not.
    Cannot,
}

impl AboutModel {
    /// Returns a model of which only the id is known.
    #[must_use]
    pub fn named(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            images: Ability::Can,
            thinking: Ability::Can,
            context_tokens: None,
            output_tokens_max: None,
            price: Price::default(),
        }
    }
}

/// What tokens cost, in trillionths of the currency for one: a millionth of what a million tokens cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// For a token read.
    pub input_picos: u64,
    /// For a token written.
    pub output_picos: u64,
    /// For a token read from the cache.
    pub cache_read_picos: u64,
    /// For a token put into the cache.
    pub cache_write_picos: u64,
}

impl Price {
    /// Returns the count with what it cost, rounded down.
    #[must_use]
    pub const fn charge(self, usage: Usage) -> Usage {
        let input = usage.input.saturating_mul(self.input_picos);
        let output = usage.output.saturating_mul(self.output_picos);
        let cache_read = usage.cache_read.saturating_mul(self.cache_read_picos);
        let cache_write = usage.cache_write.saturating_mul(self.cache_write_picos);
        let picos = input.saturating_add(output).saturating_add(cache_read).saturating_add(cache_write);
        Usage { cost_nanos: picos / 1_000, ..usage }
    }
}

/// How long a backend may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimits {
    /// To the connection, TLS included (`connectTimeoutMs`).
    pub connect: Duration,
    /// From the request to the first token (`firstTokenTimeoutMs`).
    pub first_token: Duration,
    /// From one token to the next (`tokenTimeoutMs`).
    pub between_tokens: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_token: Duration::from_secs(120),
            between_tokens: Duration::from_secs(60),
        }
    }
}
