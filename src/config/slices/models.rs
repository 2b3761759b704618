//! LLM backends, in neutral terms: what each speaks and where, without naming an implementation.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::FolderOf;
use crate::config::load::read_named;
use crate::config::model::{Api, Models, Provider};
use crate::config::{KeyPath, Problem};

/// The silence that is waited out when no backend says otherwise.
const SILENCE: Duration = Duration::from_secs(120);

/// All backends, in the order of their names.
#[derive(Clone, Debug, Default)]
pub struct ModelsConfig {
    /// The backends; none means `echo`.
    pub providers: Vec<ProviderConfig>,
    /// Which one answers when nothing names another: the only one there is, `None` for `echo` or when the model has to be named.
    pub default_provider: Option<String>,
}

/// One backend.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// Its name in the configuration.
    pub name: String,
    /// What it is.
    pub kind: ProviderKind,
    /// The ids of its models; the first answers when only the backend is named.
    pub models: Vec<String>,
    /// How long to wait for the connection.
    pub connect: Duration,
    /// How long to wait for the first token.
    pub first_token: Duration,
    /// How long to wait between tokens.
    pub between_tokens: Duration,
}

/// What a backend is.
#[derive(Clone, Debug)]
pub enum ProviderKind {
    /// An endpoint that speaks OpenAI's chat completions.
    OpenaiCompletions {
        /// Its address, without `/chat/completions` and without a slash at the end.
        base_url: Url,
        /// Its key; local ones need none.
        api_key: Option<SecretString>,
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

impl ModelsConfig {
    /// Returns how long the most patient backend may be silent.
    #[must_use]
    pub fn longest_silence(&self) -> Duration {
        let waits = self.providers.iter().map(|provider| provider.first_token.max(provider.between_tokens));
        waits.max().unwrap_or(SILENCE)
    }

    /// Returns why a model's name leads nowhere, `provider/model`, a backend's name or a bare model; `None` when it leads somewhere.
    #[must_use]
    pub fn problem_with(&self, model: &str) -> Option<String> {
        let name = model.split_once('/').map_or(model, |(provider, _)| provider);
        let listed = |provider: &ProviderConfig| provider.name == name || provider.models.iter().any(|id| id == model);
        if name == "echo" || self.providers.iter().any(listed) {
            return None;
        }
        let names = self.providers.iter().map(|provider| provider.name.as_str()).chain(["echo"]).collect::<Vec<_>>().join(", ");
        Some(format!("no provider has `{model}`: write provider/model with one of {names}, or add it under `models.providers`"))
    }
}

pub(super) fn cut(models: &Models, folder: FolderOf<'_>, problems: &mut Vec<Problem>) -> ModelsConfig {
    let at = KeyPath::default().key("models").key("providers");
    let mut providers = Vec::new();
    for (name, provider) in &models.providers {
        let at = at.key(name);
        let Some(kind) = kind(provider, &at, folder, problems) else { continue };
        providers.push(ProviderConfig {
            name: name.clone(),
            kind,
            models: provider.models.iter().map(|model| model.id().to_owned()).collect(),
            connect: Duration::from_millis(provider.connect_timeout_ms),
            first_token: Duration::from_millis(provider.first_token_timeout_ms),
            between_tokens: Duration::from_millis(provider.token_timeout_ms),
        });
    }
    let default_provider = match providers.as_slice() {
        [only] => Some(only.name.clone()),
        _ => None,
    };
    ModelsConfig { providers, default_provider }
}

fn kind(provider: &Provider, at: &KeyPath, folder: FolderOf<'_>, problems: &mut Vec<Problem>) -> Option<ProviderKind> {
    let made = match provider.api {
        Api::Echo => Ok(ProviderKind::Echo),
        Api::Script => script(provider, at, folder),
        Api::OpenaiCompletions => base_url(provider, at)
            .map(|base_url| ProviderKind::OpenaiCompletions { base_url, api_key: provider.api_key.clone() }),
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

fn base_url(provider: &Provider, at: &KeyPath) -> Result<Url, Problem> {
    let wrong = || {
        let text = "has to be an http or https address without user and password, for example \"https://api.openai.com/v1\"";
        Problem::new(at.key("baseUrl"), text)
    };
    let text = provider.base_url.as_deref().ok_or_else(wrong)?;
    let url = Url::parse(text.trim().trim_end_matches('/')).map_err(|_| wrong())?;
    let plain =
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty() && url.password().is_none();
    if plain { Ok(url) } else { Err(wrong()) }
}
