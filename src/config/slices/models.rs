//! LLM backends, in neutral terms: what each speaks and where, without naming an implementation.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::FolderOf;
use super::model_keys::{self, Profiles, ProviderKey};
use crate::config::load::read_named;
use crate::config::model::{AboutModel, Api, Model, ModelEntry, ModelName, Provider};
use crate::config::{KeyPath, Problem};
use crate::providers::{ModelNames, Stock};

/// Where Ollama listens, and where Anthropic does.
const OLLAMA: (&str, &str) = ("ollama", "http://127.0.0.1:11434/v1");
const ANTHROPIC: &str = "https://api.anthropic.com";
/// How many headers a backend may be sent beside those of its protocol.
const HEADERS_MAX: usize = 32;
/// The silence that is waited out when no backend says otherwise.
const SILENCE: Duration = Duration::from_secs(120);

/// All backends, in the order of their names.
#[derive(Clone, Debug, Default)]
pub struct ModelsConfig {
    /// The backends; none means `echo`.
    pub providers: Vec<ProviderConfig>,
    /// Which model a name means, and which one answers when nobody names one.
    pub names: ModelNames,
    /// Models that step in for the default one, in order.
    pub fallbacks: Vec<String>,
    /// What of the keys leads nowhere.
    pub passed_over: Vec<Problem>,
}

/// One backend.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// Its name in the configuration.
    pub name: String,
    /// What it is.
    pub kind: ProviderKind,
    /// Its models; the first answers when only the backend is named.
    pub models: Vec<AboutModel>,
    /// How long to wait for the connection.
    pub connect: Duration,
    /// How long to wait for the first token.
    pub first_token: Duration,
    /// How long to wait between tokens.
    pub between_tokens: Duration,
}

impl ProviderConfig {
    fn stock(&self) -> Stock {
        match self.kind {
            ProviderKind::Echo | ProviderKind::Script { .. } => Stock::Own,
            ProviderKind::Remote { .. } => Stock::listed(self.model_ids().map(str::to_owned)),
        }
    }

    /// Returns the ids of its models.
    pub fn model_ids(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(|about| about.id.as_str())
    }
}

/// What a backend is.
#[derive(Clone, Debug)]
pub enum ProviderKind {
    /// Is asked over HTTP.
    Remote {
        /// How.
        style: RemoteStyle,
        /// Its address, without the style's own path and without a slash at the end.
        base_url: Url,
        /// Its keys; local ones need none.
        keys: Vec<ProviderKey>,
        /// Headers of every request beside those of its protocol.
        headers: Vec<(String, SecretString)>,
    },
    /// Answers with the text it was given.
    Echo,
    /// Plays a script.
    Script {
        /// The script file, for errors.
        file: PathBuf,
        /// Its text.
        script: String,
    },
}

/// How a backend is asked over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoteStyle {
    /// OpenAI's chat completions.
    OpenaiCompletions,
    /// OpenAI's responses.
    OpenaiResponses,
    /// Anthropic's messages.
    AnthropicMessages,
}

impl ModelsConfig {
    /// Returns how long the most patient backend may be silent.
    #[must_use]
    pub fn longest_silence(&self) -> Duration {
        let waits = self.providers.iter().map(|provider| provider.first_token.max(provider.between_tokens));
        waits.max().unwrap_or(SILENCE)
    }
}

pub(super) fn cut(model: &Model, folder: FolderOf<'_>, problems: &mut Vec<Problem>) -> ModelsConfig {
    let (models, chosen) = (&model.models, model.agents.defaults.model.as_ref());
    let mut passed_over = Vec::new();
    let profiles = model_keys::profiles(&model.auth, models, &mut passed_over);
    let at = KeyPath::default().key("models").key("providers");
    let mut providers = Vec::new();
    for (name, provider) in &models.providers {
        let at = at.key(name);
        let Some(kind) = kind(name, provider, (&at, &profiles), folder, problems) else { continue };
        providers.push(ProviderConfig {
            name: name.clone(),
            kind,
            models: provider.models.iter().map(ModelEntry::about).collect(),
            connect: Duration::from_millis(provider.connect_timeout_ms),
            first_token: Duration::from_millis(provider.first_token_timeout_ms),
            between_tokens: Duration::from_millis(provider.token_timeout_ms),
        });
    }
    let mut names = ModelNames::new(providers.iter().map(|provider| (provider.name.clone(), provider.stock())));
    // One that leads nowhere is told where it is named; one that is still to be named stops the gateway, not an edit of the file.
    let _ = names.set_default(chosen.and_then(ModelName::primary));
    let fallbacks = chosen.map(ModelName::fallbacks).unwrap_or_default().to_vec();
    ModelsConfig { providers, names, fallbacks, passed_over }
}

fn kind(
    name: &str,
    provider: &Provider,
    (at, profiles): (&KeyPath, &Profiles),
    folder: FolderOf<'_>,
    problems: &mut Vec<Problem>,
) -> Option<ProviderKind> {
    let remote = |style, own| {
        let base_url = base_url(provider.base_url.as_deref().or(own), at)?;
        if provider.headers.len() > HEADERS_MAX {
            return Err(Problem::new(at.key("headers"), format!("has more than {HEADERS_MAX} headers; leave some out")));
        }
        let headers = provider.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok(ProviderKind::Remote { style, base_url, keys: profiles.keys(name, provider), headers })
    };
    let made = match provider.api {
        Api::Echo => Ok(ProviderKind::Echo),
        Api::Script => script(provider, at, folder),
        Api::OpenaiCompletions => {
            let own = name.eq_ignore_ascii_case(OLLAMA.0).then_some(OLLAMA.1);
            remote(RemoteStyle::OpenaiCompletions, own)
        }
        Api::OpenaiResponses => remote(RemoteStyle::OpenaiResponses, None),
        Api::AnthropicMessages => remote(RemoteStyle::AnthropicMessages, Some(ANTHROPIC)),
    };
    made.map_err(|problem| problems.push(problem)).ok()
}

fn script(provider: &Provider, at: &KeyPath, folder: FolderOf<'_>) -> Result<ProviderKind, Problem> {
    let at = at.key("scriptFile");
    let name = provider.script_file.as_deref().ok_or_else(|| Problem::new(at.clone(), "is needed with `api: \"script\"`"))?;
    let file = folder(&at).join(name);
    let script = read_named(&file).map_err(|text| Problem::new(at, text))?;
    Ok(ProviderKind::Script { file, script })
}

fn base_url(text: Option<&str>, at: &KeyPath) -> Result<Url, Problem> {
    let wrong = || {
        let text = "has to be an http or https address without user and password, for example \"https://api.openai.com/v1\"";
        Problem::new(at.key("baseUrl"), text)
    };
    let text = text.ok_or_else(wrong)?;
    let url = Url::parse(text.trim().trim_end_matches('/')).map_err(|_| wrong())?;
    let plain =
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty() && url.password().is_none();
    if plain { Ok(url) } else { Err(wrong()) }
}
